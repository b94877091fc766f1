"""Pages of what is in a registry: drawn from what is known, filled in by what is asked."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, User
from hosts_app.models import Host
from jobs_app.models import Job
from registries_app.models import Manifest, Registry, Repository, Tag
from tests import make
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.lab.pushing import Made, Pusher
from tests.lab.registry import Registry as LabRegistry

NOBODY = "http://127.0.0.1:9"


def record(url: str, slug: str = "lab", **said: object) -> Registry:
    domain = url.partition("://")[2]
    return Registry.objects.create(slug=slug, name=slug, url=url, domain=domain, **said)


@pytest.fixture
def client(admin: User) -> Client:
    return make.session(Client(), admin)


@pytest.fixture
def looker(viewer: User) -> Client:
    return make.session(Client(), viewer)


def text_of(answer: object) -> str:
    """What a reader reads."""
    html = answer.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def shop(lab_registry: LabRegistry, db: None) -> Iterator[dict[str, Made]]:
    record(f"http://{lab_registry.address}")
    with Pusher(lab_registry.port) as push:
        layers = [b"base" * 100, b"amd"]
        amd = push.image("pages/shop", [], layers=layers, Env=["TOKEN=canary"], Cmd=["serve"])
        arm = push.image("pages/shop", [], platform="linux/arm64", layers=[b"base" * 100, b"a"])
        many = push.index("pages/shop", ["2.0", "2"], ("linux/amd64", amd), ("linux/arm64", arm))
        old = push.image("pages/shop", ["1.0"], layers=[b"old"], Env=["TOKEN=was"], Cmd=["go"])
        yield {"amd": amd, "many": many, "old": old}


def test_a_page_is_drawn_without_asking_the_registry_and_then_filled(
    client: Client, shop: dict[str, Made]
) -> None:
    first = client.get("/registries/lab/pages/shop/")
    assert first.status_code == 200
    assert first.content.count(b"<h1") == 1
    assert "is being asked" in text_of(first)
    assert not Tag.objects.exists()
    part = client.get("/registries/lab/pages/shop/?part=images&fresh=1")
    text = text_of(part)
    for said in ("2.0", "1.0", "amd64", "arm64", "provenance", shop["many"].digest[:19], "3 tags"):
        assert said in text
    again = client.get("/registries/lab/pages/shop/")
    assert shop["many"].digest[:19] in text_of(again)
    narrowed = text_of(client.get("/registries/lab/pages/shop/?part=images&q=1.0"))
    assert shop["old"].digest[:19] in narrowed
    assert shop["many"].digest[:19] not in narrowed
    nothing = text_of(client.get("/registries/lab/pages/shop/?part=images&q=zzz"))
    assert "No image matches" in nothing


def test_the_repositories_are_a_tree_with_counts_and_empty_ones_can_be_hidden(
    client: Client,
) -> None:
    registry = record(NOBODY)
    for name, count in (("a/b/one", 3), ("a/b/two", 0), ("plain", None), ("c/three", 1)):
        Repository.objects.create(registry=registry, name=name, listed=True, tag_count=count)
    text = text_of(client.get("/registries/lab/"))
    for said in ("a/b/", "one", "two", "plain", "not counted yet"):
        assert said in text
    hidden = text_of(client.get("/registries/lab/?part=repositories&hide=1"))
    assert "two" not in hidden
    assert "plain" in hidden
    found = text_of(client.get("/registries/lab/?part=repositories&find=thr"))
    assert "three" in found
    assert "plain" not in found


def test_a_refusal_is_explained_and_what_was_known_stays(client: Client) -> None:
    registry = record(NOBODY)
    Repository.objects.create(registry=registry, name="kept", listed=True, tag_count=1)
    text = text_of(client.get("/registries/lab/?part=repositories&fresh=names"))
    assert "cannot be reached" in text
    assert "kept" in text
    rows = text_of(client.get("/registries/lab/kept/?part=images&fresh=1"))
    assert "cannot be reached" in rows
    with hostile(lambda _asked, _fake: Reply(404)) as fake:
        record(fake.url, "quiet")
        refused = text_of(client.get("/registries/quiet/?part=repositories&fresh=names"))
        assert "does not list its repositories" in refused
        assert "Name a repository" in refused
        missing = text_of(client.get("/registries/quiet/a/-/1/?part=body"))
        assert "has no" in missing
    opened = client.get("/registries/quiet/?open=team/app")
    assert (opened.status_code, opened.headers["Location"]) == (302, "/registries/quiet/team/app/")
    assert "no name of a repository" in text_of(client.get("/registries/quiet/?open=Team"))
    assert client.get("/registries/quiet/Team/").status_code == 404


def test_an_image_shows_layers_history_and_configuration_without_secrets(
    client: Client, shop: dict[str, Made]
) -> None:
    waiting = client.get("/registries/lab/pages/shop/-/2.0/")
    assert "is being asked" in text_of(waiting)
    body = client.get("/registries/lab/pages/shop/-/2.0/?part=body")
    text = text_of(body)
    for said in (
        "linux/amd64",
        "linux/arm64",
        "ADD",
        "file:0 in /",
        "serve",
        "TOKEN",
        "provenance",
    ):
        assert said in text
    assert b"canary" not in body.content
    whole = client.get(f"/registries/lab/pages/shop/-/{shop['many'].digest}/")
    assert whole.content.count(b"<h1") == 1
    assert "manifests" in text_of(whole)  # the raw manifest
    other = Manifest.objects.get(digest=shop["many"].digest).platforms[1]["digest"]
    path = f"/registries/lab/pages/shop/-/{shop['many'].digest}/?platform={other}"
    assert other[:19] in text_of(client.get(path))
    hanging = text_of(
        client.get(f"/registries/lab/pages/shop/-/{shop['amd'].digest}/?part=referrers")
    )
    assert "keeps no list of referrers" in hanging  # distribution 2.8 has none


def test_two_images_are_compared_with_the_bytes_that_an_update_pulls(
    client: Client, shop: dict[str, Made]
) -> None:
    path = "/registries/lab/pages/shop/-/compare/"
    assert "Name two tags" in text_of(client.get(path))
    frame = client.get(path, {"digest": [shop["many"].digest, shop["old"].digest]})
    assert frame.content.count(b"<h1") == 1
    answer = client.get(path, {"part": "body", "old": "1.0", "new": "2.0"})
    text = text_of(answer)
    assert "403 bytes" in text.replace("\xa0", " ")
    assert "Variable TOKEN" in text
    assert "serve" in text
    assert b"canary" not in answer.content
    same = text_of(client.get(path, {"part": "body", "old": "2", "new": "2.0"}))
    assert "the same image" in same


def test_an_update_pulls_only_the_layers_that_are_new(
    client: Client, lab_registry: LabRegistry
) -> None:
    record(f"http://{lab_registry.address}")
    with Pusher(lab_registry.port) as push:
        push.image("pages/update", ["1"], layers=[b"base" * 100, b"old"])
        push.image("pages/update", ["2"], layers=[b"base" * 100, b"newer!"])
    answer = client.get(
        "/registries/lab/pages/update/-/compare/", {"part": "body", "old": "1", "new": "2"}
    )
    text = text_of(answer).replace("\xa0", " ")
    assert "An update pulls 6 bytes" in text
    assert "1 layer stays (400 bytes)" in text
    assert "3 bytes" in text  # of the layer that is no longer in it
    assert "How it runs did not change" in text


def test_referrers_are_told_by_the_list_and_by_tags(client: Client) -> None:
    subject = f"sha256:{'a' * 64}"
    entry = b'{"digest": "sha256:%s", "size": 7, "artifactType": "application/spdx+json"}' % (
        b"b" * 64
    )

    def reply(asked: Asked, _fake: Fake) -> Reply:
        if "/referrers/" in asked.path:
            kind = "application/vnd.oci.image.index.v1+json"
            return Reply(body=b'{"manifests": [%s]}' % entry, headers={"Content-Type": kind})
        return Reply(404)

    with hostile(reply) as fake:
        registry = record(fake.url)
        repository = Repository.objects.create(registry=registry, name="a")
        Manifest.objects.create(digest=subject, kind="image", raw=b"{}")
        Tag.objects.create(
            repository=repository, name=f"sha256-{'a' * 64}.sig", kind=Tag.Kind.SIGNATURE
        )
        text = text_of(client.get(f"/registries/lab/a/-/{subject}/?part=referrers"))
    assert "SBOM" in text
    assert "signature" in text
    assert "keeps no list" not in text


def test_who_uses_the_images_is_told_to_those_who_see_the_hosts(
    client: Client, looker: Client, host: Host
) -> None:
    registry = record(NOBODY)
    repository = Repository.objects.create(registry=registry, name="a", tag_count=1)
    new, old = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
    Tag.objects.create(repository=repository, name="1", digest=new)
    Manifest.objects.create(digest=new, kind="image", raw=b"{}")
    named = f"{registry.domain}/a"
    for place, name, digest in ((host, "near", new), (make.host("attic"), "far", old)):
        image = make.image(place, digests=[f"{named}@{digest}"])
        make.container(place, name, image_row=image, image_ref=f"{named}:1")
    text = text_of(client.get("/registries/lab/a/"))
    assert "in use by 2 containers · 2 hosts" in text
    assert "1 running is behind" in text
    used = text_of(client.get("/registries/lab/a/?tab=uses"))
    assert "near" in used
    assert "far" in used
    less = text_of(looker.get("/registries/lab/a/?tab=uses"))
    assert "near" in less
    assert "far" not in less


def test_pins_and_reading_everything_are_for_operators_of_all_hosts(
    client: Client, looker: Client
) -> None:
    registry = record(NOBODY)
    assert (
        looker.post("/registries/lab/-/pin/", {"repository": "a", "pinned": "1"}).status_code
        == 403
    )
    assert looker.post("/registries/lab/-/index/").status_code == 403
    answer = client.post("/registries/lab/-/pin/", {"repository": "a", "pinned": "1"})
    assert answer.headers["Location"] == "/registries/lab/a/"
    assert Repository.objects.get().pinned
    assert AuditEntry.objects.filter(action="registry.pin").count() == 1
    assert "Pinned" in text_of(client.get("/registries/lab/"))
    client.post("/registries/lab/-/pin/", {"repository": "a", "pinned": "0"})
    assert not Repository.objects.get().pinned
    asked = client.post("/registries/lab/-/index/")
    assert asked.headers["Location"] == f"/jobs/{Job.objects.get(target=registry.slug).pk}/"


def test_a_page_of_ten_thousand_tags_takes_no_more_questions_than_one_of_ten(
    client: Client, django_assert_max_num_queries: object
) -> None:
    registry = record(NOBODY)
    small = Repository.objects.create(registry=registry, name="small", tag_count=10)
    large = Repository.objects.create(registry=registry, name="large", tag_count=10_000)
    for repository, many in ((small, 10), (large, 10_000)):
        Tag.objects.bulk_create(
            [
                Tag(repository=repository, name=f"1.{n}", digest=f"sha256:{n:064x}")
                for n in range(many)
            ]
        )
    Manifest.objects.bulk_create(
        [Manifest(digest=f"sha256:{n:064x}", kind="image", raw=b"{}") for n in range(10)]
    )
    for name in ("small", "large"):
        with django_assert_max_num_queries(16):  # type: ignore[operator]
            text = text_of(client.get(f"/registries/lab/{name}/?part=images"))
    assert "1.9999" in text
    assert "1–50 of 10000" in text
    last = text_of(client.get("/registries/lab/large/?part=images&page=200"))
    assert "1.0 " in last
    Repository.objects.filter(name="large").update(complete=False)
    assert "the first 10,000" in text_of(client.get("/registries/lab/large/"))


def test_the_budget_of_a_registry_is_on_the_pages_of_its_repositories(client: Client) -> None:
    said = {"limit": 100, "remaining": 20, "window_s": 21600, "at": now().isoformat()}
    registry = record(NOBODY, budget=said)
    Repository.objects.create(registry=registry, name="team/app", listed=True)
    page = client.get("/registries/lab/team/app/").content.decode()
    assert '<progress class="warn" max="100" value="20"' in page
    Registry.objects.update(budget=None)
    assert "<progress" not in client.get("/registries/lab/team/app/").content.decode()


def test_rows_that_come_anew_bring_the_counts_over_them_along(client: Client) -> None:
    registry = record(NOBODY)
    row = Repository.objects.create(registry=registry, name="team/app", listed=True)
    Tag.objects.create(repository=row, name="1", digest=f"sha256:{'1' * 64}")
    anew = client.get("/registries/lab/team/app/?part=images&q=1").content.decode()
    for part in ("rfacts", "rtabs", "rchips"):
        assert f'id="{part}" hx-swap-oob="true"' in anew
    assert "hx-swap-oob" not in client.get("/registries/lab/team/app/").content.decode()
    uses = client.get("/registries/lab/team/app/?tab=uses&part=images").content.decode()
    assert "No container that you may see" in uses


def test_how_far_a_registry_is_known_comes_with_its_names(client: Client) -> None:
    registry = record(NOBODY)
    Repository.objects.create(registry=registry, name="team/app", listed=True, tag_count=3)
    path = "/registries/lab/?part=repositories&fresh=names"
    assert 'id="known" hx-swap-oob="true"' in client.get(path).content.decode()
    assert 'id="known"' not in client.get(f"{path}&at=team/app").content.decode()


@pytest.mark.parametrize("verb", ["tag", "delete", "copy"])
def test_who_may_not_change_it_sees_no_verb_that_does(
    looker: Client, client: Client, verb: str
) -> None:
    registry = record(NOBODY)
    row = Repository.objects.create(registry=registry, name="team/app", listed=True)
    Tag.objects.create(repository=row, name="1", digest=f"sha256:{'1' * 64}")
    path = "/registries/lab/team/app/"
    assert f'/-/{verb}/"' in client.get(path).content.decode()
    assert f'/-/{verb}/"' not in looker.get(path).content.decode()
