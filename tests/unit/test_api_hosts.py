"""Hosts over the API."""

from collections.abc import Iterator

import pytest

from accounts_app.models import AuditEntry, User
from hosts_app.models import Host
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, fields, is_problem


@pytest.fixture
def script(admin: User) -> Script:
    return Script(admin)


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


def test_a_host_has_exactly_the_promised_fields(script: Script, host: Host) -> None:
    Host.objects.update(engine={"version": "20.10.24", "memory": 5, "id": "secret"})
    answer = script.get("hosts/lab").body
    assert set(answer) == {
        "slug", "name", "url", "state", "engine", "labels", "address", "as_of", "error",
    }  # fmt: skip
    assert set(answer["engine"]) == {"version", "api", "os", "arch", "cpus", "memory"}
    assert answer["as_of"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["attic", "lab"]),
        ("?sort=-name", ["lab", "attic"]),
        ("?state=down", ["attic"]),
        ("?label=tier", ["attic"]),
        ("?label=tier=back", ["attic"]),
        ("?label=tier=front", []),
        ("?q=LA", ["lab"]),
    ],
)
def test_hosts_are_filtered_and_sorted(
    script: Script, host: Host, query: str, names: list[str]
) -> None:
    make.host("attic", state=Host.State.DOWN, labels={"tier": "back"})
    assert [item["name"] for item in script.get(f"hosts{query}").body["items"]] == names


@pytest.mark.parametrize("query", ["state=sleepy", "sort=colour", "colour=red"])
def test_a_filter_that_makes_no_sense_is_named(script: Script, host: Host, query: str) -> None:
    assert fields(script.get(f"hosts?{query}")) == {query.partition("=")[0]}


def test_a_host_is_added_once_its_engine_has_answered(script: Script, engine: FakeEngine) -> None:
    answer = script.post("hosts", {"name": "Lab 2", "url": engine.url, "labels": {"a": "b"}})
    assert answer.status == 201
    assert answer.body["slug"] == "lab-2"
    assert answer.body["labels"] == {"a": "b"}
    assert Host.objects.get(slug="lab-2").url == engine.url
    assert AuditEntry.objects.filter(action="host.create").count() == 1
    assert not engine.asked("(POST|PUT|DELETE)")


def test_a_failed_test_saves_nothing_and_tells_its_steps(script: Script) -> None:
    answer = script.post("hosts", {"name": "box", "url": "unix:///nowhere/docker.sock"})
    assert is_problem(answer, 422, "check_failed")
    assert set(answer.body["steps"][0]) == {"step", "ok", "ms", "detail"}
    assert not answer.body["steps"][-1]["ok"]
    assert not Host.objects.exclude(slug="lab").exists()


def test_save_anyway_saves_it_untested(script: Script) -> None:
    body = {"name": "box", "url": "unix:///nowhere/docker.sock", "save_anyway": True}
    answer = script.post("hosts", body)
    assert (answer.status, answer.body["state"]) == (201, "unchecked")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"name", "url"}),
        ({"name": "box", "url": "ssh://-oProxyCommand=x"}, {"url"}),
        ({"name": "box", "url": "unix:///x", "privileged": True}, {"privileged"}),
        ({"name": 7, "url": None}, {"name", "url"}),
        ({"name": "box", "url": "unix:///x", "labels": {"a": 1}}, {"labels.a"}),
        ({"name": "box", "url": "unix:///x", "save_anyway": "yes"}, {"save_anyway"}),
        ({"name": "a\ud800b", "url": "unix:///x"}, {"name"}),
        ({"name": "a\x00b", "url": "unix:///x"}, {"name"}),
        ({"name": "box", "url": "tcp://127.0.0.1:2375"}, {"unprotected_ok"}),
    ],
)
def test_a_host_that_makes_no_sense_is_refused(
    script: Script, body: object, wrong: set[str]
) -> None:
    assert fields(script.post("hosts", body)) == wrong
    assert not Host.objects.exclude(slug="lab").exists()


def test_changing_the_name_asks_no_engine(script: Script, host: Host) -> None:
    answer = script.ask("PATCH", "hosts/lab", {"name": "Lab", "address": "lab.example"})
    assert answer.status == 200
    assert (answer.body["name"], answer.body["address"]) == ("Lab", "lab.example")
    assert Host.objects.get().url == host.url


def test_a_changed_connection_is_tested(script: Script, host: Host, engine: FakeEngine) -> None:
    failed = script.ask("PATCH", "hosts/lab", {"url": "unix:///nowhere/else.sock"})
    assert failed.status == 422
    assert Host.objects.get().url == host.url
    assert script.ask("PATCH", "hosts/lab", {"url": engine.url}).status == 200


def test_the_connection_test_tells_every_step(
    script: Script, host: Host, engine: FakeEngine
) -> None:
    Host.objects.update(url=engine.url)
    steps = script.post("hosts/lab/check").body["steps"]
    assert [step["step"] for step in steps] == ["address", "connection", "ping", "version", "list"]
    assert all(step["ok"] for step in steps)


def test_removing_a_host_leaves_nothing_to_say(script: Script, host: Host) -> None:
    answer = script.ask("DELETE", "hosts/lab")
    assert (answer.status, answer.content) == (204, b"")
    assert is_problem(script.get("hosts/lab"), 404, "not_found")


def test_secrets_are_never_told(script: Script, host: Host) -> None:
    pem = "-----BEGIN PRIVATE KEY-----canary-----END PRIVATE KEY-----"
    body = {
        "name": "tls",
        "url": "tcp://127.0.0.1:1",
        "ca": pem,
        "cert": pem,
        "key": pem,
        "save_anyway": True,
    }
    assert script.post("hosts", body).status == 201
    assert b"canary" not in script.get("hosts/tls").content
    assert "canary" not in str(list(AuditEntry.objects.values()))
