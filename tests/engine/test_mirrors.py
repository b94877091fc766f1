"""Pulls by way of mirrors, and engines that sign in: on fakes, and on real ones."""

from collections.abc import Iterator

import pytest
from celery import current_app

from accounts_app.models import User
from core.sealed import seal
from engine.client import Engine
from hosts_app.models import Host
from images_app.inventory import reconcile
from images_app.transferring import transfers
from jobs_app.models import Job
from jobs_app.selectors import lines_after
from registries_app.models import Registry as Record
from registries_app.protocol.distribution import Client
from registries_app.protocol.targets import Target
from tests.fakes.engine import FakeEngine
from tests.fakes.registries import Product, product
from tests.fakes.transfers import DIGEST
from tests.lab.dockerd import IMAGE, Dockerd
from tests.lab.fixtures import MEMBER
from tests.lab.registry import Registry, registry

pytestmark = pytest.mark.django_db(transaction=True)


def worked(job: Job) -> Job:
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def text(job: Job) -> str:
    return "\n".join(line.text for line in lines_after(job, 0))


def record(url: str, name: str, **fields: object) -> Record:
    domain = url.partition("://")[2]
    return Record.objects.create(name=name, slug=name, url=url, domain=domain, **fields)


# -- On a fake engine -------------------------------------------------------------------------


@pytest.fixture
def fake(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        host.url = fake.url
        host.save()
        yield fake


@pytest.fixture
def upstream() -> Iterator[Product]:
    with product("distribution-3") as made:
        made.store.tags["lab/web"] = {"1": DIGEST}
        made.store.manifests["lab/web"] = {DIGEST: ("application/json", b"{}")}
        yield made


@pytest.fixture
def mirrors(upstream: Product) -> Iterator[tuple[Product, Product]]:
    """One with the same paths and one below a prefix, which is the first choice."""
    of = record(upstream.url, "up")
    with (
        product("mirror-root", upstream.store) as root,
        product("mirror-prefix", upstream.store) as prefix,
    ):
        record(root.url, "root", mirror_of=of, mirror_kind="root")
        more = {"mirror_kind": "prefix", "mirror_prefix": "hub-cache"}
        record(prefix.url, "prefix", mirror_of=of, mirror_chosen=of.created, **more)
        yield root, prefix


def asked(fake: FakeEngine) -> list[str]:
    return [
        f"{each.query['fromImage']}@{each.query['tag']}"
        for each in fake.asked("POST /images/create")
    ]


def test_a_mirror_gives_what_the_registry_has_and_the_name_is_the_one_asked_for(
    fake: FakeEngine, upstream: Product, mirrors: tuple[Product, Product], operator: User
) -> None:
    job = worked(transfers.pull(operator, "lab", f"{upstream.address}/lab/web:1"))
    assert job.state == "succeeded", job.error
    assert asked(fake) == [f"{mirrors[1].address}/hub-cache/lab/web@{DIGEST}"]
    assert job.result
    assert (job.result["mirror"], job.result["digest"]) == ("prefix", DIGEST)
    assert fake.daemon.find_image(f"{upstream.address}/lab/web:1").id == job.result["id"]
    assert "pulled from the mirror prefix" in text(job)


def test_a_mirror_that_is_behind_is_passed_over_and_one_that_fails_is_not_the_last(
    fake: FakeEngine, upstream: Product, mirrors: tuple[Product, Product], operator: User
) -> None:
    mirrors[1].protocol.store = type(upstream.store)()
    other = mirrors[1].protocol.store.image("lab/web", "1")
    job = worked(transfers.pull(operator, "lab", f"{upstream.address}/lab/web:1"))
    assert asked(fake) == [f"{mirrors[0].address}/lab/web@{DIGEST}"]
    assert job.result
    assert job.result["mirror"] == "root"
    assert f"passed over, it has {other}" in text(job)


def test_without_a_mirror_that_has_it_the_registry_gives_it(
    fake: FakeEngine, upstream: Product, mirrors: tuple[Product, Product], operator: User
) -> None:
    for mirror in mirrors:
        mirror.protocol.store = type(upstream.store)()
    name = f"{upstream.address}/lab/web:1"
    job = worked(transfers.pull(operator, "lab", name))
    assert asked(fake) == [f"{upstream.address}/lab/web@1"]
    assert job.result == {"id": fake.daemon.find_image(name).id, "digest": DIGEST}
    assert "from no mirror" in text(job)


# -- On real engines and registries -----------------------------------------------------------


@pytest.fixture
def box(docker: Dockerd, lab_registry: Registry, host: Host) -> Iterator[str]:
    """An image in the registry that is on no engine."""
    Host.objects.update(url=docker.url)
    name = f"{lab_registry.address}/mirrored/box:1"
    docker.cli("tag", IMAGE, name)
    docker.cli("push", "-q", name)
    docker.api("DELETE", f"/images/{name}")
    yield name
    docker.cli("rmi", "-f", name)


@pytest.mark.engine
def test_a_real_pull_through_mirror_is_tried_first_and_then_the_registry(
    docker: Dockerd, lab_registry: Registry, box: str, operator: User
) -> None:
    url = f"http://{lab_registry.address}"
    of = record(url, "up")
    with Client(Target(url)) as client:
        digest = client.head("mirrored/box", "1")
    with registry(upstream=url) as cache:
        record(f"http://{cache.address}", "cache", mirror_of=of, mirror_kind="root")
        job = worked(transfers.pull(operator, "lab", box))
        assert job.state == "succeeded", job.error
        with Engine(docker.connection) as engine:
            image = engine.image(box)
        assert job.result == {"id": image.id, "digest": digest, "mirror": "cache"}
        assert "pulled from the mirror cache" in text(job)
        named = docker.cli("inspect", "-f", "{{.RepoDigests}}", box)
        assert f"{cache.address}/mirrored/box@{digest}" in named  # it came through it
        docker.cli("rmi", "-f", box)
    job = worked(transfers.pull(operator, "lab", box))
    assert job.state == "succeeded", job.error
    assert job.result == {"id": image.id, "digest": digest}
    assert "cache" in text(job)


@pytest.mark.engine
def test_an_engine_signs_in_where_the_record_has_a_password_and_only_then(
    docker: Dockerd, guarded_registry: Registry, host: Host, operator: User
) -> None:
    Host.objects.update(url=docker.url)
    with Engine(docker.connection) as engine:
        reconcile(host, engine.images(), 1)
    safe = record(f"http://{guarded_registry.address}", "safe")
    name = f"{guarded_registry.address}/signed/box:1"
    refused = worked(transfers.push(operator, "lab", name, IMAGE))
    assert (refused.state, "no basic auth" in refused.error) == ("failed", True), refused.error
    safe.username, safe.password_sealed = MEMBER[0], seal(safe, "password_sealed", MEMBER[1])
    safe.save()
    pushed = worked(transfers.push(operator, "lab", name, IMAGE))
    assert pushed.state == "succeeded", pushed.error
    assert pushed.result
    assert pushed.result["confirmed"]
    docker.api("DELETE", f"/images/{name}")
    pulled = worked(transfers.pull(operator, "lab", name))
    assert pulled.state == "succeeded", pulled.error
    assert pulled.result
    assert pulled.result["digest"] == pushed.result["digest"]
    assert MEMBER[1] not in text(pushed) + text(pulled)
    docker.api("DELETE", f"/images/{name}")
