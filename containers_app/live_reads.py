"""What pages and the API ask engines themselves: short questions that change nothing.

Each ends within its own deadline in a thread of its own, so that a host which hangs costs its
reader two seconds and nobody else anything (R1, R14).
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as NotInTime
from datetime import timedelta
from typing import Any, TypeVar

from django.utils.timezone import now
from django.utils.translation import gettext as _

from containers_app.masking import masked
from containers_app.models import Container
from core.errors import EngineFailed, NotFound
from engine.client import Engine
from engine.errors import EngineError, NoSuchObject
from engine.types import ContainerDetail, Event
from hosts_app.connections import engine_for
from hosts_app.models import Host

PAGE_S = 2.0  # what a person waits for facts that the row does not have
SIZES_S = 6.0  # the engine walks the writable layers
THREADS = 32  # of all such questions in this process
EVENTS_OF = timedelta(days=1)  # the engine keeps its last 256 events, so mostly less

T = TypeVar("T")
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="live-read")


def detail(container: Container, *, timeout_s: float = PAGE_S) -> ContainerDetail:
    """All that the engine knows of it. Raises EngineFailed, and NotFound when it is gone."""
    return _ask(container.host, lambda engine: engine.container(container.docker_id), timeout_s)


def inspected(container: Container, *, timeout_s: float = PAGE_S) -> dict[str, Any]:
    """The engine's JSON about it, with the values of its environment masked (F3)."""
    return masked(detail(container, timeout_s=timeout_s).raw)


def events_of(container: Container, *, timeout_s: float = PAGE_S) -> list[Event]:
    """What the engine still remembers of it, newest first. Raises EngineFailed."""
    until = now() + timedelta(seconds=container.host.skew_s)
    found = _ask(
        container.host,
        lambda engine: engine.events(container.docker_id, since=until - EVENTS_OF, until=until),
        timeout_s,
    )
    return found[::-1]


def sizes_of(containers: Collection[Container]) -> dict[tuple[int, str], int]:
    """(host, docker id) → bytes of the writable layer, where the host tells in time."""
    by_host: defaultdict[Host, list[str]] = defaultdict(list)
    for container in containers:
        by_host[container.host].append(container.docker_id)
    asked = {
        _pool.submit(engine_for(host).container_sizes, ids): host
        for host, ids in by_host.items()
        if host.answering
    }
    answered, _late = wait(asked, timeout=SIZES_S)
    sizes: dict[tuple[int, str], int] = {}
    for future in answered:
        if future.exception() is None:
            host = asked[future]
            sizes |= {(host.pk, docker_id): size for docker_id, size in future.result().items()}
    return sizes


def _ask(host: Host, question: Callable[[Engine], T], timeout_s: float) -> T:
    if not host.answering and host.state != Host.State.UNCHECKED:
        words = host.error or str(Host.State(host.state).label)
        raise EngineFailed(words, code=_code(host))
    answer: Future[T] = _pool.submit(question, engine_for(host))
    try:
        return answer.result(timeout_s)
    except NotInTime as error:
        answer.cancel()
        text = _("%(host)s did not answer within %(seconds)d s.")
        raise EngineFailed(
            text % {"host": host, "seconds": timeout_s}, code="timed_out"
        ) from error
    except NoSuchObject as error:
        raise NotFound(str(error)) from error
    except EngineError as error:
        raise EngineFailed(str(error), code=error.code) from error


def _code(host: Host) -> str:
    return {"hung": "timed_out", "tls_failed": "tls_failed", "too_old": "too_old"}.get(
        host.state, "unreachable"
    )
