"""A private registry made on a real engine: signed in to, recorded, and trusted or not."""

from collections.abc import Iterator

import pytest
from celery import current_app

from accounts_app.models import AuditEntry, User
from hosts_app.connections import engine_for
from hosts_app.models import Host
from jobs_app.models import Job
from registries_app.credentials import target_of
from registries_app.making.trust import trust_of
from registries_app.models import Registry
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import AuthFailed
from registries_app.protocol.targets import Target
from tests.lab.dockerd import IMAGE, Dockerd, free_port
from tests.lab.registry_image import REGISTRY_IMAGE, load_registry_image
from tests.unit.script import Script

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def place(docker: Dockerd, host: Host) -> Iterator[Host]:
    host.url = docker.url
    host.save()
    load_registry_image(docker)
    yield host
    docker.clear()
    docker.api("DELETE", "/volumes/registry-vault?force=1")
    engine_for(host).remove_image(REGISTRY_IMAGE)


def worked(number: int) -> Job:
    job = Job.objects.get(pk=number)
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def test_it_runs_asks_for_its_sign_in_deletes_and_is_recorded(
    admin: User, place: Host, docker: Dockerd
) -> None:
    port = free_port()
    asked = Script(admin).post(
        "hosts/lab/registries",
        {
            "name": "Vault",
            "image": REGISTRY_IMAGE,
            "port": port,
            "username": "ann",
            "password": "canary-77",
        },
    )
    assert asked.status == 202, asked.body
    job = worked(asked.body["id"])
    assert (job.state, job.error) == ("succeeded", "")
    assert "canary-77" not in str([*AuditEntry.objects.values(), *Job.objects.values("params")])
    registry = Registry.objects.get(slug="vault")
    assert registry.capabilities["deletes"]
    assert registry.capabilities["auth"] == "basic"
    with Client(target_of(registry)) as client:
        assert client.catalog().names == ()
    with Client(Target(registry.url)) as anonymous, pytest.raises(AuthFailed):
        anonymous.ping()
    made = docker.api("GET", "/containers/json")[0]
    assert made["Names"] == ["/registry-vault"]
    assert made["Mounts"][0]["Name"] == "registry-vault"
    [trusts] = trust_of([place], registry)  # loopback needs no encryption
    assert trusts.state == "trusts"


def test_one_that_ends_at_once_is_told_and_leaves_nothing_but_its_last_words(
    admin: User, place: Host, docker: Dockerd
) -> None:
    body = {"name": "Vault", "image": IMAGE, "port": free_port()}
    asked = Script(admin).post("hosts/lab/registries", body)
    job = worked(asked.body["id"])
    assert job.state == "failed"
    assert "registry-vault was removed" in job.error
    assert docker.api("GET", "/containers/json?all=1") == []
    assert not Registry.objects.exists()


def test_an_engine_says_what_keeps_it_from_a_registry(place: Host) -> None:
    def state(domain: str) -> str:
        registry = Registry(slug="x", name="x", url=f"http://{domain}", domain=domain)
        [found] = trust_of([place], registry)
        return found.state

    assert state(f"127.0.0.1:{free_port()}") == "unreachable"
