"""What is in a registry over the API: repositories, tags by image, manifests."""

import json
from collections.abc import Callable, Iterator

import pytest

from accounts_app.models import User
from hosts_app.models import Host
from registries_app.models import Manifest, Registry
from tests import make
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.lab.pushing import OCI, Made, Pusher
from tests.lab.registry import Registry as LabRegistry
from tests.unit.script import Script, fields, is_problem


@pytest.fixture
def script(admin: User) -> Script:
    return Script(admin)


def record(url: str, slug: str = "lab", **said: object) -> Registry:
    domain = url.partition("://")[2]
    return Registry.objects.create(slug=slug, name=slug, url=url, domain=domain, **said)


@pytest.fixture
def push(lab_registry: LabRegistry, db: None) -> Iterator[Pusher]:
    record(f"http://{lab_registry.address}")
    with Pusher(lab_registry.port) as pusher:
        yield pusher


def both(push: Pusher, repository: str, *tags: str) -> tuple[Made, Made, Made]:
    amd = push.image(repository, [], layers=[b"base", b"amd"], Env=["TOKEN=canary"])
    arm = push.image(repository, [], platform="linux/arm64", layers=[b"base", b"arm64"])
    return push.index(repository, tags, ("linux/amd64", amd), ("linux/arm64", arm)), amd, arm


def test_repositories_are_listed_with_their_tags_counted(script: Script, push: Pusher) -> None:
    push.image("listed/a", ["1", "2"])
    push.image("listed/b", ["1"])
    answer = script.get("registries/lab/repositories?q=listed/&sort=-name")
    assert answer.status == 200, answer.content
    rows = [(each["name"], each["tags"]) for each in answer.body["items"]]
    assert rows == [("listed/b", 1), ("listed/a", 2)]
    assert set(answer.body) == {"items", "total", "page", "page_size", "as_of"}
    push.image("listed/c", ["1"])
    later = script.get("registries/lab/repositories?q=listed/&page_size=1&page=2")
    assert later.body["total"] in {2, 3}  # a list is fresh for two seconds


def test_one_row_for_each_digest_with_all_that_is_known(
    script: Script, push: Pusher, lab_registry: LabRegistry, host: Host
) -> None:
    many, _amd, _arm = both(push, "content/shop", "4.10.0", "4", "latest")
    old = push.image("content/shop", ["4.9.0"], layers=[b"old"])
    push.image("content/shop", [f"sha256-{old.digest[7:]}.sig"], layers=[b"signed"])
    named = f"{lab_registry.address}/content/shop"
    image = make.image(host, digests=[f"{named}@{old.digest}"])
    make.container(host, "late", image_row=image, image_ref=f"{named}:latest")
    answer = script.get("registries/lab/tags?repository=content/shop&sort=-tag")
    assert answer.status == 200, answer.content
    first, second = answer.body["items"]
    assert (first["digest"], first["tags"]) == (many.digest, ["4.10.0", "4", "latest"])
    assert first["platforms"] == ["linux/amd64", "linux/arm64"]
    assert first["sizes"] == {"linux/amd64": 7, "linux/arm64": 9}
    assert (first["size"], first["created"]) == (12, "2026-03-04T05:06:07Z")
    assert [each["names"] for each in first["attestations"]] == [["provenance"]]
    assert first["used_by"] == []
    assert [use["name"] for use in first["behind"]] == ["late"]
    assert (second["digest"], second["tags"]) == (old.digest, ["4.9.0"])
    assert second["signatures"] == ["signature"]
    assert [(use["host"], use["name"]) for use in second["used_by"]] == [("lab", "late")]
    narrowed = script.get("registries/lab/tags?repository=content/shop&q=4.9&state=signed")
    assert [each["tags"] for each in narrowed.body["items"]] == [["4.9.0"]]
    assert script.get("registries/lab/tags?repository=content/shop&state=multi").body["total"] == 1
    by_digest = script.get(f"registries/lab/tags?repository=content/shop&q={old.digest[:20]}")
    assert by_digest.body["total"] == 1


def test_a_manifest_is_told_as_it_is_stored_without_the_values_of_variables(
    script: Script, push: Pusher
) -> None:
    many, amd, _arm = both(push, "content/shown", "1")
    whole = script.get("registries/lab/manifest?repository=content/shown&reference=1").body
    assert (whole["digest"], whole["kind"]) == (many.digest, "index")
    assert whole["manifest"] == json.loads(many.raw)
    assert whole["platforms"][0]["digest"] == amd.digest
    path = f"registries/lab/manifest?repository=content/shown&reference={amd.digest}"
    one = script.get(path).body
    assert one["platforms"][0]["layers"] == [[each, n] for each, n in zip(
        amd.layers, (4, 3), strict=True
    )]  # fmt: skip
    assert one["config"]["config"]["Env"] == ["TOKEN=***"]
    missing = script.get("registries/lab/manifest?repository=content/shown&reference=nosuch")
    assert is_problem(missing, 404, "not_found")
    odd = script.get("registries/lab/manifest?repository=Content&reference=1")
    assert is_problem(odd, 404, "not_found")


def test_what_goes_wrong_has_a_code(script: Script) -> None:
    record("http://127.0.0.1:9", "dead")
    with hostile(lambda _asked, _fake: Reply(404)) as fake:
        record(fake.url, "quiet")
        for path in ("repositories", "tags?repository=a", "manifest?repository=a&reference=1"):
            assert is_problem(script.get(f"registries/dead/{path}"), 502, "unreachable")
        assert is_problem(script.get("registries/quiet/repositories"), 409, "not_supported")
        assert is_problem(script.get("registries/quiet/tags?repository=a"), 404, "not_found")
        assert is_problem(script.get("registries/none/tags?repository=a"), 404, "not_found")
        assert "sort" in fields(script.get("registries/quiet/tags?repository=a&sort=colour"))
        assert "state" in fields(script.get("registries/quiet/tags?repository=a&state=odd"))
        assert "sort" in fields(script.get("registries/quiet/repositories?sort=colour"))
        assert "repository" in fields(script.get("registries/quiet/tags"))


def test_details_are_fetched_only_for_the_rows_shown(script: Script) -> None:
    """200 tags, of which a page of five is asked for."""

    def reply(asked: Asked, _fake: Fake) -> Reply:
        name = asked.path.rpartition("/")[2]
        if "/tags/list" in asked.path:
            tags = ", ".join(f'"1.{n}"' for n in range(200))
            return Reply(body=f'{{"tags": [{tags}]}}'.encode())
        if "/blobs/" in asked.path:
            return Reply(404)
        said = {"schemaVersion": 2, "mediaType": OCI, "layers": [], "annotations": {"n": name}}
        return Reply(body=json.dumps(said).encode(), headers={"Content-Type": OCI})

    with hostile(reply) as fake:
        record(fake.url, "long")
        path = "registries/long/tags?repository=a&sort=-tag&page_size=5&page=2"
        answer = script.get(path)
        asked = [each.path for each in fake.asked if "/manifests/" in each.path]
        assert sorted(asked) == [f"/v2/a/manifests/1.{n}" for n in range(190, 195)]
        assert answer.body["total"] == 200
        assert [each["tags"][0] for each in answer.body["items"]] == [
            f"1.{n}" for n in range(194, 189, -1)
        ]
        assert all(each["labels"] for each in answer.body["items"])
        before = len(fake.asked)
        script.get(path)
        again = [each for each in fake.asked[before:] if "/manifests/" in each.path]
        assert again == []  # what a tag stands for is fresh for a minute, an image for ever
    assert Manifest.objects.count() == 5


def test_an_index_without_one_of_its_images_says_which(script: Script, push: Pusher) -> None:
    amd = push.image("content/torn", [])
    gone = Made("sha256:" + "0" * 64, b"{}", OCI)
    with hostile(torn(amd, gone)) as fake:
        record(fake.url, "torn")
        answer = script.get("registries/torn/manifest?repository=content/torn&reference=1")
    rows = {each["platform"]: each["missing"] for each in answer.body["platforms"]}
    assert rows == {"linux/amd64": False, "linux/arm64": True}


def torn(there: Made, gone: Made) -> Callable[[Asked, Fake], Reply]:
    """A registry with an index of which one image was deleted."""
    entries = [
        {"mediaType": OCI, "digest": made.digest, "size": 2,
         "platform": {"os": "linux", "architecture": machine}}
        for made, machine in ((there, "amd64"), (gone, "arm64"))
    ]  # fmt: skip
    index = "application/vnd.oci.image.index.v1+json"
    raw = json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": entries}).encode()

    def reply(asked: Asked, _fake: Fake) -> Reply:
        if asked.path.endswith(there.digest):
            return Reply(body=there.raw, headers={"Content-Type": OCI})
        if asked.path.endswith("/manifests/1") or "sha256" in asked.path:
            if asked.path.endswith(gone.digest) or "/blobs/" in asked.path:
                return Reply(404)
            return Reply(body=raw, headers={"Content-Type": index})
        return Reply(404)

    return reply
