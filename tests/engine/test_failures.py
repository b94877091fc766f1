"""Down, hung, forbidden, TLS, broken, too old: told apart, within the deadline, in plain words."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine import api, client, streams
from engine.client import Engine
from engine.errors import (
    Broken,
    Conflict,
    Down,
    EngineError,
    NoSuchObject,
    PermissionDenied,
    Refused,
    TimedOut,
    TlsFailed,
    TooLarge,
    TooOld,
    Unreachable,
)
from engine.failures import unreachable
from engine.types import Connection, ContainerSpec
from tests.fakes.engine import FakeEngine
from tests.fakes.proxy import ChaosProxy
from tests.lab.certificates import make_certificates


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


def fails(connection: Connection) -> Unreachable:
    with Engine(connection, timeout_s=0.5) as engine, pytest.raises(Unreachable) as raised:
        engine.containers()
    return raised.value


async def stream_fails(connection: Connection) -> Unreachable:
    with pytest.raises(Unreachable) as raised:
        await streams.ping(connection, timeout_s=0.5)
    return raised.value


@contextmanager
def listening(answer: bytes | None = None) -> Iterator[Connection]:
    """A port that accepts and never reads, or answers anything with `answer` and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    caller.recv(65536)
                    caller.sendall(answer or b"")

        thread = threading.Thread(target=serve)
        if answer is not None:
            thread.start()
        try:
            yield Connection(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)
            if answer is not None:
                thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "unix:///nowhere/docker.sock",
        "unix:///etc/hostname",
        "unix:///etc/hostname/docker.sock",
        f"unix:///{'x' * 200}",
        "unix://relative",
        "tcp://127.0.0.1:1",
        "tcp://no-such-host.invalid:2375",
        "tcp://",
        "tcp://127.0.0.1:port",
        "tcp://user:password@127.0.0.1:1",
        "ssh://host",
        "",
    ],
)
async def test_nobody_there(url: str) -> None:
    for error in (fails(Connection(url)), await stream_fails(Connection(url))):
        assert type(error) is Down
        assert (error.host_state, error.code) == ("down", "unreachable")


async def test_a_stopped_engine_is_down(fake: FakeEngine) -> None:
    with Engine(fake.connection) as engine:
        engine.ping()
        fake.stop()
        with pytest.raises(Down, match="No such file or directory"):
            engine.ping()
        fake.start()
        assert engine.containers() == []


async def test_one_that_accepts_and_never_answers_is_hung(fake: FakeEngine) -> None:
    fake.silence()
    with listening() as mute:
        for connection in (fake.connection, mute):
            for error in (fails(connection), await stream_fails(connection)):
                assert type(error) is TimedOut
                assert (error.host_state, error.code) == ("hung", "timed_out")


def test_a_unix_socket_whose_queue_is_full_is_hung(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(path))
        server.listen(0)
        with closing(socket.socket(socket.AF_UNIX)) as first:
            first.connect(str(path))
            assert type(fails(Connection(f"unix://{path}"))) is TimedOut


async def test_a_socket_that_we_may_not_open(fake: FakeEngine) -> None:
    os.chmod(fake.url.removeprefix("unix://"), 0)  # noqa: PTH101 (no pathlib in async code)
    os.seteuid(65534)
    try:
        errors = (fails(fake.connection), await stream_fails(fake.connection))
    finally:
        os.seteuid(0)
    for error in errors:
        assert type(error) is PermissionDenied
        assert (error.host_state, error.code) == ("refused", "permission_denied")
        assert "Permission denied" in str(error)


async def test_an_old_api_is_too_old(fake: FakeEngine) -> None:
    fake.api_version, fake.version = "1.20", "1.8.0"
    error = fails(fake.connection)
    assert type(error) is TooOld
    assert (error.host_state, error.code) == ("too_old", "too_old")
    assert "1.20" in str(error)
    assert fake.asked("GET /containers") == []


@pytest.mark.parametrize(
    ("theirs", "ours"), [("1.40", "1.40"), ("1.41", "1.41"), ("1.99", "1.44")]
)
def test_the_api_version_is_the_newest_that_both_speak(
    fake: FakeEngine, theirs: str, ours: str
) -> None:
    fake.api_version = theirs
    with Engine(fake.connection) as engine:
        engine.containers()
    assert [request.api for request in fake.asked("GET /containers/json")] == [ours]


def test_the_version_is_asked_for_once_and_again_on_demand(fake: FakeEngine) -> None:
    with Engine(fake.connection) as engine:
        assert fake.requests == []
        engine.containers()
        fake.api_version = "1.40"
        engine.version()
        engine.containers()
    assert [request.api for request in fake.asked("GET /containers/json")] == ["1.41", "1.40"]
    assert len(fake.asked("GET /version")) == 2


async def test_what_is_no_engine_is_broken() -> None:
    for answer in (
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ):
        with listening(answer) as connection:
            assert type(fails(connection)) is Broken
    with listening(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnginx") as connection:
        assert "nginx" in str(fails(connection))


async def test_plain_http_to_a_tls_port_is_a_tls_failure() -> None:
    words = b"Client sent an HTTP request to an HTTPS server.\n"
    with listening(b"HTTP/1.0 400 Bad Request\r\n\r\n" + words) as connection:
        assert type(fails(connection)) is TlsFailed
        assert type(await stream_fails(connection)) is TlsFailed


async def test_a_port_without_tls_is_a_tls_failure() -> None:
    with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain:
        connection = Connection(plain.url, ca=_ca())
        for error in (fails(connection), await stream_fails(connection)):
            assert type(error) is TlsFailed
            assert (error.host_state, error.code) == ("tls_failed", "tls_failed")


@pytest.mark.parametrize(
    "connection",
    [
        Connection("tcp://127.0.0.1:1", ca="no PEM at all"),
        Connection("tcp://127.0.0.1:1", ca="-----BEGIN CERTIFICATE-----\nx\n"),
        Connection("tcp://127.0.0.1:1", cert="cert", key="key"),
        Connection("tcp://127.0.0.1:1", ca="ca", cert="cert"),
    ],
)
async def test_unusable_pem_is_a_tls_failure(connection: Connection) -> None:
    assert type(fails(connection)) is TlsFailed
    assert type(await stream_fails(connection)) is TlsFailed


@pytest.mark.parametrize(
    "body", [b'{"Id": [', b"[1, 2]", b'{"a": 1}', b"[" * 100_000, b"\xff\xfe"]
)
def test_an_answer_that_is_nonsense_is_broken(fake: FakeEngine, body: bytes) -> None:
    fake.garble("GET /containers", body)
    assert type(fails(fake.connection)) is Broken


def test_half_an_answer_is_broken(fake: FakeEngine) -> None:
    fake.add_container("web")
    fake.break_off("GET /containers", after=50)
    assert type(fails(fake.connection)) is Broken
    fake.break_off("POST /containers")
    with Engine(fake.connection) as engine, pytest.raises(Broken):
        engine.restart("web")
    assert len(fake.asked("POST /containers/web/restart")) == 1  # never repeated


def test_an_answer_over_64_mib_is_too_large(fake: FakeEngine) -> None:
    fake.garble("GET /containers", b" " * (64 * 1024 * 1024 + 1))
    with Engine(fake.connection) as engine, pytest.raises(TooLarge, match="over 64 MiB"):
        engine.containers()


def test_a_20_mb_label_is_cut_and_the_rest_is_there(fake: FakeEngine) -> None:
    fake.add_container("huge", labels={"x": "y" * 20_000_000})
    fake.add_container("web")
    with Engine(fake.connection) as engine:
        assert {each.name: len(each.labels.get("x", "")) for each in engine.containers()} == {
            "huge": 4096,
            "web": 0,
        }


def test_a_slow_dribble_ends_at_the_deadline(fake: FakeEngine) -> None:
    fake.add_container("web", labels={"x": "y" * 100_000})
    with ChaosProxy(fake.connection) as proxy, Engine(proxy.connection, timeout_s=0.5) as engine:
        engine.version()
        proxy.latency_s, proxy.bytes_per_s = 0.1, 50_000
        began = time.monotonic()
        with pytest.raises(TimedOut):
            engine.container("web")
        assert time.monotonic() - began < 1


def test_the_head_of_an_answer_ends_at_the_deadline_too(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(path))
        server.listen()

        def dribble() -> None:
            caller, _ = server.accept()
            with caller, contextlib.suppress(OSError):  # our side hangs up on it
                caller.recv(65536)
                for byte in b"HTTP/1.1 200 OK\r\nServer: " + b"x" * 1000:
                    caller.send(bytes([byte]))
                    time.sleep(0.02)

        thread = threading.Thread(target=dribble)
        thread.start()
        began = time.monotonic()
        with Engine(Connection(f"unix://{path}")) as engine, pytest.raises(TimedOut):
            engine.ping(timeout_s=0.4)
        assert time.monotonic() - began < 1
        thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (404, NoSuchObject, "not_found"),
        (409, Conflict, "conflict"),
        (500, Refused, "refused"),
        (400, Refused, "refused"),
        (301, Refused, "refused"),
    ],
)
def test_the_engines_own_words_are_kept(
    fake: FakeEngine, status: int, kind: type[EngineError], code: str
) -> None:
    fake.fail("POST /containers", status, "driver failed: port is already allocated")
    with Engine(fake.connection) as engine, pytest.raises(kind) as raised:
        engine.start("web")
    assert str(raised.value) == "driver failed: port is already allocated"
    assert raised.value.code == code
    assert getattr(raised.value, "status", status) == status


def test_a_timed_out_deed_may_have_happened(fake: FakeEngine) -> None:
    container_id = fake.add_container("web")
    fake.silence("POST /containers", acts=True)
    with Engine(fake.connection, timeout_s=0.3) as engine:
        with pytest.raises(TimedOut):
            engine.pause(container_id)
        assert engine.container(container_id).state == "paused"


def test_an_older_failure_does_not_colour_a_newer_one(fake: FakeEngine) -> None:
    fake.garble("GET /containers")
    try:
        raise PermissionError(13, "Permission denied")
    except PermissionError:  # its traceback hangs on to everything that is raised in here
        assert type(fails(fake.connection)) is Broken
        with pytest.raises(ConnectionError) as raised:
            raise ConnectionError("half an answer")  # noqa: B904 (unrelated is the point)
    assert type(unreachable(raised.value, "x")) is Broken


def test_a_circle_of_causes_is_no_loop() -> None:
    error, other = OSError("odd"), OSError("other")
    error.__cause__, other.__cause__ = other, error
    assert type(unreachable(error, "x")) is Broken


@pytest.mark.parametrize(
    "container_id", ["", "..", "../images", "a/../b", "a?x=1", "a b", "é", "a\n", "%2e%2e"]
)
def test_no_id_reaches_another_path(fake: FakeEngine, container_id: str) -> None:
    deeds: list[Callable[[Engine, str], object]] = [Engine.container, Engine.start, Engine.remove]
    with Engine(fake.connection) as engine:
        for deed in deeds:
            with pytest.raises(NoSuchObject):
                deed(engine, container_id)
    assert fake.requests == []


def test_nothing_of_this_machines_docker_configuration_is_sent(
    fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(
        '{"HttpHeaders": {"X-Canary": "1"}, "auths": {"x": {"auth": "Y2FuYXJ5OmNhbmFyeQ=="}},'
        ' "proxies": {"default": {"httpProxy": "http://127.0.0.1:1"}}}'
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with FakeEngine(port=0) as plain, Engine(plain.connection) as engine:
        plain.add_image()
        engine.create(ContainerSpec(image="lab/busybox"))
        sent = plain.requests
    assert sent
    for request in sent:
        assert not {"x-canary", "x-registry-auth", "authorization"} & set(request.headers)


def test_64_threads_share_an_engine_without_waiting_for_each_other(fake: FakeEngine) -> None:
    fake.slow(0.3, "GET /containers")
    found: list[int] = []
    with Engine(fake.connection) as engine:
        threads = [
            threading.Thread(target=lambda: found.append(len(engine.containers())))
            for _ in range(64)
        ]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [0] * 64
    assert time.monotonic() - began < 64 * 0.3 / 4


def test_the_deadlines_are_those_of_the_design() -> None:
    assert (api.CONNECT_S, client.PING_S, client.LIST_S) == (3, 3, 15)
    assert client.STOP_MARGIN_S == 10
    assert Engine(Connection("unix:///x"))._timeout_s == 5


def _ca() -> str:
    return make_certificates().ca
