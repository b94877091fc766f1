"""The one port of the dashboard, taken before anything else is done."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from launch.console import Refused

BACKLOG = 512  # connections that wait while web starts, or starts again


@contextmanager
def reserved(address: str, port: int) -> Iterator[socket.socket]:
    """A listening socket for the web part. Raises Refused, naming the port.

    It listens at once: a bound socket alone would not keep a second dashboard from binding.
    Who connects early waits until the first page can be served.
    """
    try:
        family, kind, protocol, _name, where = socket.getaddrinfo(
            address or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise Refused(f"BIND={address}: {error.strerror}.") from error
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(where)
            listener.listen(BACKLOG)
        except OSError as error:
            raise Refused(_why(error, address, port)) from error
        yield listener


def _why(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use by another program. "
            f"End that one, or choose another port: PORT={port + 1} make run"
        )
    if error.errno == errno.EACCES:
        return f"port {port} is for root only: choose one above 1023 with PORT."
    return f"cannot listen on {address} port {port}: {error.strerror}."
