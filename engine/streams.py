"""The engine's endless answers as async iterators, and a ping beside them.

docker-py reads these in a thread that nothing can interrupt; here a cancelled task closes its
connection. Over aiohttp, which costs a third of docker-py's CPU per log line.
"""

import asyncio
import errno
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import aiohttp

from engine import guard, parse_events
from engine.addresses import Address, address_of, tls_context
from engine.errors import Broken, EngineError, TlsFailed, TooLarge, from_status
from engine.failures import unreachable
from engine.types import Connection, Event

CONNECT_S = 3.0
HEADERS_S = 5.0  # an engine sends the head of a stream at once, before there is any content
PING_S = 3.0
SILENCE_S = 10.0  # without a byte; then a ping tells a slow engine from a dead one (R3)
DONE = {200, 201}
LARGEST_EVENT = 64 * 1024 * 1024  # bytes; an event repeats all labels of its container (R13)
LARGEST_ERROR = 64 * 1024  # bytes

T = TypeVar("T")

# the images' actions have names that no container's action has
ACTIONS = (
    *parse_events.CONTAINER_ACTIONS,
    "pull", "push", "tag", "untag", "delete", "import", "load", "prune",
)  # fmt: skip


async def events(
    connection: Connection, *, since_ns: int, timeout_s: float = HEADERS_S
) -> AsyncIterator[Event]:
    """Container and image events from `since_ns` (the engine's clock) on.

    Ends when the connection ends, and an end never tells why: ask the engine. A silent engine is
    not noticed here, so ping it now and then. The engine keeps the last 256 events and drops what
    a reader is over 100 ms late for (moby, daemon/events/events.go): read fast, and list again.
    """
    params = {
        "since": seconds(since_ns),
        "filters": json.dumps({"type": ["container", "image"], "event": list(ACTIONS)}),
    }
    async with opened(connection, "/events", params, timeout_s=timeout_s) as response:
        async for line in lines(partial(read_some, response)):
            yield parse_events.event(line)


async def while_alive(connection: Connection, answer: Awaitable[T]) -> T:
    """`answer`, however late it comes, as long as the engine answers to a ping meanwhile.

    Raises Unreachable where it does not.
    """
    waiting = asyncio.ensure_future(answer)
    try:
        while not (await asyncio.wait({waiting}, timeout=SILENCE_S))[0]:
            await ping(connection)
        return waiting.result()
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def ping(connection: Connection, *, timeout_s: float = PING_S) -> float:
    """Seconds that /_ping took, on a connection of its own."""
    began = time.monotonic()
    async with opened(connection, "/_ping", {}, timeout_s=timeout_s):
        return time.monotonic() - began


def seconds(time_ns: int) -> str:
    """A time as the engine reads it without loss; as a float it would lose nanoseconds."""
    return f"{time_ns // 10**9}.{time_ns % 10**9:09}"


@asynccontextmanager
async def opened(
    connection: Connection,
    path: str,
    params: Mapping[str, str],
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | AsyncIterator[bytes] | None = None,
    version: aiohttp.HttpVersion = aiohttp.HttpVersion11,
    buffer_size: int = 64 * 1024,
    timeout_s: float | None = None,
    patient: bool = False,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """A request whose head has come (in `timeout_s`, 5 s by default) and says success.

    `patient`: the head may take any time, as long as the engine answers to a ping; so do pulls,
    which say nothing before the registry does. Raises EngineError if there is no success.
    """
    address = address_of(connection)
    scheme = "https" if connection.tls else "http"
    host = "localhost" if address.path else str(address)
    async with _session(connection, address, version=version, read_bufsize=buffer_size) as session:
        try:
            asked = session.request(
                method,
                f"{scheme}://{host}{path}",
                params=params,
                headers=headers,
                data=body,
                allow_redirects=False,
            )
            if patient:
                response = await while_alive(connection, asked)
            async with asyncio.timeout(timeout_s or HEADERS_S):
                if not patient:
                    response = await asked
                if response.status not in DONE:
                    raise await _error(response)
        except aiohttp.ConnectionTimeoutError as error:
            raise unreachable(error, connection.url, connecting=not connection.tls) from error
        except (aiohttp.ClientError, OSError) as error:
            if connection.tls and getattr(error, "errno", None) in (errno.ECONNRESET, errno.EPIPE):
                # with TLS 1.3 our certificate is refused after the handshake, and the reset may
                # overtake the alert that says so
                words = f"{connection.url}: reset by the engine after the handshake"
                raise TlsFailed(words) from error
            raise unreachable(error, connection.url) from error
        except (ValueError, TypeError, KeyError) as error:
            raise Broken(f"{connection.url}: not an answer of the Engine API ({error})") from error
        async with response:
            yield response


@asynccontextmanager
async def _session(
    connection: Connection, address: Address, **options: Any
) -> AsyncIterator[aiohttp.ClientSession]:
    context = tls_context(connection) if connection.tls else False
    connector = (
        aiohttp.UnixConnector(address.path)
        if address.path
        else aiohttp.TCPConnector(ssl=context, socket_factory=_checked_socket)
    )
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            **options,
        ) as session:
            yield session
    finally:
        await asyncio.sleep(0)  # asyncio closes the socket of a broken transport one turn later


def _checked_socket(found: Any) -> socket.socket:
    """A socket for an address (as `getaddrinfo` tells it) that we may connect to."""
    family, kind, protocol, _name, target = found
    guard.check_address(str(target[0]), int(target[1]))
    made = socket.socket(family, kind, protocol)
    made.settimeout(0)
    return made


async def read_some(response: aiohttp.ClientResponse) -> bytes:
    """What has arrived, at least a byte; nothing when the connection has ended, even badly."""
    try:
        return await response.content.readany()
    except (aiohttp.ClientError, OSError):
        return b""


async def lines(read: Callable[[], Awaitable[bytes]]) -> AsyncIterator[bytes]:
    """Whole lines; aiohttp's own readline fails beyond its buffer, and one label may be 20 MB."""
    rest = bytearray()
    while arrived := await read():
        searched = len(rest)
        rest += arrived
        end = rest.find(b"\n", searched)
        if end < 0 and len(rest) > LARGEST_EVENT:
            raise TooLarge("a line is over 64 MiB")
        if end >= 0:
            *whole, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
            for line in whole:
                if line.strip():
                    yield line


async def _error(response: aiohttp.ClientResponse) -> EngineError:
    body = (await response.content.read(LARGEST_ERROR)).decode("utf-8", "replace")
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        message = body.strip()[:1000] or f"HTTP {response.status}"
    return from_status(response.status, message)
