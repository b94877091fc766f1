"""The pages that delete from registries and copy between them."""

from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts_app.models import User
from hosts_app.models import Host
from jobs_app.models import Job
from registries_app.models import Registry, Repository, Tag
from tests import make
from tests.fakes.oci import Oci, oci
from tests.unit.test_registry_deletion import image, record

COPY = {
    "source": "near",
    "repository": "team/shop",
    "references": "1",
    "target": "near",
    "key": "k",
}


@pytest.fixture
def fake() -> Iterator[Oci]:
    with oci() as registry:
        for tag in ("1", "latest"):
            registry.put("team/shop", tag, *image("a"))
        yield registry


@pytest.fixture
def near(fake: Oci, db: None) -> Registry:
    return record(fake.url)


def digest_in(fake: Oci) -> str:
    return fake.tags["team/shop", "1"]


def test_before_an_image_is_deleted_every_tag_and_container_of_it_is_named(
    client: Client, admin: User, near: Registry, fake: Oci, host: Host
) -> None:
    make.container(host, "web", image_ref=f"{near.domain}/team/shop:latest")
    make.session(client, admin)
    path = "/registries/near/team/shop/-/delete/"
    answer = client.get(f"{path}?digest={digest_in(fake)}")
    text = unescape(answer.content.decode())
    assert answer.status_code == 200
    for word in ("Delete 1 image from team/shop?", ">1<", ">latest<", "/h/lab/c/web/", "garbage"):
        assert word in text
    asked = client.post(path, {"digest": digest_in(fake), "key": "k"})
    job = Job.objects.get()
    assert asked.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, job.params["digests"]) == ("registry.remove", [digest_in(fake)])


def test_removing_a_tag_says_which_tags_stay_and_sends_what_was_seen(
    client: Client, admin: User, near: Registry, fake: Oci
) -> None:
    make.session(client, admin)
    path = "/registries/near/team/shop/-/delete/"
    text = unescape(client.get(f"{path}?tag=1").content.decode())
    assert "stays: latest" in text
    assert f'name="seen" value="1={digest_in(fake)}"' in text
    client.post(path, {"tag": "1", "seen": f"1={digest_in(fake)}", "key": "k"})
    assert Job.objects.get().params["seen"] == {"1": digest_in(fake)}


def test_where_deletion_is_off_there_is_no_button_for_it(
    client: Client, admin: User, near: Registry, fake: Oci
) -> None:
    fake.deletes = False
    make.session(client, admin)
    text = client.get("/registries/near/team/shop/-/delete/?tag=1").content.decode()
    assert "switched off" in text
    assert "btn danger" not in text


def test_a_registry_that_does_not_answer_is_named_on_the_page(
    client: Client, admin: User, db: None
) -> None:
    record("http://127.0.0.1:9")
    make.session(client, admin)
    answer = client.get("/registries/near/team/shop/-/delete/?tag=1")
    assert answer.status_code == 502
    assert "cannot be reached" in answer.content.decode()


def test_a_copy_is_looked_at_first_and_then_asked_for(
    client: Client, admin: User, near: Registry
) -> None:
    make.session(client, admin)
    empty = client.get("/registries/-/copy/?registry=near&repository=team/shop&reference=1")
    assert b'value="team/shop"' in empty.content
    form = COPY | {"target_repository": "live/shop"}
    look = unescape(client.post("/registries/-/copy/", form | {"look": "1"}).content.decode())
    assert "1 of 1 layers mounted" in look
    assert not Job.objects.exists()
    asked = client.post("/registries/-/copy/", form)
    assert asked.headers["Location"] == f"/jobs/{Job.objects.get().pk}/"


def test_several_images_are_copied_by_one_job(client: Client, admin: User, near: Registry) -> None:
    make.session(client, admin)
    form = COPY | {"target_repository": "live/shop", "references": "1 latest"}
    client.post("/registries/-/copy/", form)
    parent = Job.objects.get(parent=None)
    assert (parent.kind, parent.children.count()) == ("registry.copy.bulk", 2)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"repository": "Shop"}, "repository"),
        ({"target_repository": "A"}, "target_repository"),
        ({"references": "a/b"}, "references"),
        ({"references": "1 2", "target_reference": "3"}, "target_reference"),
        ({"source": "none"}, "source"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, admin: User, near: Registry, wrong: dict[str, str], field: str
) -> None:
    answer = make.session(client, admin).post("/registries/-/copy/", COPY | wrong)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize("path", ["-/copy/", "near/team/shop/-/delete/?tag=1"])
def test_who_operates_one_host_only_may_not(
    client: Client, operator: User, near: Registry, path: str
) -> None:
    assert make.session(client, operator).get(f"/registries/{path}").status_code == 403


TAGS = "/registries/near/team/shop/-/tag/"


def known(near: Registry, fake: Oci) -> str:
    """What is known of the repository before anybody looks; the digest of its image."""
    row = Repository.objects.create(registry=near, name="team/shop", listed=True)
    for tag in ("1", "latest"):
        Tag.objects.create(repository=row, name=tag, digest=digest_in(fake))
    Tag.objects.create(repository=row, name="other", digest=f"sha256:{'2' * 64}")
    return digest_in(fake)


def test_an_image_gets_another_tag_in_place(
    client: Client, admin: User, near: Registry, fake: Oci
) -> None:
    digest = known(near, fake)
    make.session(client, admin)
    path = f"{TAGS}?digest={digest}"
    assert "New tag for 1, latest" in client.get(path).content.decode()
    asked = client.post(path, {digest: "stable", "key": "k"})
    job = Job.objects.get()
    assert asked.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, job.params["origin"]["reference"]) == ("registry.copy", digest)
    assert job.params["place"] == {
        "registry": "near", "repository": "team/shop", "reference": "stable",
    }  # fmt: skip


def test_several_images_get_a_tag_each_by_one_job(
    client: Client, admin: User, near: Registry, fake: Oci
) -> None:
    digests = [known(near, fake), f"sha256:{'2' * 64}"]
    make.session(client, admin)
    path = f"{TAGS}?digest={digests[0]}&digest={digests[1]}"
    client.post(path, {digests[0]: "a", digests[1]: "b", "key": "k"})
    parent = Job.objects.get(parent=None)
    assert (parent.kind, parent.children.count()) == ("registry.copy.bulk", 2)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("", "A tag is needed."),
        ("-a", "no dot or dash to begin with"),
        ("latest", "It has this tag already."),
        ("other", "It stands for sha256:222222222222 now."),
    ],
)
def test_a_tag_that_cannot_be_added_is_told_at_its_field(
    client: Client, admin: User, near: Registry, fake: Oci, tag: str, said: str
) -> None:
    digest = known(near, fake)
    make.session(client, admin)
    answer = client.post(f"{TAGS}?digest={digest}", {digest: tag, "key": "k"})
    text = unescape(answer.content.decode())
    assert (answer.status_code, said in text, "aria-invalid" in text) == (422, True, True)
    assert not Job.objects.exists()


def test_a_tag_of_another_image_is_moved_where_that_is_meant(
    client: Client, admin: User, near: Registry, fake: Oci
) -> None:
    digest = known(near, fake)
    make.session(client, admin)
    client.post(f"{TAGS}?digest={digest}", {digest: "other", "overwrite": "on", "key": "k"})
    assert Job.objects.get().params["overwrite"] is True


def test_selected_images_are_pulled_by_their_digests(
    client: Client, admin: User, near: Registry
) -> None:
    make.session(client, admin)
    answer = client.get("/registries/near/team/shop/-/pull/?digest=sha256:1&digest=sha256:2")
    wanted = [f"{near.domain}/team/shop@sha256:{n}" for n in (1, 2)]
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["reference"] == [" ".join(wanted)]
