"""An operator stops a container."""

from typing import cast

import pytest
from django.db.models import F
from django.test import Client

from accounts_app.models import AuditEntry, User
from containers_app import settle, tasks
from containers_app.inventory import read_one
from containers_app.models import Container
from engine.client import Engine
from engine.errors import Down, EngineError, TimedOut
from engine.types import ContainerSummary
from hosts_app.connections import engine_for
from hosts_app.models import Host
from jobs_app import settle as jobs_settle
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine


class Stopper:
    """Stops what it is told to, or raises what it was given."""

    def __init__(self) -> None:
        self.stopped: list[tuple[str, int]] = []
        self.error: EngineError | None = None

    def stop(self, container_id: str, *, grace_s: int) -> None:
        if self.error:
            raise self.error
        self.stopped.append((container_id, grace_s))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Stopper:
    fake = Stopper()
    monkeypatch.setattr(jobs_settle, "engine_for", lambda _host: fake)
    return fake


def stop(client: Client, container: Container, **fields: str) -> int:
    target = f"{container.host.slug}/{container.docker_id}"
    answer = client.post(
        "/containers/act/",
        {"action": "stop", "target": target, **fields},
        headers={"accept": "application/json"},
    )
    return answer.status_code


def test_an_operator_queues_one_job(client: Client, operator: User, container: Container) -> None:
    make.session(client, operator)
    assert stop(client, container, timeout="3") == 202
    job = Job.objects.get()
    assert (job.kind, job.target, job.state) == ("container.stop", container.docker_id, "queued")
    assert job.params == {"timeout": 3}


def test_the_trail_has_it_before_the_engine_does(
    client: Client, operator: User, container: Container
) -> None:
    make.session(client, operator)
    stop(client, container)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.outcome, entry.actor) == (
        "container.stop",
        "requested",
        "operator",
    )
    assert entry.job == Job.objects.get().pk


def test_the_row_says_stopping_for_every_viewer(
    client: Client, operator: User, viewer: User, container: Container
) -> None:
    make.session(client, operator)
    stop(client, container)
    other = Client()
    make.session(other, viewer)
    assert "Stopping…" in other.get("/containers/").content.decode()


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_nobody_else_can(
    client: Client, request: pytest.FixtureRequest, container: Container, who: str, status: int
) -> None:
    user = request.getfixturevalue(who)
    make.session(client, user)
    assert stop(client, container) == status
    assert not Job.objects.exists()


def test_a_name_instead_of_the_full_id_is_refused(
    client: Client, operator: User, container: Container
) -> None:
    make.session(client, operator)
    answer = client.post("/containers/act/", {"action": "stop", "target": "lab/web"})
    assert answer.status_code == 409


def test_the_worker_stops_it_once(engine: Stopper, operator: User, container: Container) -> None:
    job = make.job(operator, container.host, target=container.docker_id, params={"timeout": 3})
    tasks.stop_container(job.pk)
    tasks.stop_container(job.pk)  # delivered twice
    assert engine.stopped == [(container.docker_id, 3)]
    job.refresh_from_db()
    assert (job.state, job.progress) == ("succeeded", 1.0)
    assert AuditEntry.objects.get().outcome == "succeeded"


def test_an_unreachable_engine_fails_the_job_in_its_own_words(
    engine: Stopper, operator: User, container: Container
) -> None:
    engine.error = Down("connection refused")
    job = make.job(operator, container.host, target=container.docker_id)
    tasks.stop_container(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "connection refused")


def test_a_lost_answer_is_looked_up_and_not_guessed(
    engine: Stopper,
    operator: User,
    container: Container,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine.error = TimedOut("no answer in 20 s")
    monkeypatch.setattr(settle, "_look", lambda _engine, _id: None)  # it is gone, so stopped
    job = make.job(operator, container.host, target=container.docker_id)
    tasks.stop_container(job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert "no answer: no answer in 20 s" in job.lines.values_list("text", flat=True)


def test_rights_lost_meanwhile_fail_the_job(
    engine: Stopper, operator: User, container: Container
) -> None:
    job = make.job(operator, container.host, target=container.docker_id)
    operator.grants.all().delete()
    tasks.stop_container(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error.startswith("Rights changed")
    assert engine.stopped == []


def test_when_the_job_has_ended_the_row_says_what_the_engine_says(
    operator: User, host: Host
) -> None:
    """And not for a moment again what was true before: no event has been read here."""
    with FakeEngine() as fake:
        Host.objects.filter(pk=host.pk).update(url=fake.url)
        row = make.container(host, "web", docker_id=fake.add_container("web"))
        job = make.job(operator, host, target=row.docker_id)
        tasks.stop_container(job.pk)
    job.refresh_from_db()
    row.refresh_from_db()
    assert (job.state, row.state) == ("succeeded", "exited")


def test_a_row_that_was_written_meanwhile_is_left_as_it_is(operator: User, host: Host) -> None:
    with FakeEngine() as fake:
        Host.objects.filter(pk=host.pk).update(url=fake.url)
        host.refresh_from_db()
        row = make.container(host, "web", docker_id=fake.add_container("web"))

        class Slow:
            def containers(self, ids: list[str]) -> list[ContainerSummary]:
                listed = engine_for(host).containers(ids)
                Container.objects.update(state="paused", version=F("version") + 1)
                return listed

        read_one(host, cast("Engine", Slow()), row.docker_id)
    row.refresh_from_db()
    assert row.state == "paused"
