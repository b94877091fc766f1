"""Pull and push as jobs: what the engine says becomes progress, an end and a result."""

import asyncio
import io
import tarfile
import threading
from collections.abc import Iterator

import pytest
from celery import current_app

from accounts_app.models import Role, User
from core.errors import Invalid, TooMany
from engine.client import Engine
from hosts_app.models import Grant, Host
from images_app.inventory import reconcile
from images_app.transferring import transfers
from images_app.transferring.distribute import distribute
from images_app.transferring.progress import Layers
from jobs_app import services
from jobs_app.models import Job
from jobs_app.selectors import lines_after
from registries_app.models import Registry as Record
from registries_app.protocol.distribution import Client
from tests import make
from tests.fakes.engine import FakeEngine
from tests.fakes.transfers import DIGEST
from tests.lab.dockerd import IMAGE, Dockerd, until
from tests.lab.registry import Registry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        host.url = fake.url
        host.save()
        yield fake


def worked(job: Job) -> Job:
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def test_layers_add_up() -> None:
    layers = Layers()
    layers.feed({"status": "Pulling from lab/web", "id": "1"})
    assert not layers.layers
    assert layers.feed({"status": "Already exists", "id": "aaa"}) == "aaa: Already exists"
    detail = {"current": 1024, "total": 4096}
    assert layers.feed({"status": "Downloading", "id": "bbb", "progressDetail": detail}) == ""
    assert layers.share == 0.25
    assert layers.detail["layers"][1]["text"].startswith("0.0 / 0.0 MiB")
    assert layers.detail["layers"][0]["text"] == ""
    layers.feed({"status": "Pull complete", "id": "bbb", "progressDetail": {}})
    assert (layers.share, layers.done) == (1.0, 4096)
    assert [each["state"] for each in layers.detail["layers"]] == ["present", "done"]


def test_a_pull_tells_its_layers_and_what_it_brought(fake: FakeEngine, operator: User) -> None:
    job = worked(transfers.pull(operator, "lab", "lab/web:1", "linux/amd64"))
    assert (job.state, job.error) == ("succeeded", "")
    image = fake.daemon.find_image("lab/web:1")
    assert job.result == {"id": image.id, "digest": DIGEST}
    assert job.detail
    assert [each["state"] for each in job.detail["layers"]] == ["present", "done"]
    assert "aaaaaaaaaaaa: Already exists" in [line.text for line in lines_after(job, 0)]
    asked = fake.asked("POST /images/create")[0]
    assert asked.query == {"fromImage": "lab/web", "tag": "1", "platform": "linux/amd64"}


def test_an_interrupted_pull_is_tried_once_more(fake: FakeEngine, operator: User) -> None:
    fake.break_off("POST /images/create", times=1)
    assert worked(transfers.pull(operator, "lab", "lab/web:1")).state == "succeeded"
    fake.break_off("POST /images/create")
    job = worked(transfers.pull(operator, "lab", "lab/web:2"))
    assert job.state == "interrupted"
    assert len(fake.asked("POST /images/create")) == 4


def test_an_error_line_fails_it_in_the_engines_words(fake: FakeEngine, operator: User) -> None:
    fake.add_image("lab/web:1")
    make.image(Host.objects.get(), "lab/web:1")
    fake.transfers.messages = [{"errorDetail": {"message": "denied"}, "error": "denied"}]
    job = worked(transfers.push(operator, "lab", "lab/web:1"))
    assert (job.state, job.error) == ("failed", "denied")


@pytest.mark.parametrize(
    ("there", "state", "confirmed"),
    [
        (DIGEST, "succeeded", True),
        ("sha256:" + "9" * 64, "failed", False),
        ("", "succeeded", None),
    ],
)
def test_a_pushed_digest_is_compared_with_the_registrys(
    fake: FakeEngine,
    operator: User,
    monkeypatch: pytest.MonkeyPatch,
    there: str,
    state: str,
    confirmed: bool | None,
) -> None:
    image = fake.add_image("lab/web:1")
    make.image(Host.objects.get(), "lab/web:1", docker_id=image.id)
    Record.objects.create(slug="near", name="near", url="http://127.0.0.1:9", domain="127.0.0.1:9")
    if there:
        monkeypatch.setattr(Client, "head", lambda _client, _repository, _tag: there)
    job = worked(transfers.push(operator, "lab", "127.0.0.1:9/app:2", "lab/web:1"))
    assert job.state == state, job.error
    assert job.result == {"digest": DIGEST, "confirmed": confirmed}
    assert "127.0.0.1:9/app:2" in image.tags


def test_several_hosts_succeed_only_together(fake: FakeEngine, operator: User) -> None:
    second = make.host("second", url="unix:///nowhere.sock")
    Grant.objects.create(user=operator, host=second, role=Role.OPERATOR)
    job = worked(transfers.pull_on(operator, ["lab", "second"], "lab/web:1"))
    assert job.state == "failed"
    assert {child.host_name: child.state for child in job.children.all()} == {
        "lab": "succeeded",
        "second": "interrupted",
    }


def test_cancelling_a_pull_of_several_hosts_stops_silent_engines(
    fake: FakeEngine, operator: User
) -> None:
    fake.transfers.silent_after = 2
    job = transfers.pull_on(operator, ["lab"], "lab/web:1")
    working = threading.Thread(target=worked, args=[job])
    working.start()
    until(lambda: fake.streams == 1, "the engine pulls")
    services.cancel(operator, job.pk)
    working.join(20)
    job.refresh_from_db()
    assert (job.state, job.children.get().state) == ("cancelled", "cancelled")
    until(lambda: fake.streams == 0, "its connection is closed")


@pytest.mark.parametrize("reference", ["", "lab/UPPER", "a" * 64, "x:y:z"])
def test_what_names_no_image_is_refused_at_once(reference: str, operator: User) -> None:
    with pytest.raises(Invalid):
        transfers.pull(operator, "lab", reference)


@pytest.mark.engine
def test_a_push_and_a_pull_agree_on_the_digest(
    docker: Dockerd, lab_registry: Registry, host: Host, operator: User
) -> None:
    host.url = docker.url
    host.save()
    name = f"{lab_registry.address}/jobs/box:1"
    with Engine(docker.connection) as engine:
        reconcile(host, engine.images(), 1)
        image_id = engine.image(IMAGE).id
    url = f"http://{lab_registry.address}"
    Record.objects.create(slug="near", name="near", url=url, domain=lab_registry.address)
    pushed = worked(transfers.push(operator, "lab", name, IMAGE))
    assert pushed.state == "succeeded", pushed.error
    assert pushed.result
    assert pushed.result["confirmed"]
    docker.api("DELETE", f"/images/{name}")
    pulled = worked(transfers.pull(operator, "lab", name))
    assert pulled.result == {"id": image_id, "digest": pushed.result["digest"]}
    docker.api("DELETE", f"/images/{name}")


@pytest.mark.engine
def test_an_image_goes_from_host_to_host_and_to_the_browser(
    docker: Dockerd, second_docker: Dockerd, host: Host, operator: User
) -> None:
    host.url = docker.url
    host.save()
    second = make.host("second", url=second_docker.url)
    Grant.objects.create(user=operator, host=second, role=Role.OPERATOR)
    docker.api("POST", f"/images/{IMAGE}/tag?repo=sent/box&tag=1")
    with Engine(docker.connection) as engine:
        reconcile(host, engine.images(), 1)
        image_id = engine.image("sent/box:1").id
    job = worked(distribute(operator, "lab", ["sent/box:1"], ["second"]))
    child = job.children.get()
    assert (job.state, child.state, child.error) == ("succeeded", "succeeded", "")
    assert child.result == {"id": image_id}
    with Engine(second_docker.connection) as engine:
        assert engine.image("sent/box:1").id == image_id

    async def archive() -> bytes:
        return b"".join([piece async for piece in saved])

    saved = transfers.save(operator, "lab", ["sent/box:1", IMAGE])
    with tarfile.open(fileobj=io.BytesIO(asyncio.run(archive()))) as tar:
        assert b"sent/box:1" in tar.extractfile("manifest.json").read()  # type: ignore[union-attr]
    for daemon in (docker, second_docker):
        daemon.api("DELETE", "/images/sent/box:1")


def test_a_save_holds_a_place_until_it_ends(fake: FakeEngine, operator: User) -> None:
    fake.add_image("lab/web:1")
    make.image(Host.objects.get(), "lab/web:1")
    held = [transfers.save(operator, "lab", ["lab/web:1"]) for _ in range(2)]
    with pytest.raises(TooMany):
        transfers.save(operator, "lab", ["lab/web:1"])
    held[0].close()
    transfers.save(operator, "lab", ["lab/web:1"]).close()
    held[1].close()


def test_another_image_that_arrives_is_a_failure(fake: FakeEngine, operator: User) -> None:
    fake.add_image("lab/web:1")
    make.image(Host.objects.get(), "lab/web:1")
    with FakeEngine() as other:
        other.add_image("lab/web:1")
        second = make.host("second", url=other.url)
        Grant.objects.create(user=operator, host=second, role=Role.OPERATOR)
        job = worked(distribute(operator, "lab", ["lab/web:1"], ["second"]))
        assert other.transfers.received == 2000
    assert job.state == "failed"
    assert "Another image arrived" in job.children.get().error


@pytest.fixture
def second(fake: FakeEngine, operator: User) -> Iterator[FakeEngine]:
    with FakeEngine() as other:
        host = make.host("second", url=other.url)
        Grant.objects.create(user=operator, host=host, role=Role.OPERATOR)
        yield other


@pytest.fixture
def near(db: None) -> Record:
    return Record.objects.create(
        slug="near", name="near", url="http://127.0.0.1:9", domain="127.0.0.1:9"
    )


def test_by_way_of_a_registry_it_is_pushed_once_and_pulled_by_digest(
    fake: FakeEngine, second: FakeEngine, near: Record, operator: User
) -> None:
    image = fake.add_image("lab/web:1")
    make.image(Host.objects.get(slug="lab"), "lab/web:1", docker_id=image.id)
    there = second.add_image(f"127.0.0.1:9/lab/web@{DIGEST}")
    there.id = image.id
    job = worked(distribute(operator, "lab", ["lab/web:1"], ["second"], "near"))
    assert (job.state, job.error) == ("succeeded", "")
    assert len(fake.asked("POST /images/127.0.0.1:9/lab/web/push")) == 1
    pull = second.asked("POST /images/create")[0]
    assert pull.query == {"fromImage": "127.0.0.1:9/lab/web", "tag": DIGEST}
    arrived = job.children.get(kind="image.distribute")
    assert arrived.result == {"id": image.id, "digest": DIGEST}


def test_nobody_pulls_what_was_not_pushed_and_a_retry_pushes_again(
    fake: FakeEngine, second: FakeEngine, near: Record, operator: User
) -> None:
    image = fake.add_image("lab/web:1")
    make.image(Host.objects.get(slug="lab"), "lab/web:1", docker_id=image.id)
    fake.transfers.messages = [{"errorDetail": {"message": "denied"}, "error": "denied"}]
    job = worked(distribute(operator, "lab", ["lab/web:1"], ["second"], "near"))
    states = {child.kind: (child.state, child.error) for child in job.children.all()}
    assert states["image.push"] == ("failed", "denied")
    assert states["image.distribute"][0] == "failed"
    assert "push" in states["image.distribute"][1]
    assert not second.asked("POST")
    again = services.retry(operator, job.pk)
    assert {child.kind for child in again.children.all()} == {"image.push", "image.distribute"}


def test_a_retry_of_a_failed_pull_needs_no_second_push(
    fake: FakeEngine, second: FakeEngine, near: Record, operator: User
) -> None:
    image = fake.add_image("lab/web:1")
    make.image(Host.objects.get(slug="lab"), "lab/web:1", docker_id=image.id)
    second.fail("POST /images/create", 500, "no space left on device")
    job = worked(distribute(operator, "lab", ["lab/web:1"], ["second"], "near"))
    assert job.state == "failed"
    again = services.retry(operator, job.pk)
    assert again.children.get().params["digest"] == DIGEST


@pytest.mark.parametrize(
    ("names", "via", "field"),
    [
        ([], "", "reference"),
        (["lab/web:1"], "nowhere", "via"),
        (["lab/web:1"], "mirror", "via"),
        (["sha256:" + "5" * 64], "near", "reference"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_field(
    near: Record, host: Host, operator: User, names: list[str], via: str, field: str
) -> None:
    make.image(host, "lab/web:1")
    make.image(host, docker_id="sha256:" + "5" * 64)
    Grant.objects.create(user=operator, host=make.host("second"), role=Role.OPERATOR)
    Record.objects.create(
        slug="mirror", name="m", url="http://m", domain="m", mirror_of=near, mirror_kind="root"
    )
    with pytest.raises(Invalid) as refused:
        distribute(operator, "lab", names, ["second"], via)
    assert refused.value.errors[0].field == field
    assert not Job.objects.exists()


@pytest.mark.engine
def test_two_images_go_by_way_of_a_real_registry(
    docker: Dockerd, second_docker: Dockerd, lab_registry: Registry, host: Host, operator: User
) -> None:
    Host.objects.update(url=docker.url)
    second = make.host("second", url=second_docker.url)
    Grant.objects.create(user=operator, host=second, role=Role.OPERATOR)
    names = ["way/box:1", "way/box:2"]
    for name in names:
        docker.api("POST", f"/images/{IMAGE}/tag?repo=way/box&tag={name[-1]}")
    with Engine(docker.connection) as engine:
        reconcile(Host.objects.get(slug="lab"), engine.images(), 1)
        image_id = engine.image(IMAGE).id
    url = f"http://{lab_registry.address}"
    Record.objects.create(slug="near", name="near", url=url, domain=lab_registry.address)
    job = worked(distribute(operator, "lab", names, ["second"], "near"))
    assert job.state == "succeeded", [child.error for child in job.children.all()]
    with Engine(second_docker.connection) as engine:
        assert [engine.image(name).id for name in names] == [image_id, image_id]
    for daemon in (docker, second_docker):
        for name in names:
            daemon.api("DELETE", f"/images/{name}")
