"""How far each engine's clock is ahead of ours, measured seldom: logs merge by it (R31)."""

import asyncio
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from engine.client import Engine
from engine.errors import EngineError
from hosts_app.connections import engine_for
from hosts_app.models import Host

KEPT_S = 600.0  # a clock that ntpd keeps drifts less than a millisecond meanwhile
FAILED_KEPT_S = 30.0
WAIT_S = 1.0  # nobody waits longer for his lines; the next one has it
THREADS = 8


class Ahead(NamedTuple):
    """`known` is False where the engine has never told its time."""

    ns: int
    known: bool


_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="clock")
_measured: dict[str, tuple[float, int | None]] = {}  # url → when to ask again, nanoseconds


async def clocks_ahead(hosts: Collection[Host]) -> dict[int, Ahead]:
    """Of each host (by its key), measured now or a while ago; else what the watcher last saw.

    Takes up to WAIT_S. A lone host is not asked: there is nothing to compare its clock with.
    """
    if len({host.pk for host in hosts}) > 1:
        loop = asyncio.get_running_loop()
        asked = [
            loop.run_in_executor(_pool, _measure, host)
            for host in {host.pk: host for host in hosts if _is_due(host)}.values()
        ]
        if asked:
            await asyncio.wait(asked, timeout=WAIT_S)
    return {host.pk: _ahead(host) for host in hosts}


def offset_ns(engine: Engine) -> int:
    """The engine's clock minus ours; 0 where the difference is less than the answer's delay."""
    before = time.time_ns()
    told = engine.clock_ns()
    after = time.time_ns()
    offset = told - (before + after) // 2
    return offset if abs(offset) > (after - before) // 2 + 1 else 0


def _is_due(host: Host) -> bool:
    again, _ns = _measured.get(host.url, (0.0, None))
    return host.answering and time.monotonic() >= again


def _measure(host: Host) -> None:
    try:
        _measured[host.url] = (time.monotonic() + KEPT_S, offset_ns(engine_for(host)))
    except EngineError:
        _measured[host.url] = (time.monotonic() + FAILED_KEPT_S, None)


def _ahead(host: Host) -> Ahead:
    _again, measured = _measured.get(host.url, (0.0, None))
    if measured is not None:
        return Ahead(measured, known=True)
    return Ahead(int(host.skew_s * 10**9), known=host.as_of is not None)
