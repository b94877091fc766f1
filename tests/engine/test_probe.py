"""The connection test of the host form: which step fails, and in whose words."""

from collections.abc import Generator
from pathlib import Path

import pytest

from engine import client
from engine.errors import Down, TimedOut, TlsFailed, TooOld
from engine.probe import Step, steps
from engine.types import Connection
from tests.fakes.engine import FakeEngine
from tests.fakes.proxy import ChaosProxy
from tests.lab.certificates import make_certificates
from tests.lab.dockerd import Dockerd, until


def names(found: list[Step]) -> list[tuple[str, bool]]:
    return [(step.step, step.ok) for step in found]


def failed(connection: Connection) -> tuple[list[str], Step]:
    """The steps that went well, and the one that did not."""
    *good, bad = steps(connection)
    assert all(step.ok for step in good)
    assert not bad.ok
    assert bad.error
    assert bad.detail == str(bad.error)
    return [step.step for step in good], bad


def test_every_step_of_a_healthy_engine() -> None:
    with FakeEngine(port=0) as fake:
        fake.add_container("web")
        found = list(steps(fake.connection))
    assert names(found) == [
        ("address", True),
        ("connection", True),
        ("ping", True),
        ("version", True),
        ("list", True),
    ]
    assert found[3].detail == "20.10.24, API 1.41, linux/amd64"
    assert found[4].detail == "1"
    assert all(0 <= step.ms < 3000 for step in found)


def test_a_name_that_does_not_resolve() -> None:
    good, bad = failed(Connection("tcp://no-such-host.invalid:2375"))
    assert (good, bad.step) == ([], "address")
    assert isinstance(bad.error, Down)


def test_nobody_listens(tmp_path: Path) -> None:
    for url in (f"unix://{tmp_path}/d.sock", "tcp://127.0.0.1:1"):
        good, bad = failed(Connection(url))
        assert (good, bad.step) == (["address"], "connection")
        assert isinstance(bad.error, Down)


def test_an_engine_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.Engine.ping, "__kwdefaults__", {"timeout_s": 0.3})
    with FakeEngine() as fake:
        fake.silence()
        good, bad = failed(fake.connection)
    assert (good, bad.step) == (["address", "connection"], "ping")
    assert isinstance(bad.error, TimedOut)
    assert bad.ms >= 300


def test_an_engine_that_is_too_old() -> None:
    with FakeEngine() as fake:
        fake.api_version = "1.20"
        good, bad = failed(fake.connection)
    assert (good, bad.step) == (["address", "connection", "ping"], "version")
    assert isinstance(bad.error, TooOld)


def test_an_engine_whose_list_fails() -> None:
    with FakeEngine() as fake:
        fake.fail("GET /containers", 500, "layer does not exist")
        good, bad = failed(fake.connection)
    assert (good[-1], bad.step, bad.detail) == ("version", "list", "layer does not exist")


def test_a_port_that_does_not_speak_tls() -> None:
    with FakeEngine(port=0) as fake:
        good, bad = failed(Connection(fake.url, ca=make_certificates().ca))
    assert (good, bad.step) == (["address", "connection"], "tls")
    assert isinstance(bad.error, TlsFailed)


@pytest.mark.engine
def test_mutual_tls_with_a_real_engine(second_docker: Dockerd) -> None:
    assert second_docker.tls_connection
    assert [step.step for step in steps(second_docker.tls_connection)] == [
        "address", "connection", "tls", "ping", "version", "list",
    ]  # fmt: skip


@pytest.mark.engine
def test_a_real_engine_that_does_not_know_us_fails_the_tls_step(second_docker: Dockerd) -> None:
    ours, other = second_docker.tls_connection, make_certificates()
    assert ours
    for connection in (
        Connection(ours.url, ours.ca),
        Connection(ours.url, ours.ca, other.client_cert, other.client_key),
        Connection(ours.url, other.ca, ours.cert, ours.key),
    ):
        good, bad = failed(connection)
        assert (good, bad.step) == (["address", "connection"], "tls")
        assert isinstance(bad.error, TlsFailed)


def test_no_connection_is_left_open() -> None:
    with FakeEngine() as fake, ChaosProxy(fake.connection) as proxy:
        list(steps(proxy.connection))
        probe = steps(proxy.connection)
        for name in ("address", "connection"):
            assert next(probe).step == name
        assert isinstance(probe, Generator)
        probe.close()  # left in the middle
        until(lambda: proxy.accepted == 3, "each of the three connections was seen")
        until(lambda: proxy.open == 0, "all of them are closed")
