"""Tells from an exception of a socket, of requests or of aiohttp what became of the engine."""

import errno
import os
import socket
import ssl
from collections.abc import Iterator

from engine.errors import Broken, Down, PermissionDenied, TimedOut, TlsFailed, Unreachable

NOBODY_THERE = {
    errno.ENOENT, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN,
    errno.ENETDOWN, errno.ENOTDIR, errno.ENOTSOCK, errno.EPROTOTYPE, errno.EADDRNOTAVAIL,
    errno.ELOOP,
}  # fmt: skip


def unreachable(error: BaseException, address: str, *, connecting: bool = False) -> Unreachable:
    """The kind of failure behind `error`, however deep a library has wrapped it.

    `connecting`: the library says that it had no connection yet, so that a timeout means Down.
    """
    causes = list(_causes(error))
    for cause in causes:
        if kind := _kind(cause, connecting=connecting):
            return kind(f"{address}: {_words(cause)}")
    return Broken(f"{address}: {_words(causes[-1])}")


def _kind(cause: BaseException, *, connecting: bool) -> type[Unreachable] | None:
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, TimeoutError):
        return TlsFailed
    if isinstance(cause, socket.gaierror):
        return Down
    if isinstance(cause, TimeoutError):
        return Down if connecting else TimedOut
    if isinstance(cause, PermissionError):
        return PermissionDenied
    if isinstance(cause, BlockingIOError):  # a unix socket whose queue of callers is full
        return TimedOut
    if isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT:
        return Down if connecting else TimedOut
    if isinstance(cause, OSError) and cause.errno in NOBODY_THERE:
        return Down
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what is behind it: chained, in `args`, or in a library's own attribute.

    Not `__context__`: that may be an older failure which the caller is just dealing with.
    """
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        own = (getattr(cause, name, None) for name in ("reason", "os_error", "_os_error"))
        behind = (*cause.args, *own, cause.__cause__)
        waiting += [each for each in behind if isinstance(each, BaseException)]


def _words(cause: BaseException) -> str:
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = getattr(cause, "verify_message", "")  # aiohttp's subclass has none
        return f"certificate verify failed: {message}" if message else str(cause)
    if isinstance(cause, OSError) and cause.strerror:
        if cause.errno and cause.strerror.startswith("Connect call failed"):  # asyncio's words
            return os.strerror(cause.errno)
        return cause.strerror
    return str(cause) or type(cause).__name__
