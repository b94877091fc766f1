"""The inventory under everything that engines do wrong: no crash, no lie, no harm to others."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import now

from containers_app.rows import status_text
from engine.types import Connection
from hosts_app import connections
from inventory_app import follower
from tests.fakes.engine import FakeEngine
from tests.fakes.proxy import ChaosProxy
from tests.lab.certificates import Certificates, make_certificates
from tests.lab.dockerd import free_port, until
from tests.watching import (
    fresh,
    host_at,
    names,
    states,
    until_listed,
    until_row,
    until_state,
    watching,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        engine.add_container("web")
        yield engine


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of every time, so that a test does not take its own times ten."""
    for name in ("PING_EVERY_S", "PING_S", "PATIENCE_S", "ASK_AGAIN_S", "RELIST_S", "SLOW_S"):
        monkeypatch.setattr(follower, name, getattr(follower, name) / 10)
    monkeypatch.setattr(follower, "RETRY_S", 0.2)
    monkeypatch.setattr(connections, "ORDINARY_S", 0.5)
    connections._engine.cache_clear()


def test_five_broken_engines_are_in_five_states(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch, hasty: None, tmp_path: Path
) -> None:
    theirs, others = make_certificates(), make_certificates()
    forbidden = host_at(Connection("unix:///forbidden.sock"), "forbidden")
    _forbid(monkeypatch, "/forbidden.sock")
    with (
        FakeEngine() as silent,
        FakeEngine() as old,
        FakeEngine() as slow,
        FakeEngine(port=0, context=_server_context(theirs, tmp_path)) as encrypted,
    ):
        silent.silence()
        old.api_version = "1.20"
        slow.slow(0.8)
        url = f"tcp://127.0.0.1:{free_port()}"
        hosts = {
            "down": host_at(Connection(url), "nobody"),
            "hung": host_at(silent.connection, "silent"),
            "slow": host_at(slow.connection, "slow"),
            "too_old": host_at(old.connection, "old"),
            "refused": forbidden,
            "reachable": host_at(fake.connection, "well"),
        }
        stranger = host_at(Connection(encrypted.url), "stranger")
        stranger.ca = others.ca
        stranger.save()
        hosts["tls_failed"] = stranger
        with watching():
            for state, host in hosts.items():
                until_state(host, state)
                assert bool(fresh(host).error) == (state not in {"reachable", "slow"}), state
            until_row(hosts["reachable"], "web", lambda row: row.state == "running")
        assert states(hosts["too_old"]) == ["too_old"]  # not reachable in between


def test_a_slow_engine_is_slow_and_its_rows_are_fresh(fake: FakeEngine, hasty: None) -> None:
    host = host_at(fake.connection)
    fake.slow(0.8)  # for 20 s, in which an ordinary call gives up after 5
    with watching():
        until_row(host, "web", lambda row: row.state == "running", timeout_s=15)
        assert fresh(host).state == "slow"
        fake.add_container("later")
        until_row(host, "later", lambda row: row.state == "running", timeout_s=15)
        listed = fresh(host).as_of
        until(lambda: fresh(host).as_of != listed, "it is listed again", timeout_s=15)
        assert states(host).count("slow") == 1  # it stays so, without flapping
        fake.heal()
        until_state(host, "reachable")


def test_a_hanging_list_is_slow_and_not_down(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    monkeypatch.setattr("engine.client.LIST_S", 0.5)
    monkeypatch.setattr(connections, "PATIENT_S", 1.0)
    host = host_at(fake.connection)
    fake.silence("GET /containers/json")
    with watching():
        until_state(host, "slow")
        assert "no answer in time" in fresh(host).error
        fake.heal()
        until_row(host, "web", lambda row: row.state == "running")
        until_state(host, "reachable")
        assert fresh(host).error == ""
    assert states(host) == ["reachable", "slow", "reachable"]


@pytest.mark.parametrize("kind", ["status", "garbage", "silence"])
def test_images_that_cannot_be_listed_hide_no_container(
    kind: str, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch, hasty: None
) -> None:
    monkeypatch.setattr("engine.client.LIST_S", 0.5)
    host = host_at(fake.connection)
    break_it = {
        "status": lambda: fake.fail("GET /images/json", 500, "layer store is broken"),
        "garbage": lambda: fake.garble("GET /images/json"),
        "silence": lambda: fake.silence("GET /images/json"),
    }
    break_it[kind]()
    with watching():
        until_row(host, "web", lambda row: row.state == "running")
        until(lambda: fresh(host).error, "the words of the engine are shown")
        fake.add_container("later")
        until_row(host, "later", lambda row: row.state == "running")
        assert fresh(host).state == "reachable"
        fake.heal()
        until_row(host, "web", lambda row: row.image_row)
        until(lambda: not fresh(host).error, "nothing is wrong any more")


def test_an_engine_that_refuses_something_is_read_all_the_same(
    fake: FakeEngine, hasty: None
) -> None:
    host = host_at(fake.connection)
    fake.fail("GET /info", 500, "cannot read /proc")
    fake.fail("GET /events", 500, "no events today")
    with watching():
        until_row(host, "web", lambda row: row.state == "running")
        until(lambda: "no events today" in fresh(host).error, "its words are shown")
        fake.add_container("later")
        until_row(host, "later", lambda row: row.state == "running", timeout_s=10)
        assert fresh(host).engine["version"] == "20.10.24"


def test_a_hang_is_over_when_it_is_over(fake: FakeEngine, hasty: None) -> None:
    """Also where what was asked during the hang is never answered, as behind a proxy."""
    host = host_at(fake.connection)
    with watching():
        until_state(host, "reachable")
        fake.silence()
        until_state(host, "hung")
        fake.heal()
        until_state(host, "reachable", timeout_s=3)


def test_600_changes_while_cut_off_are_all_found(fake: FakeEngine) -> None:
    with ChaosProxy(fake.connection) as proxy:
        host = host_at(proxy.connection)
        with watching():
            until_row(host, "web", lambda row: row.state == "running")
            proxy.refusing = True
            proxy.cut()
            for number in range(600):  # more than the 256 that an engine remembers
                fake.add_container(f"burst-{number}", state="exited" if number % 2 else "running")
            proxy.refusing = False
            until(lambda: len(names(host)) == 601, "all are there", timeout_s=10)
            running = host.containers.filter(state="running", gone=None).count()
            assert running == 301


def test_a_stream_that_ends_is_opened_again_and_nothing_is_missed(fake: FakeEngine) -> None:
    host = host_at(fake.connection)
    with watching():
        until_row(host, "web", lambda row: row.state == "running")
        for number in range(3):
            fake.cut_streams()
            fake.add_container(f"during-{number}")
            until_row(host, f"during-{number}", lambda row: row.state == "running")
        assert fresh(host).state == "reachable"
    assert states(host) == ["reachable"]


def test_a_clock_an_hour_ahead_harms_nothing(fake: FakeEngine) -> None:
    fake.daemon.clock_offset_s = 3600.0
    host = host_at(fake.connection)
    with watching():
        until_listed(host)
        assert fresh(host).skew_s == pytest.approx(3600, abs=5)
        fake.add_container("new")
        row = until_row(host, "new", lambda row: row.state == "running")
        row.refresh_from_db()
        assert status_text(row, now() + row.host.clock_ahead) in {f"Up {n}s" for n in range(5)}


def test_a_label_of_20_mb_is_cut(fake: FakeEngine) -> None:
    fake.add_container("wordy", labels={"story": "x" * 20_000_000})
    host, other = host_at(fake.connection), None
    with FakeEngine() as healthy, watching():
        healthy.add_container("neighbour")
        other = host_at(healthy.connection, "other")
        row = until_row(host, "wordy", lambda row: row.state == "running", timeout_s=15)
        assert len(row.labels["story"]) <= 4096 + len("…")
        until_row(other, "neighbour", lambda row: row.state == "running")


def test_an_answer_of_200_mb_stops_at_64_and_harms_no_other_host(
    fake: FakeEngine, hasty: None
) -> None:
    fake.garble("GET /containers/json", b"[" + b" " * 200_000_000 + b"]")
    host = host_at(fake.connection)
    with FakeEngine() as healthy, watching():
        other = host_at(healthy.connection, "other")
        until(lambda: "over 64 MiB" in fresh(host).error, "the page says why", timeout_s=20)
        assert fresh(host).state == "reachable"
        healthy.add_container("neighbour")
        until_row(other, "neighbour", lambda row: row.state == "running")


def test_what_vanishes_is_gone_and_what_returns_is_back(fake: FakeEngine) -> None:
    host = host_at(fake.connection)
    daemon = fake.daemon
    with watching():
        row = until_row(host, "web", lambda row: row.state == "running")
        kept = daemon.find("web")
        daemon.remove(kept, force=True)
        until(lambda: names(host) == set(), "the row is a tombstone")
        assert host.containers.get(pk=row.pk).gone
        with daemon.lock:
            daemon.containers[kept.id] = kept
        daemon.tell(kept, "create")
        again = until_row(host, "web", lambda row: row.gone is None)
        assert again.pk == row.pk


def test_two_containers_that_swap_their_names(fake: FakeEngine) -> None:
    host, daemon = host_at(fake.connection), fake.daemon
    other = fake.add_container("db")
    with watching():
        until_row(host, "db", lambda row: row.docker_id == other)
        web, db = daemon.find("web"), daemon.find("db")
        daemon.rename(web, "temporary")
        daemon.rename(db, "web")
        daemon.rename(web, "db")
        until_row(host, "web", lambda row: row.docker_id == other)
        until_row(host, "db", lambda row: row.docker_id == web.id)


def test_an_event_that_comes_before_the_list_shows_it(fake: FakeEngine) -> None:
    """As `pause` does (moby, daemon/pause.go): one reading at the event would be too early."""
    host, web = host_at(fake.connection), fake.daemon.find("web")
    with watching():
        until_row(host, "web", lambda row: row.state == "running")
        until(lambda: fake.streams, "its events are read")
        asked = len(fake.asked("GET /containers/json"))
        fake.daemon.tell(web, "pause")
        until(lambda: len(fake.asked("GET /containers/json")) > asked, "it is read at the event")
        web.state = "paused"
        until_row(host, "web", lambda row: row.state == "paused")


def test_an_idle_host_costs_a_ping_and_seldom_a_list(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "PING_EVERY_S", 0.5)
    host = host_at(fake.connection)
    with watching():
        until_listed(host)
        until(lambda: len(fake.asked("GET /_ping")) >= 8, "it is pinged")
        version, asked = fresh(host).version, len(fake.requests)
        until(lambda: len(fake.asked("GET /_ping")) >= 12, "it is pinged")
        others = [request.line for request in fake.requests[asked:]]
        assert set(others) == {"GET /_ping"}
        assert fresh(host).version == version  # nothing is written, no page is told
        assert fake.streams == 1
    until(lambda: fake.streams == 0, "its stream is closed")


def test_a_hundred_events_cost_few_lists(fake: FakeEngine) -> None:
    host = host_at(fake.connection)
    with watching():
        until_listed(host)
        for number in range(100):
            fake.add_container(f"many-{number}")
        until_row(host, "many-99", lambda row: row.state == "running")
        until(lambda: len(names(host)) == 101, "all are there")
    assert len(fake.asked("GET /containers/json")) <= 10


def test_200_hosts_of_which_20_are_dead(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The healthy ones are listed again at most 2 s after they are due."""
    monkeypatch.setattr(follower, "RELIST_S", 6.0)
    with FakeEngine() as silent:
        silent.silence()
        healthy = [host_at(fake.connection, f"well-{n}") for n in range(180)]
        for n in range(20):
            host_at(silent.connection, f"dead-{n}")
        with watching():
            for host in healthy:
                until(lambda host=host: fresh(host).as_of, "it is listed", timeout_s=30)  # type: ignore[misc]
            began = now()
            deadline = time.monotonic() + 6.0
            until(lambda: time.monotonic() > deadline, "a round is over")
            oldest = min(fresh(host).as_of or began for host in healthy)
            assert oldest > began - timedelta(seconds=2)


def _server_context(certificates: Certificates, folder: Path) -> ssl.SSLContext:
    (folder / "pair.pem").write_text(certificates.server_cert + certificates.server_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")
    return context


def _forbid(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """The kernel lets root in everywhere; this socket it refuses to us as to anybody else."""
    loop = asyncio.SelectorEventLoop
    connect = loop.create_unix_connection

    async def refuse(self: asyncio.SelectorEventLoop, factory: Any, to: Any, **more: Any) -> Any:
        if to == path:
            raise PermissionError(13, "Permission denied")
        return await connect(self, factory, to, **more)

    monkeypatch.setattr(loop, "create_unix_connection", refuse)
