"""Connection pools whose every call ends by its deadline, however slowly an engine dribbles.

A timeout of requests or urllib3 begins anew with every byte that arrives. Here one moment is set
per call and thread (`deadline`), and each read waits at most until then.
"""

import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions

from engine import guard

_call = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything read within the block arrives in `seconds`, or TimeoutError is raised."""
    _call.end = time.monotonic() + seconds
    try:
        yield
    finally:
        del _call.end


def left_s() -> float:
    """Seconds until this thread's deadline. Raises TimeoutError after it."""
    left: float = _call.end - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


class _TimedReader(io.RawIOBase):
    """Reads a socket, waiting no longer than the deadline of this thread."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._raw = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(left_s())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock))


class _Guarded(urllib3.connection.HTTPConnection):
    """Looks its host up once, and connects to an address that was checked."""

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        failure: OSError | urllib3.exceptions.HTTPError = OSError(f"{name} has no address")
        try:
            for address in guard.resolve(name, self.port or 0):
                self._dns_host = address
                try:
                    return super()._new_conn()
                except urllib3.exceptions.HTTPError as error:
                    failure = error
        finally:
            self._dns_host = name  # TLS compares certificates with the name
        raise failure


class _TcpConnection(_Guarded):
    response_class = _TimedResponse


class _TlsConnection(_Guarded, urllib3.connection.HTTPSConnection):
    response_class = _TimedResponse


class _UnixConnection(urllib3.connection.HTTPConnection):
    response_class = _TimedResponse
    path = ""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self.path)
        except OSError:
            self.close()  # docker-py and http.client would leave it to the garbage collector
            raise


class Pools(urllib3.PoolManager):
    """urllib3's pools over our connections; with `unix_path` every one goes to that socket."""

    def __init__(self, *, unix_path: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._unix_path = unix_path

    def _new_pool(self, *args: Any, **kwargs: Any) -> urllib3.connectionpool.HTTPConnectionPool:
        pool = super()._new_pool(*args, **kwargs)
        if self._unix_path:
            own = {"path": self._unix_path}
            pool.ConnectionCls = type("_UnixConnection", (_UnixConnection,), own)
        elif pool.scheme == "https":
            pool.ConnectionCls = _TlsConnection
        else:
            pool.ConnectionCls = _TcpConnection
        return pool

    def clear(self) -> None:
        """Closes every idle connection. urllib3 would wait until no error refers to its pool."""
        with self.pools.lock:
            for key in list(self.pools.keys()):
                self.pools[key].close()
        super().clear()
