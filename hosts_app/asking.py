"""Short questions to engines that change nothing, for the live reads of pages and the API.

Each ends within its own deadline in a thread of its own, so that a host which hangs costs its
reader two seconds and nobody else anything (R1, R14).
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as NotInTime
from typing import TypeVar

from django.utils.translation import gettext as _

from core.errors import EngineFailed, NotFound
from engine.client import Engine
from engine.errors import EngineError, NoSuchObject
from hosts_app.connections import engine_for
from hosts_app.models import Host

PAGE_S = 2.0  # what a person waits for facts that the row does not have
THREADS = 32  # of all such questions in this process

T = TypeVar("T")
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="live-read")


def check_answers(host: Host) -> None:
    """Raises EngineFailed where the host is known not to answer."""
    if not host.answering and host.state != Host.State.UNCHECKED:
        words = host.error or str(Host.State(host.state).label)
        raise EngineFailed(words, code=_code(host))


def asked(host: Host, question: Callable[[Engine], T], timeout_s: float = PAGE_S) -> T:
    """The answer of one engine. Raises EngineFailed, and NotFound for what it does not have."""
    check_answers(host)
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


def asked_each(
    hosts: Iterable[Host], question: Callable[[Host, Engine], T], timeout_s: float
) -> dict[Host, T]:
    """The answers of those hosts that give one in time, asked all at once."""
    open_questions = {
        _pool.submit(question, host, engine_for(host)): host for host in hosts if host.answering
    }
    answered, _late = wait(open_questions, timeout=timeout_s)
    return {
        open_questions[future]: future.result()
        for future in answered
        if future.exception() is None
    }


def _code(host: Host) -> str:
    return {"hung": "timed_out", "tls_failed": "tls_failed", "too_old": "too_old"}.get(
        host.state, "unreachable"
    )
