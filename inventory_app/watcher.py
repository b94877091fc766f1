"""Keeping our rows of one host equal to what its engine says, for as long as it is asked to."""

import asyncio
import logging
import random
import time

from core.sealed import CannotUnseal
from engine.errors import EngineError, Unreachable
from hosts_app.models import Host
from inventory_app import reconcile
from inventory_app.follower import Follower
from inventory_app.threads import in_thread

logger = logging.getLogger(__name__)

LASTING_S = 30.0  # whoever was followed for this long is tried again at once
RETRY_S = (0.5, 1, 2, 4, 6)  # recovered at most 10 s after the engine is back (R8)


async def watch(host_id: int) -> None:
    """Follow the host; whenever that ends, say how it is, wait, and begin again."""
    failures = 0
    while True:
        began = time.monotonic()
        try:
            host = await in_thread(Host.objects.filter(pk=host_id).first)
            if host is None:
                return
            await _follow(host)
        except Exception:  # this loop must survive: a host that is not watched is a lie
            logger.exception("host %s: the watcher stumbled", host_id)
        failures = 0 if time.monotonic() - began > LASTING_S else failures + 1
        wait_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
        await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - no secret


async def _follow(host: Host) -> None:
    """One stretch of following, and a note of how it ended."""
    ended: tuple[Host.State, str] | None = None
    try:
        await Follower(host).follow()
    except* CannotUnseal as group:
        ended = Host.State.TLS_FAILED, f"the stored certificate cannot be read: {_first(group)}"
    except* Unreachable as group:
        error = _first(group)
        assert isinstance(error, Unreachable)
        ended = reconcile.state_of(error), str(error)
    except* EngineError as group:  # it answers, and refuses what we need to begin
        ended = Host.State.REACHABLE, str(_first(group))
    if ended:
        state, words = ended
        await in_thread(lambda: reconcile.note_state(host, state, words, None))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
