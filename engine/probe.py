"""Tests a connection step by step, as the host form shows it."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from engine import guard
from engine.addresses import Address, address_of, tls_context
from engine.api import CONNECT_S
from engine.client import PING_S, Engine
from engine.errors import EngineError
from engine.failures import unreachable
from engine.types import Connection

READ_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Step:
    """One step's outcome."""

    step: str  # address | connection | tls | ping | version | list
    ok: bool
    ms: int
    detail: str  # the error's words, or what was found: an address, a version, a number
    error: EngineError | None = None


def steps(connection: Connection) -> Iterator[Step]:
    """Each step as it ends; the last one is the first that failed. `tls` only where it applies.

    address: the URL makes sense and its name resolves. connection: somebody accepts. tls: both
    sides like each other's certificates. ping, version (API 1.40 or newer), list: containers.
    """
    with ExitStack() as opened:
        trial = _Trial(connection, opened)
        wanted: list[tuple[str, Callable[[], str]]] = [
            ("address", trial.address),
            ("connection", trial.connection),
            *([("tls", trial.tls)] if connection.tls else []),
            ("ping", trial.ping),
            ("version", trial.version),
            ("list", trial.list),
        ]
        for name, run in wanted:
            step = _timed(name, run)
            yield step
            if not step.ok:
                return


def _timed(name: str, run: Callable[[], str]) -> Step:
    began = time.monotonic()
    error: EngineError | None = None
    try:
        detail = run()
    except EngineError as failure:
        error, detail = failure, str(failure)
    return Step(name, error is None, round((time.monotonic() - began) * 1000), detail, error)


class _Trial:
    """What the steps pass on to each other."""

    def __init__(self, connection: Connection, opened: ExitStack) -> None:
        self._connection = connection
        self._opened = opened
        self._target: Address | None = None
        self._addresses: list[str] = []
        self._socket: socket.socket | None = None
        self._engine = opened.enter_context(Engine(connection))

    def address(self) -> str:
        self._target = address_of(self._connection)
        if self._target.path:
            return self._target.path
        try:
            self._addresses = guard.resolve(self._target.host, self._target.port)
        except (OSError, UnicodeError) as error:
            raise unreachable(error, self._connection.url) from error
        port = self._target.port
        return ", ".join(str(Address(host=each, port=port)) for each in self._addresses)

    def connection(self) -> str:
        target = self._target
        assert target is not None
        try:
            if target.path:
                self._socket = socket.socket(socket.AF_UNIX)
                self._opened.enter_context(self._socket)
                self._socket.settimeout(CONNECT_S)
                self._socket.connect(target.path)
                return target.path
            self._socket, address = _first_that_accepts(self._addresses, target.port)
            self._opened.enter_context(self._socket)
        except OSError as error:
            raise unreachable(error, self._connection.url, connecting=True) from error
        return str(Address(host=address, port=target.port))

    def tls(self) -> str:
        """With TLS 1.3 an engine refuses our certificate only when it is read from."""
        assert self._socket is not None
        assert self._target is not None
        context = tls_context(self._connection)
        self._socket.settimeout(PING_S)
        try:
            secured = context.wrap_socket(self._socket, server_hostname=self._target.host)
            self._opened.enter_context(secured)
            secured.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            secured.recv(READ_SIZE)
            return secured.version() or ""
        except (ssl.SSLError, OSError) as error:
            raise unreachable(error, self._connection.url) from error

    def ping(self) -> str:
        return f"{self._engine.ping() * 1000:.0f} ms"

    def version(self) -> str:
        found = self._engine.version()
        return f"{found.version}, API {found.api}, {found.os}/{found.arch}"

    def list(self) -> str:
        return str(len(self._engine.containers()))


def _first_that_accepts(addresses: list[str], port: int) -> tuple[socket.socket, str]:
    """A connection to one of these addresses, and which. Raises OSError of the last one."""
    for number, address in enumerate(addresses, 1):
        try:
            return socket.create_connection((address, port), CONNECT_S), address
        except OSError:
            if number == len(addresses):
                raise
    raise OSError("the name has no address")
