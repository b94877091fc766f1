"""Mutual TLS with a real engine: who is let in, who is not, and what is left lying about."""

import asyncio
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import streams
from engine.addresses import tls_context
from engine.client import Engine
from engine.errors import TimedOut, TlsFailed
from engine.logs import log_chunks
from engine.types import Connection
from tests.lab.certificates import Certificates, make_certificates
from tests.lab.dockerd import Dockerd

pytestmark = pytest.mark.engine


@pytest.fixture
def connection(second_docker: Dockerd) -> Iterator[Connection]:
    assert second_docker.tls_connection
    yield second_docker.tls_connection
    second_docker.clear()


@pytest.fixture(scope="module")
def stranger() -> Certificates:
    return make_certificates()


async def refused(connection: Connection) -> list[str]:
    """The words of the short call and of the stream; both are TLS failures."""
    with Engine(connection) as engine, pytest.raises(TlsFailed) as short:
        await asyncio.to_thread(engine.ping)
    with pytest.raises(TlsFailed) as stream:
        await streams.ping(connection)
    return [str(short.value), str(stream.value)]


async def test_calls_events_and_logs(connection: Connection, second_docker: Dockerd) -> None:
    with Engine(connection) as engine:
        since_ns = await asyncio.to_thread(engine.clock_ns)
        container_id = second_docker.run("web", ["echo", "hello"])
        second_docker.wait(container_id)
        (listed,) = await asyncio.to_thread(engine.containers)
    assert listed.id == container_id
    async for event in streams.events(connection, since_ns=since_ns):
        assert event.actor_id == container_id
        break
    batch = await anext(log_chunks(connection, container_id, tty=False, follow=False))
    assert batch.texts == ["hello"]


async def test_an_engine_of_another_authority(
    connection: Connection, stranger: Certificates
) -> None:
    other = Connection(connection.url, stranger.ca, connection.cert, connection.key)
    for words in await refused(other):
        assert "certificate verify failed" in words


async def test_we_show_no_certificate(connection: Connection) -> None:
    await refused(Connection(connection.url, connection.ca))


async def test_we_show_a_certificate_of_another_authority(
    connection: Connection, stranger: Certificates
) -> None:
    await refused(
        Connection(connection.url, connection.ca, stranger.client_cert, stranger.client_key)
    )


async def test_the_certificate_is_for_another_name(connection: Connection) -> None:
    url = connection.url.replace("127.0.0.1", "127.0.0.2")
    with pytest.MonkeyPatch.context() as patch:
        # dockerd listens on 127.0.0.1 only: send 127.0.0.2 there, as a forged DNS answer would
        patch.setattr("urllib3.util.connection.create_connection", _to_loopback)
        with (
            Engine(Connection(url, connection.ca, connection.cert, connection.key)) as engine,
            pytest.raises(TlsFailed, match=r"127\.0\.0\.2"),
        ):
            engine.ping()


async def test_without_tls(connection: Connection) -> None:
    for words in await refused(Connection(connection.url)):
        assert "HTTP request to an HTTPS server" in words


def test_only_the_given_authority_is_trusted(connection: Connection) -> None:
    with Engine(connection) as engine:
        engine.ping()
        assert engine._session
        adapter = engine._session.get_adapter(engine._session.base_url)
        context = adapter.poolmanager.connection_pool_kw["ssl_context"]  # type: ignore[attr-defined]
    assert context.cert_store_stats()["x509_ca"] == 1


def test_a_key_that_wants_a_password_asks_nobody() -> None:
    locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAAA\n-----END ENCRYPTED PRIVATE KEY-----"
    pem = make_certificates()
    with pytest.raises(TlsFailed, match="key cannot be read"):
        tls_context(Connection("tcp://h:1", pem.ca, pem.client_cert, locked))


def test_a_key_of_another_certificate_is_refused(stranger: Certificates) -> None:
    pem = make_certificates()
    with pytest.raises(TlsFailed, match="key cannot be read"):
        tls_context(Connection("tcp://h:1", pem.ca, pem.client_cert, stranger.client_key))


def test_no_key_is_left_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Engine(connection) as engine:
        engine.ping()
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_hangs_before_the_handshake_is_hung(mortal_docker: Dockerd) -> None:
    assert mortal_docker.tls_connection
    mortal_docker.pause()
    with Engine(mortal_docker.tls_connection) as engine, pytest.raises(TimedOut):
        engine.ping(timeout_s=0.5)


def _to_loopback(address: tuple[str, int], timeout: float, *_: object, **__: object) -> object:
    return socket.create_connection(("127.0.0.1", address[1]), timeout)
