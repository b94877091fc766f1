"""Deleting from registries: tags by themselves, images with all their tags, told honestly."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts_app.models import User
from hosts_app.models import Host
from jobs_app.models import Job
from jobs_app.services import retry
from registries_app.content.index import keep_tags, repository
from registries_app.models import Registry, Tag
from registries_app.moving import delete_tasks as move_tasks
from registries_app.moving.deletion import OCI, OCI_CONFIG, nothing_called
from registries_app.protocol.answers import Names
from registries_app.protocol.failures import Refused
from registries_app.protocol.uploading import Writer
from tests import make
from tests.fakes.oci import Oci, digest_of, oci
from tests.lab.registry import Registry as LabRegistry
from tests.unit.script import Answer, Script, fields, is_problem
from tests.unit.test_distribution import pushed

RUN = {"registry.untag": move_tasks.remove_tags, "registry.remove": move_tasks.remove_images}


@pytest.fixture
def script(admin: User) -> Script:
    return Script(admin)


@pytest.fixture
def fake() -> Iterator[Oci]:
    with oci() as registry:
        yield registry


def record(url: str, slug: str = "near") -> Registry:
    domain = url.partition("://")[2]
    return Registry.objects.create(slug=slug, name=slug, url=url, domain=domain)


def image(text: str) -> tuple[dict[str, Any], bytes]:
    config = text.encode()
    described = {"mediaType": OCI_CONFIG, "size": len(config), "digest": digest_of(config)}
    said = {"schemaVersion": 2, "mediaType": OCI, "config": described, "layers": []}
    return said, config


def delete(script: Script, **body: Any) -> Job:
    """Ask, and do it as a worker does."""
    answer: Answer = script.post("registries/near/delete", body)
    assert answer.status == 202, answer.body
    job = Job.objects.get(pk=answer.body["id"])
    RUN[job.kind](job.pk)
    job.refresh_from_db()
    return job


def told(job: Job) -> dict[str, Any]:
    assert isinstance(job.result, dict)
    return job.result


def names_of(fake: Oci) -> set[str]:
    return {tag for _repository, tag in fake.tags}


def test_a_real_registry_loses_one_tag_and_keeps_its_twin(
    script: Script, lab_registry: LabRegistry
) -> None:
    """Distribution 2.8, which cannot delete a tag by its name."""
    record(f"http://{lab_registry.address}")
    digest = pushed(lab_registry, "untag/box", "1", "latest")
    asked = {"repository": "untag/box", "tags": ["1"], "preview": True}
    seen = script.post("registries/near/delete", asked).body
    assert (seen["way"], seen["tags"], seen["kept"]) == ("by_replacing", ["1"], ["latest"])
    job = delete(script, repository="untag/box", tags=["1"], seen={"1": digest})
    assert (job.state, job.error) == ("succeeded", "")
    assert told(job)["tags"] == ["1"]
    again = script.post("registries/near/delete", asked | {"tags": ["1", "latest"]}).body
    assert (again["tags"], again["missing"]) == (["latest"], ["1"])
    assert again["digests"] == [{"digest": digest, "tags": ["latest"]}]


def test_an_image_goes_with_all_its_tags_from_a_real_registry(
    script: Script, lab_registry: LabRegistry
) -> None:
    record(f"http://{lab_registry.address}")
    digest = pushed(lab_registry, "remove/box", "1", "2", "latest")
    job = delete(script, repository="remove/box", digests=[digest])
    assert (job.state, told(job)["tags"]) == ("succeeded", ["1", "2", "latest"])
    again = delete(script, repository="remove/box", digests=[digest])
    assert again.state == "failed"
    assert "1 of 1 were not deleted" in again.error


def test_the_preview_looks_at_every_tag_and_names_the_containers(
    script: Script, fake: Oci, host: Host
) -> None:
    near = record(fake.url)
    said, config = image("a")
    for n in range(120):  # more than one page of a real one
        fake.put("shop", f"t{n}", *image(f"other {n}"))
    digest = fake.put("shop", "t007", said, config)
    fake.put("shop", "zz", said, config)
    make.container(host, "web", image_ref=f"{near.domain}/shop:zz")
    body = {"repository": "shop", "digests": [digest], "preview": True}
    seen = script.post("registries/near/delete", body).body
    assert seen["digests"] == [{"digest": digest, "tags": ["t007", "zz"]}]
    assert [each["name"] for each in seen["containers"]] == ["web"]
    assert seen["complete"]
    assert not any(method == "PUT" for method, _path in fake.asked)


def test_a_tag_is_deleted_by_its_name_where_the_registry_can(script: Script) -> None:
    with oci(untags=True) as fake:
        record(fake.url)
        said, config = image("a")
        for tag in ("1", "2", "3"):
            fake.put("shop", tag, said, config)
        job = delete(script, repository="shop", tags=["1", "3"])
        assert (job.state, names_of(fake)) == ("succeeded", {"2"})
        assert fake.count("PUT", "") == 0


def test_twins_that_die_with_a_tag_are_found_by_reading_again(script: Script) -> None:
    with oci(untags=True, kills_twins=True) as fake:
        record(fake.url)
        for tag in ("1", "2"):
            fake.put("shop", tag, *image("a"))
        job = delete(script, repository="shop", tags=["1"])
        assert (job.state, job.error) == ("failed", "Other tags went along: 2.")


def test_where_deletion_is_off_nothing_is_put_under_the_tag(script: Script) -> None:
    with oci(deletes=False) as fake:
        record(fake.url)
        fake.put("shop", "1", *image("a"))
        before = dict(fake.tags)
        job = delete(script, repository="shop", tags=["1"])
        assert (job.state, fake.tags) == ("failed", before)
        assert "switched off" in job.error
        assert fake.count("PUT", "") == 0


def test_a_tag_that_moved_since_it_was_seen_is_left_alone(script: Script, fake: Oci) -> None:
    record(fake.url)
    fake.put("shop", "1", *image("new"))
    job = delete(script, repository="shop", tags=["1"], seen={"1": f"sha256:{'a' * 64}"})
    assert job.state == "failed"
    assert "another image by now" in job.error
    assert names_of(fake) == {"1"}


def test_one_that_died_between_both_steps_is_finished_by_the_next(
    script: Script, fake: Oci
) -> None:
    record(fake.url)
    first = fake.put("shop", "1", *image("a"))
    answer = script.post(
        "registries/near/delete", {"repository": "shop", "tags": ["1"], "seen": {"1": first}}
    )
    job = Job.objects.get(pk=answer.body["id"])
    config, nothing = nothing_called("1", str(job.key))
    fake.blobs["shop", digest_of(config)] = config
    fake.manifests["shop", digest_of(nothing)] = (OCI, nothing)
    fake.tags["shop", "1"] = digest_of(nothing)
    move_tasks.remove_tags(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("succeeded", "")
    assert names_of(fake) == set()
    assert ("shop", first) in fake.manifests


def test_a_name_that_stays_in_the_list_without_its_image_is_told(script: Script) -> None:
    with oci(keeps_names=True) as fake:
        record(fake.url)
        digest = fake.put("shop", "1", *image("a"))
        job = delete(script, repository="shop", digests=[digest])
        assert told(job)["still_listed"] == ["1"]


def test_what_we_keep_of_the_tag_goes_with_it(script: Script, fake: Oci) -> None:
    near = record(fake.url)
    keep_tags({repository(near, "shop"): Names(("1", "2"), complete=True, pages=1)})
    for tag in ("1", "2"):
        fake.put("shop", tag, *image(tag))
    delete(script, repository="shop", tags=["1"])
    assert list(Tag.objects.values_list("name", flat=True)) == ["2"]
    assert repository(near, "shop").tag_count == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"repository": "Shop", "tags": ["1"]}, "repository"),
        ({"repository": "shop"}, "tags"),
        ({"repository": "shop", "tags": ["1"], "digests": [f"sha256:{'a' * 64}"]}, "tags"),
        ({"repository": "shop", "tags": ["a/b"]}, "tags"),
        ({"repository": "shop", "digests": ["sha256:1"]}, "digests"),
        ({"repository": "shop", "tags": [f"t{n}" for n in range(201)]}, "tags"),
    ],
)
def test_what_is_wrong_is_named_and_never_a_job(
    script: Script, body: dict[str, Any], field: str
) -> None:
    record("http://127.0.0.1:9")
    assert fields(script.post("registries/near/delete", body)) == {field}
    assert not Job.objects.exists()


def test_a_preview_of_what_nobody_answers_for_is_502(script: Script) -> None:
    record("http://127.0.0.1:9")
    body = {"repository": "shop", "tags": ["1"], "preview": True}
    assert is_problem(script.post("registries/near/delete", body), 502, "unreachable")


def test_asked_again_only_what_failed_is_left_to_do(
    script: Script, admin: User, fake: Oci, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(fake.url)
    one, two = (fake.put("shop", tag, *image(tag)) for tag in ("1", "2"))
    really = Writer.delete

    def refuses(client: Writer, repository: str, reference: str) -> None:
        if reference == two:
            raise Refused("near", 500, "not now")
        really(client, repository, reference)

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "delete", refuses)
        job = delete(script, repository="shop", digests=[one, two])
        assert (job.state, names_of(fake)) == ("failed", {"2"})
    again = retry(admin, job.pk)
    RUN[again.kind](again.pk)
    again.refresh_from_db()
    assert (again.state, again.error, names_of(fake)) == ("succeeded", "", set())
