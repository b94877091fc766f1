"""What we spare a registry: few requests at once, none while it asks for a pause.

Both hold within one process. What a registry says about its budget is told to `listeners`, which
keep it for all processes; `pause` is where they bring back what another process heard.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpcore2

from registries_app.protocol.answers import Budget
from registries_app.protocol.failures import RateLimited, TimedOut
from registries_app.protocol.sockets import left_s
from registries_app.protocol.targets import Target

AT_ONCE, AT_ONCE_PUBLIC = 16, 4  # requests
PATIENCE_S = 5.0  # a longer pause is told instead of waited for
PUBLIC = (
    "docker.io", "ghcr.io", "quay.io", "gitlab.com", "gcr.io", "pkg.dev", "azurecr.io",
    "amazonaws.com", "public.ecr.aws", "mcr.microsoft.com", "aliyuncs.com", "icr.io",
)  # fmt: skip

listeners: list[Callable[[Target, Budget], None]] = []
_lock = threading.Lock()
_slots: dict[str, threading.BoundedSemaphore] = {}
_pauses: dict[str, float] = {}  # by address: until when, of the monotonic clock


def at_once(target: Target) -> int:
    host = urlsplit(target.url).hostname or ""
    public = any(host == each or host.endswith(f".{each}") for each in PUBLIC)
    return AT_ONCE_PUBLIC if public else AT_ONCE


def left(target: Target) -> float:
    """Seconds that this call still has. Raises TimedOut."""
    try:
        return left_s()
    except httpcore2.ReadTimeout as error:
        raise TimedOut(target.name) from error


@contextmanager
def slot(target: Target) -> Iterator[None]:
    """One of its places, waited for as long as the call has time. Raises TimedOut."""
    with _lock:
        places = _slots.setdefault(target.url, threading.BoundedSemaphore(at_once(target)))
    if not places.acquire(timeout=left(target)):
        raise TimedOut(target.name)
    try:
        yield
    finally:
        places.release()


def pause(target: Target, seconds: float) -> None:
    """Ask nothing of it for so long."""
    with _lock:
        until = time.monotonic() + seconds
        _pauses[target.url] = max(until, _pauses.get(target.url, 0.0))


def wait(target: Target) -> None:
    """Until its pause is over, where that is soon. Raises RateLimited otherwise."""
    seconds = _pauses.get(target.url, 0.0) - time.monotonic()
    if seconds <= 0:
        return
    if seconds > min(PATIENCE_S, left(target)):
        raise RateLimited(target.name, max(1, round(seconds)))
    time.sleep(seconds)


def forget(url: str) -> None:
    """The pause of the registry at this address: another one answers there now."""
    with _lock:
        _pauses.pop(url, None)
