"""What the API asks an engine itself: inspect, log and reveal, all of them bounded."""

import json
from collections.abc import Iterator

import pytest

from accounts_app.models import AuditEntry, User
from containers_app.api import READS
from containers_app.models import Container
from hosts_app.models import Host
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, fields, is_problem


@pytest.fixture
def engine(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        Host.objects.filter(pk=host.pk).update(url=fake.url)
        yield fake


@pytest.fixture
def container(host: Host, engine: FakeEngine) -> Container:
    docker_id = engine.add_container("web")
    engine.daemon.containers[docker_id].config["Env"] = ["TOKEN=hunter2", "MODE=fast"]
    for text in ("one", "two <b>", "three"):
        engine.daemon.log(engine.daemon.containers[docker_id], text)
    engine.daemon.log(engine.daemon.containers[docker_id], "oops", stream=2)
    host.refresh_from_db()
    return make.container(host, "web", docker_id=docker_id)


@pytest.fixture
def script(viewer: User) -> Script:
    return Script(viewer, "read")


PATH = "hosts/lab/containers/web"


def test_inspect_is_the_engine_s_json_without_secrets(
    script: Script, container: Container
) -> None:
    answer = script.get(f"{PATH}/inspect")
    assert answer.status == 200
    assert answer.body["Id"] == container.docker_id
    assert b"hunter2" not in answer.content
    assert any(each.startswith("TOKEN=") for each in answer.body["Config"]["Env"])


def test_the_log_comes_as_text(script: Script, container: Container) -> None:
    answer = script.get(f"{PATH}/logs")
    assert answer.content == b"one\ntwo <b>\nthree\noops\n"
    assert answer.type == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in answer.headers


def test_the_log_comes_as_one_object_a_line(script: Script, container: Container) -> None:
    answer = script.get(f"{PATH}/logs?format=ndjson&tail=2")
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert [(line["stream"], line["text"]) for line in lines] == [
        ("out", "three"),
        ("err", "oops"),
    ]
    assert lines[0]["ts"].endswith("Z")
    assert answer.type == "application/x-ndjson"


def test_the_log_is_cut_by_time(script: Script, container: Container) -> None:
    assert script.get(f"{PATH}/logs?until=2001-01-01T00:00:00Z").content == b""
    assert script.get(f"{PATH}/logs?since=1000000000").content.count(b"\n") == 4


def test_pieces_of_a_long_line_are_one_line(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    engine.daemon.log(engine.daemon.containers[container.docker_id], "x" * 200_000)
    assert script.get(f"{PATH}/logs?tail=all").content.endswith(b"\n" + b"x" * 200_000 + b"\n")


@pytest.mark.parametrize(
    "query",
    [
        "tail=x",
        "tail=-1",
        "tail=100001",
        "since=soon",
        "until=1e9",
        "before=x",
        "format=xml",
        "follow=1",
    ],
)
def test_a_bound_that_makes_no_sense_is_named(
    script: Script, container: Container, query: str
) -> None:
    assert fields(script.get(f"{PATH}/logs?{query}")) == {query.partition("=")[0]}


@pytest.mark.parametrize("what", ["inspect", "logs"])
def test_an_engine_that_fails_is_502_with_its_words(
    script: Script, container: Container, engine: FakeEngine, what: str
) -> None:
    engine.fail("GET .*/containers/", 500, "the disk fell off")
    answer = script.get(f"{PATH}/{what}")
    assert is_problem(answer, 502, "refused")
    assert "the disk fell off" in answer.body["detail"]


@pytest.mark.parametrize("what", ["inspect", "logs"])
def test_an_engine_that_is_silent_is_504(
    script: Script, container: Container, engine: FakeEngine, what: str
) -> None:
    engine.silence("GET .*/containers/")
    assert is_problem(script.get(f"{PATH}/{what}"), 504, "timed_out")


def test_a_log_that_stalls_is_504(
    script: Script,
    container: Container,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("containers_app.logs.reads.READ_S", 0.3)
    engine.silence("GET .*/logs")
    assert is_problem(script.get(f"{PATH}/logs"), 504, "timed_out")


def test_a_host_known_to_be_down_is_not_asked(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    Host.objects.update(state=Host.State.DOWN, error="connection refused")
    answer = script.get(f"{PATH}/inspect")
    assert is_problem(answer, 502, "unreachable")
    assert answer.body["detail"] == "connection refused"
    assert not engine.requests


def test_a_container_that_has_just_gone_is_404(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    engine.daemon.containers.clear()
    assert is_problem(script.get(f"{PATH}/inspect"), 404, "not_found")


def test_one_person_gets_some_places_and_no_more(
    script: Script, viewer: User, container: Container
) -> None:
    with READS.place(viewer.pk), READS.place(viewer.pk), READS.place(viewer.pk):
        assert script.get(f"{PATH}/logs").status == 200
        with READS.place(viewer.pk):
            answer = script.get(f"{PATH}/logs")
    assert is_problem(answer, 429, "rate_limited")
    assert answer.headers["Retry-After"] == "2"
    assert script.get(f"{PATH}/logs").status == 200


def test_an_administrator_reveals_values_by_name_and_the_trail_says_so(
    host_admin: User, container: Container
) -> None:
    path = f"hosts/lab/containers/{container.docker_id}/reveal"
    answer = Script(host_admin).post(path, {"names": ["TOKEN"]})
    assert answer.body == {"values": {"TOKEN": "hunter2"}}
    assert AuditEntry.objects.get(action="container.reveal").params == {"names": ["TOKEN"]}
    assert "hunter2" not in str(list(AuditEntry.objects.values()))


def test_reading_changes_nothing_on_the_engine(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    script.get(f"{PATH}/inspect")
    script.get(f"{PATH}/logs")
    assert engine.asked("GET")
    assert not engine.asked("(POST|PUT|DELETE)")
