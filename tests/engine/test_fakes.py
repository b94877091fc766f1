"""The fake engine and the chaos proxy do what tests rely on."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.client import Engine
from engine.errors import Broken, Down, TimedOut
from engine.types import Connection
from tests.fakes.engine import FakeEngine, fake_engine
from tests.fakes.proxy import ChaosProxy
from tests.lab.dockerd import until


def test_it_records_what_it_is_asked() -> None:
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        container_id = fake.add_container("web")
        engine.stop(container_id, grace_s=7)
        (request,) = fake.asked("POST /containers")
    assert request.line == f"POST /containers/{container_id}/stop"
    assert (request.query, request.api, request.body) == ({"t": "7"}, "1.41", None)


def test_a_fault_ends_after_its_times_and_others_go_on() -> None:
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        fake.fail("GET /info", 500, "no", times=1)
        with pytest.raises(Exception, match="no"):
            engine.info()
        assert engine.info().id == "FAKE:ENGINE"
        assert engine.containers() == []


def test_a_stream_ends_with_a_client_that_goes_without_reading() -> None:
    """What it left unread makes its end a reset, which is no end of file."""
    with FakeEngine() as fake:
        container_id = fake.add_container("web")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(fake.url.removeprefix("unix://"))
            path = f"/containers/{container_id}/logs?stdout=1&follow=1"
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            until(lambda: fake.streams == 1, "the stream is open")
            assert client.recv(1, socket.MSG_PEEK)
        until(lambda: fake.streams == 0, "the stream has ended")


def test_its_clock_may_be_wrong() -> None:
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        fake.daemon.clock_offset_s = 3600
        fake.add_container("web")
        assert 3590 < engine.clock_ns() / 1e9 - time.time() < 3610
        (listed,) = engine.containers()
        assert listed.status == "Up Less than a second"
        assert listed.started
        assert 3590 < listed.started.timestamp() - time.time() < 3610


def test_it_comes_back_with_its_state() -> None:
    for options in ({}, {"port": 0}):
        with fake_engine(3, **options) as fake, Engine(fake.connection) as engine:
            assert len(engine.containers()) == 3
            fake.stop()
            with pytest.raises(Down):
                engine.containers()
            fake.start()
            assert len(engine.containers()) == 3


def test_5000_containers_are_listed_in_time() -> None:
    with fake_engine(5000) as fake, Engine(fake.connection) as engine:
        began = time.process_time()
        assert len(engine.containers()) == 5000
        assert time.process_time() - began < 3  # the fake's own work is in it


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    socket = tmp_path / "d.sock"
    command = [sys.executable, "-m", "tests.fakes.engine", "--socket", str(socket)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([*command, "--containers", "7"], cwd=root, stdout=-1) as program:
        assert program.stdout
        assert program.stdout.readline().decode().strip() == f"unix://{socket}"
        with Engine(Connection(f"unix://{socket}")) as engine:
            assert len(engine.containers()) == 7
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


@pytest.mark.parametrize("port", [None, 0])
def test_the_proxy_passes_stalls_cuts_and_refuses(port: int | None) -> None:
    with FakeEngine() as fake, ChaosProxy(fake.connection, port=port) as proxy:
        with Engine(proxy.connection, timeout_s=0.3) as engine:
            assert engine.containers() == []
            proxy.stall()
            with pytest.raises(TimedOut):
                engine.info()
            proxy.resume()
            proxy.latency_s = 0.1
            assert engine.ping() >= 0.1
            proxy.latency_s, proxy.cut_after = 0, 10
            with pytest.raises(Broken):
                engine.info()
            proxy.cut_after, proxy.refusing = None, True
            with pytest.raises(Broken):
                engine.info()
            proxy.refusing = False
            assert engine.info().id == fake.id
        until(lambda: proxy.open == 0, "connections end with their client")


def test_the_proxy_slows_down() -> None:
    with FakeEngine() as fake, ChaosProxy(fake.connection) as proxy, Engine(proxy.connection) as e:
        fake.add_container("web", labels={"x": "y" * 50_000})
        proxy.bytes_per_s = 200_000
        began = time.monotonic()
        e.containers()
        assert time.monotonic() - began > 0.2
