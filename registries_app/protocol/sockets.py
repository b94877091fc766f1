"""Sockets to registries: every address is checked when it is connected to, every wait ends.

One moment is set per call and thread (`deadline`); each connect, read and write waits at most
until then. A transfer has no such moment, but may not be silent for longer than IDLE_S (E5).
"""

import ipaddress
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from tempfile import NamedTemporaryFile
from typing import Any

import httpcore2
import httpx2

from engine import guard
from engine.errors import Down

CONNECT_S = 5.0
IDLE_S = 60.0
CONNECTIONS = 16  # of one client
KEEPALIVE_S = 30.0

_call = threading.local()


class NotAllowed(httpcore2.ConnectError):
    """The address is one that we do not open."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything sent and read within the block ends in `seconds`; an outer moment holds too."""
    before = getattr(_call, "end", None)
    end = time.monotonic() + seconds
    _call.end = end if before is None else min(end, before)
    try:
        yield
    finally:
        _call.end = before


def left_s() -> float:
    """Seconds until this thread's deadline; IDLE_S without one. Raises ReadTimeout after it."""
    end = getattr(_call, "end", None)
    if end is None:
        return IDLE_S
    left: float = end - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("no answer in time")
    return left


@contextmanager
def marked() -> Iterator[dict[str, float]]:
    """When this thread first had an address, a connection, TLS and an answer within the block."""
    _call.marks = marks = dict[str, float]()
    try:
        yield marks
    finally:
        _call.marks = None


def mark(what: str) -> None:
    marks = getattr(_call, "marks", None)
    if marks is not None:
        marks.setdefault(what, time.monotonic())


class _Stream(httpcore2.NetworkStream):
    """Waits no longer than the deadline, whatever the timeout of one read may be."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, left_s())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = min(CONNECT_S, left_s())
        encrypted = self._inner.start_tls(ssl_context, server_hostname, left)
        mark("tls")
        return _Stream(encrypted)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Guarded(httpcore2.NetworkBackend):
    """Looks a name up once, and connects to an address that was checked (E1).

    The registry's own host may be anywhere that `guard` allows; other hosts, to which a realm or
    redirect of it points, only in public, unless the registry is itself in a private network.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                left = min(CONNECT_S, left_s())
                mark("address")
                opened = self._inner.connect_tcp(
                    address, port, left, local_address, socket_options
                )
                mark("connection")
                return _Stream(opened)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int) -> list[str]:
        name = host.strip("[]")
        try:
            addresses = _looked_up(name, port)
            if name != self._own and any(map(_private, addresses)):
                own = _looked_up(self._own, port)
                if not any(map(_private, own)):
                    raise NotAllowed(f"{name} is in a private network")
        except Down as error:
            raise NotAllowed(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(f"{name}: {error.strerror}") from error
        return addresses


def _looked_up(name: str, port: int) -> list[str]:
    """guard.resolve, but no longer than a connection may take: name servers can be silent.

    Raises Down, OSError.
    """
    found: list[list[str] | Exception] = []

    def look() -> None:
        try:
            found.append(guard.resolve(name, port))
        except (Down, OSError) as error:
            found.append(error)

    looking = threading.Thread(target=look, name="registry-name", daemon=True)
    looking.start()
    looking.join(min(CONNECT_S, left_s()))
    if not found:
        raise httpcore2.ConnectTimeout(f"no address of {name} in time")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _private(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


class Transport(httpx2.HTTPTransport):
    """httpx2's, over our sockets; and a shorter way for the many small requests."""

    def __init__(self, own: str, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._context, self._backend = context, _Guarded(own)
        self._pool = self._new_pool()
        self._lines: list[httpcore2.ConnectionPool] = []  # those that nobody uses now
        self._all: list[httpcore2.ConnectionPool] = []

    def _new_pool(self) -> httpcore2.ConnectionPool:
        return httpcore2.ConnectionPool(
            ssl_context=self._context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=self._backend,
        )

    @contextmanager
    def short(
        self, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes | None
    ) -> Iterator[httpcore2.Response]:
        """One request past httpx2, which costs half of the processor's time.

        Over a pool of its own, since a pool looks at each of its connections for each request.
        `headers` must name the host and the length; raises httpcore2's errors.
        """
        try:
            line = self._lines.pop()
        except IndexError:
            line = self._new_pool()
            self._all.append(line)
        try:
            with line.stream(method, url, headers=headers, content=body) as response:
                yield response
        finally:
            self._lines.append(line)

    def close(self) -> None:
        super().close()
        for line in self._all:
            line.close()


@lru_cache(maxsize=128)
def tls_context(ca: str, cert: str, key: str, *, skip_verify: bool) -> ssl.SSLContext:
    """What a registry is judged by, and our own certificate. Raises ssl.SSLError, ValueError.

    `ca` is taken in addition to nothing: who enters one trusts it alone.
    """
    context = ssl.create_default_context(cadata=ca or None)
    if skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert:
        with NamedTemporaryFile("w", suffix=".pem") as pair:  # ssl reads them from files only
            pair.write(f"{cert.strip()}\n{key.strip()}\n")
            pair.flush()
            context.load_cert_chain(pair.name)
    return context


@lru_cache(maxsize=128)
def foreign_context(ca: str) -> ssl.SSLContext:
    """For hosts that a registry points to: never skipped, and without our certificate."""
    context = ssl.create_default_context()
    if ca:
        context.load_verify_locations(cadata=ca)
    return context


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it came from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def words_of_tls(error: BaseException) -> str:
    """The certificate's or handshake's error among the causes of `error`, or ""."""
    for each in causes(error):
        if isinstance(each, ssl.SSLError):
            return str(getattr(each, "verify_message", "") or each.reason or each)
    return ""
