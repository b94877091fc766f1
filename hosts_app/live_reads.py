"""The questions that a page may ask an engine itself: each read-only, and within a deadline."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from core.errors import EngineFailed, Unavailable
from engine.client import Engine
from engine.errors import EngineError
from engine.probe import Step, steps
from engine.types import Connection
from hosts_app.connections import connection_for
from hosts_app.models import Host

CHECK_S = 45.0  # connect 3, TLS 3, ping 3, version 5, list 15; the rest is for looking up a name
DISK_S = 30.0  # an engine walks every volume for this
AT_ONCE = 4  # such questions per process: the threads of pages are not for waiting
_places = threading.BoundedSemaphore(AT_ONCE)


def check(connection: Connection) -> list[Step]:
    """The connection test, up to the first step that fails. Raises Unavailable when too many run.

    Only looking up a name knows no deadline of its own: the thread that waits for it is left
    behind after CHECK_S, and ends when the resolver gives up.
    """
    with _place():
        found: list[Step] = []
        asking = threading.Thread(
            target=lambda: found.extend(_until_failed(connection)), name="host check", daemon=True
        )
        began = time.monotonic()
        asking.start()
        asking.join(CHECK_S)
        if not asking.is_alive():
            return found
        ms = round((time.monotonic() - began) * 1000)
        return [Step("address", ok=False, ms=ms, detail=f"{connection.url}: no answer in time")]


def stored(host: Host) -> Connection:
    """How this host is reached, secrets in the clear."""
    return connection_for(host)


def disk_usage(host: Host) -> dict[str, Any]:
    """What `docker system df` tells: bytes and counts. Raises EngineFailed, Unavailable."""
    with _place(), Engine(connection_for(host), timeout_s=DISK_S) as engine:
        try:
            return asdict(engine.disk_usage(timeout_s=DISK_S))
        except EngineError as error:
            raise EngineFailed(str(error), code=error.code) from error


def _until_failed(connection: Connection) -> Iterator[Step]:
    yield from steps(connection)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=1):
        raise Unavailable(
            _("Several engines are being asked right now."), hint=_("Try again in a moment.")
        )
    try:
        yield
    finally:
        _places.release()
