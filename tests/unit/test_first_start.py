"""Who may start what reaches its host (B8): the first start is an administrator's."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts_app.models import User
from containers_app import tasks
from hosts_app.models import Host
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine

REACHES: dict[str, dict[str, Any]] = {
    "privileged": {"Privileged": True},
    "host processes": {"PidMode": "host"},
    "host network": {"NetworkMode": "host"},
    "wide capability": {"CapAdd": ["SYS_ADMIN"]},
}
reaching = pytest.mark.parametrize("set_up", REACHES.values(), ids=REACHES.keys())


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def place(fake: FakeEngine, host: Host) -> Host:
    host.url = fake.url
    host.save()
    return host


def start(fake: FakeEngine, who: User, place: Host, docker_id: str, kind: str = "start") -> Job:
    job = make.job(who, place, f"container.{kind}", target=docker_id)
    {"start": tasks.start_container, "restart": tasks.restart_container}[kind](job.pk)
    job.refresh_from_db()
    return job


def made(fake: FakeEngine, set_up: dict[str, Any]) -> str:
    docker_id = fake.add_container("agent", state="created")
    fake.daemon.containers[docker_id].host_config |= set_up
    return docker_id


@reaching
@pytest.mark.parametrize("kind", ["start", "restart"])
def test_an_operator_does_not_start_it_first(
    fake: FakeEngine, place: Host, operator: User, set_up: dict[str, Any], kind: str
) -> None:
    job = start(fake, operator, place, made(fake, set_up), kind)
    assert job.state == "failed"
    assert "Only an administrator of the host" in job.error
    assert fake.asked("POST") == []


@reaching
def test_an_administrator_does(
    fake: FakeEngine, place: Host, host_admin: User, set_up: dict[str, Any]
) -> None:
    assert start(fake, host_admin, place, made(fake, set_up)).state == "succeeded"


@reaching
def test_an_operator_starts_again_what_has_run(
    fake: FakeEngine, place: Host, host_admin: User, operator: User, set_up: dict[str, Any]
) -> None:
    docker_id = made(fake, set_up)
    start(fake, host_admin, place, docker_id)
    with fake.daemon.lock:
        fake.daemon.die(fake.daemon.containers[docker_id], exit_code=0)
    assert start(fake, operator, place, docker_id).state == "succeeded"


def test_an_ordinary_one_is_anybodys_who_operates(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    assert start(fake, operator, place, made(fake, {})).state == "succeeded"
