"""Every deed on a container, asked through services, done by workers' tasks, on real engines."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from celery import current_app
from django.http import QueryDict

from accounts_app.models import AuditEntry, User
from containers_app import listing, services, settle, tasks
from containers_app.live_reads import detail, events_of, inspected, sizes_of
from containers_app.models import Container
from core.errors import NotFound
from engine.client import Engine
from hosts_app.connections import connection_for, engine_for
from hosts_app.models import Host
from inventory_app.reconcile import read_containers, read_images
from jobs_app import settle as jobs_settle
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine
from tests.lab.dockerd import IMAGE, Dockerd, free_port, until

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
OBEDIENT = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")


@pytest.fixture
def place(docker: Dockerd, host: Host) -> Iterator[Host]:
    host.url = docker.url
    host.save()
    yield host
    docker.clear()


@pytest.fixture
def web(docker: Dockerd, place: Host) -> Container:
    docker.run("web", OBEDIENT)
    read_all(place)
    return Container.objects.get(name="web")


def read_all(place: Host) -> None:
    """The rows as the engine lists them now."""
    read_images(place, engine_for(place))
    read_containers(place, engine_for(place), {})


def do(actor: User, action: str, container: Container, **options: Any) -> Job:
    """Ask for it, and be the worker that does it."""
    job = services.act(actor, action, "lab", container.docker_id, options)
    return worked(job)


def worked(job: Job) -> Job:
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def state_of(docker: Dockerd, name: str) -> str:
    state: str = docker.api("GET", f"/containers/{name}/json")["State"]["Status"]
    return state


def test_stop_and_start(docker: Dockerd, web: Container, operator: User) -> None:
    assert do(operator, "stop", web, timeout=5).state == "succeeded"
    assert state_of(docker, "web") == "exited"
    assert do(operator, "stop", web).state == "succeeded"  # stopped already: what was wanted
    assert do(operator, "start", web).state == "succeeded"
    assert state_of(docker, "web") == "running"


def test_a_grace_period_of_none_kills_at_once(
    docker: Dockerd, place: Host, operator: User
) -> None:
    docker.run("stubborn")
    read_all(place)
    job = do(operator, "stop", Container.objects.get(name="stubborn"), timeout=0)
    assert job.state == "succeeded"
    assert docker.api("GET", "/containers/stubborn/json")["State"]["ExitCode"] == 137


def test_restart(docker: Dockerd, web: Container, operator: User) -> None:
    before = docker.api("GET", "/containers/web/json")["State"]["StartedAt"]
    assert do(operator, "restart", web, timeout=2).state == "succeeded"
    after = docker.api("GET", "/containers/web/json")["State"]
    assert (after["Running"], after["StartedAt"] > before) == (True, True)


def test_pause_and_unpause(docker: Dockerd, web: Container, operator: User) -> None:
    assert do(operator, "pause", web).state == "succeeded"
    assert state_of(docker, "web") == "paused"
    again = do(operator, "pause", web)
    assert (again.state, "already paused" in again.error) == ("failed", True)
    assert do(operator, "unpause", web).state == "succeeded"
    assert state_of(docker, "web") == "running"


@pytest.mark.parametrize(("signal", "code"), [("SIGKILL", 137), ("TERM", 0)])
def test_kill_sends_the_signal(
    docker: Dockerd, web: Container, operator: User, signal: str, code: int
) -> None:
    assert do(operator, "kill", web, signal=signal).state == "succeeded"
    assert docker.wait(web.docker_id) == code


def test_rename(docker: Dockerd, web: Container, operator: User) -> None:
    docker.create("taken")
    assert do(operator, "rename", web, name="shop").state == "succeeded"
    assert docker.api("GET", f"/containers/{web.docker_id}/json")["Name"] == "/shop"
    refused = do(operator, "rename", web, name="taken")
    assert (refused.state, "already in use" in refused.error) == ("failed", True)


def test_remove_as_it_was_asked(docker: Dockerd, web: Container, operator: User) -> None:
    refused = do(operator, "remove", web)
    assert (refused.state, "stop" in refused.error.lower()) == ("failed", True)
    assert do(operator, "remove", web, force=True).state == "succeeded"
    assert docker.api("GET", "/containers/json?all=1") == []
    web.refresh_from_db()
    assert web.gone


def test_what_is_gone_before_its_row_is_told_fails(
    docker: Dockerd, web: Container, operator: User
) -> None:
    docker.api("DELETE", f"/containers/{web.docker_id}?force=1")
    again = services.act(operator, "stop", "lab", web.docker_id, {})
    assert worked(again).state == "failed"


def test_removal_takes_anonymous_volumes_only_when_asked(
    docker: Dockerd, place: Host, operator: User
) -> None:
    for volumes, left in ((False, 1), (True, 0)):
        docker.create("vol", host={"Mounts": [{"Type": "volume", "Target": "/data"}]})
        read_all(place)
        row = Container.objects.get(name="vol", gone=None)
        assert do(operator, "remove", row, volumes=volumes).state == "succeeded"
        found = docker.api("GET", "/volumes")["Volumes"] or []
        assert len(found) == left
        for volume in found:
            docker.api("DELETE", f"/volumes/{volume['Name']}")
        read_all(place)


def test_run(docker: Dockerd, place: Host, operator: User) -> None:
    read_all(place)
    said = {
        "image": IMAGE,
        "name": "made",
        "command": list(OBEDIENT),
        "environment": {"TOKEN": "s3cret"},
        "labels": {"team": "sea"},
        "mounts": [{"type": "tmpfs", "target": "/tmp"}],
        "restart": "on-failure:2",
        "network": "none",
    }
    job = worked(services.run(operator, "lab", said))
    assert job.state == "succeeded", job.error
    made = docker.api("GET", "/containers/made/json")
    assert made["State"]["Running"]
    assert "TOKEN=s3cret" in made["Config"]["Env"]
    assert made["Config"]["Labels"] == {"team": "sea", "quarterdeck.job": str(job.key)}
    assert made["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 2}
    assert job.result == {"id": made["Id"]}


def test_a_published_port_answers_and_is_on_the_row(
    docker: Dockerd, place: Host, operator: User
) -> None:
    read_all(place)
    port = free_port()
    said = {
        "image": IMAGE,
        "name": "site",
        "command": ["sh", "-c", "echo ahoy > /index.html; exec busybox httpd -f -p 80"],
        "ports": [{"container": 80, "host": port, "protocol": "tcp", "address": "127.0.0.1"}],
    }
    job = worked(services.run(operator, "lab", said))
    assert job.state == "succeeded", job.error
    until(lambda: _page(port) == "ahoy\n", "the page of the container")
    read_all(place)
    (published,) = Container.objects.get(name="site").ports
    assert (published["container"], published["host"]) == (80, port)


def _page(port: int) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_a_run_that_cannot_start_keeps_the_engines_words(
    docker: Dockerd, place: Host, operator: User
) -> None:
    read_all(place)
    said = {"image": IMAGE, "command": ["no-such-program"], "network": "none"}
    job = worked(services.run(operator, "lab", said))
    assert (job.state, "no-such-program" in job.error) == ("failed", True)


def test_a_worker_killed_between_create_and_start_makes_no_second_one(
    docker: Dockerd, place: Host, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: what the first attempt made is found by its label, and started."""
    read_all(place)

    class Killed(BaseException):
        pass

    def die(*_args: object) -> None:
        raise Killed

    said = {"image": IMAGE, "command": list(OBEDIENT), "network": "none"}
    job = services.run(operator, "lab", said)
    with monkeypatch.context() as death:
        death.setattr(settle, "act", die)
        with pytest.raises(Killed):
            tasks.run_container(job.pk)
    Job.objects.filter(pk=job.pk).update(state="queued", owner="", lease=None)  # the reaper
    job = worked(job)
    assert (job.state, job.attempt) == ("succeeded", 2)
    (only,) = docker.api("GET", "/containers/json?all=1")
    assert (only["Id"], only["State"]) == (job.target, "running")


def test_a_bulk_does_all_and_tells_of_each(docker: Dockerd, place: Host, operator: User) -> None:
    for name in ("aa", "bb", "cc"):
        docker.run(name, OBEDIENT)
    read_all(place)
    rows = list(Container.objects.order_by("name"))
    docker.api("DELETE", f"/containers/{rows[2].docker_id}?force=1")
    targets = [("lab", row.docker_id) for row in rows]
    job = worked(services.bulk(operator, "stop", targets, {"timeout": 5}))
    states = dict(job.children.values_list("target_name", "state"))
    assert states == {"aa": "succeeded", "bb": "succeeded", "cc": "failed"}
    assert (job.state, job.result) == ("failed", {"succeeded": 2, "failed": 1})


def test_a_prune_spares_what_was_not_previewed(
    docker: Dockerd, web: Container, operator: User
) -> None:
    for name in ("old", "new"):
        docker.create(name)
    read_all(web.host)
    previewed = services.prune_preview(operator, listing.read(QueryDict("q=old")))
    assert [each.container.name for each in previewed] == ["old"]
    assert previewed[0].size_bytes == 0
    targets = [("lab", each.container.docker_id) for each in previewed]
    assert worked(services.prune(operator, targets)).state == "succeeded"
    left = {each["Names"][0] for each in docker.api("GET", "/containers/json?all=1")}
    assert left == {"/web", "/new"}


def test_what_pages_read_of_an_engine(docker: Dockerd, web: Container, operator: User) -> None:
    docker.api("POST", f"/containers/{web.docker_id}/pause")
    docker.api("POST", f"/containers/{web.docker_id}/unpause")
    assert detail(web).state == "running"
    assert inspected(web)["Name"] == "/web"
    assert [event.action for event in events_of(web)][:4] == [
        "unpause",
        "pause",
        "start",
        "create",
    ]
    assert sizes_of([web]) == {(web.host_id, web.docker_id): 0}
    docker.api("DELETE", f"/containers/{web.docker_id}?force=1")
    with pytest.raises(NotFound):
        detail(web)


# -- Answers that do not come (R5) -------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Callable[[Host], Engine]:
    """Deadlines and looks of tenths of seconds, so that silence can be waited out."""
    monkeypatch.setattr(jobs_settle, "LOOK_S", 0.05)
    monkeypatch.setattr(jobs_settle, "LOOK_FOR_S", 1.0)
    monkeypatch.setattr("engine.client.CHANGE_S", 0.3)
    monkeypatch.setattr("engine.client.STOP_MARGIN_S", 0.3)
    engines: dict[str, Engine] = {}  # shared as in a worker: each asks for the version once

    def engine(host: Host) -> Engine:
        made = Engine(connection_for(host), timeout_s=0.3)
        return engines.setdefault(host.url, made)

    monkeypatch.setattr(jobs_settle, "engine_for", engine)
    monkeypatch.setattr(tasks, "engine_for", engine)
    return engine


def test_a_stop_at_a_frozen_engine_is_checked_and_ends_with_the_truth(
    mortal_docker: Dockerd,
    host: Host,
    operator: User,
    hasty: Callable[[Host], Engine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host.url = mortal_docker.url
    host.save()
    mortal_docker.run("web", OBEDIENT)
    read_all(host)
    row = Container.objects.get(name="web")
    job = services.act(operator, "stop", "lab", row.docker_id, {"timeout": 1})
    hasty(host).version()
    mortal_docker.pause()
    thawed = threading.Timer(1.9, mortal_docker.resume)  # after the call gave up, 1.3 s
    thawed.start()
    monkeypatch.setattr(jobs_settle, "LOOK_FOR_S", 8.0)
    worked(job)
    thawed.join()
    lines = list(job.lines.values_list("text", flat=True))
    assert any(line.startswith("no answer") for line in lines)
    assert lines[-2:] == ["the engine has done it", "succeeded"]
    assert (job.state, state_of(mortal_docker, "web")) == ("succeeded", "exited")
    outcomes = list(AuditEntry.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["requested", "succeeded"]


def test_silence_that_never_ends_is_an_unknown_outcome(
    host: Host, operator: User, hasty: Callable[[Host], Engine]
) -> None:
    with FakeEngine() as fake:
        host.url = fake.url
        host.save()
        row = make.container(host, docker_id=fake.add_container("web"))
        fake.silence("POST /containers/.*/stop")
        job = do(operator, "stop", row, timeout=0)
    assert job.state == "unknown"
    assert "did not answer" in job.error
    outcomes = list(AuditEntry.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["requested", "unknown"]
    assert len(fake.asked("POST /containers/.*/stop")) == 1  # never sent twice


def test_while_it_is_checked_the_job_says_so(
    host: Host, operator: User, hasty: Callable[[Host], Engine]
) -> None:
    said: list[str] = []
    with FakeEngine() as fake:
        host.url = fake.url
        host.save()
        row = make.container(host, docker_id=fake.add_container("web"))
        fake.silence("POST /containers/.*/stop", acts=True)
        job = services.act(operator, "stop", "lab", row.docker_id, {"timeout": 0})
        look = settle._look

        def watched(engine: Engine, docker_id: str) -> Any:
            said.append(Job.objects.get(pk=job.pk).text)
            return look(engine, docker_id)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settle, "_look", watched)
            worked(job)
    assert job.state == "succeeded"
    assert said[0] == "No answer; checking what the engine did."


def test_a_kill_whose_answer_is_lost_is_found_out_too(
    host: Host, operator: User, hasty: Callable[[Host], Engine]
) -> None:
    with FakeEngine() as fake:
        host.url = fake.url
        host.save()
        row = make.container(host, docker_id=fake.add_container("web"))
        fake.silence("POST /containers/.*/kill", acts=True)
        assert do(operator, "kill", row).state == "succeeded"
        other = make.container(host, "db", docker_id=fake.add_container("db"))
        assert do(operator, "kill", other, signal="SIGUSR1").state == "unknown"  # nobody can tell
