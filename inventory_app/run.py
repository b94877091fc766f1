"""The watcher process: one task per host, and the upkeep of jobs, until it is told to stop."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from accounts_app.audit import announce_head, forget_denied
from accounts_app.signin import forget_ended_sessions
from core import spool
from core.live import TICK_S, tick
from hosts_app.models import Host
from images_app import newer_tasks
from images_app.building import spool as build_spool
from images_app.transferring import loads
from inventory_app.canaries import CANARY_S, Canaries
from inventory_app.threads import give_up, in_thread
from inventory_app.watcher import watch
from jobs_app import upkeep
from registries_app.content import refreshing

logger = logging.getLogger(__name__)

LOOK_S = 2.0  # how soon added, changed and removed hosts are noticed
UPKEEP_S = 2.0  # outbox and reaper: a dead worker is found within lease + this (R41)
BEAT_S = 10.0
SWEEP_S = 60.0  # what ended builds and broken uploads leave on the disk goes
ANCHOR_S = 300.0  # the head of the audit trail to our log: a cut end shows against it (I3)
DAY_S = 24 * 3600.0
DENIED_KEPT = timedelta(days=90)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    asyncio.run(_run())
    give_up()


async def _run() -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    work = [
        asyncio.create_task(watch_all()),
        asyncio.create_task(_every(UPKEEP_S, _keep_jobs)),
        asyncio.create_task(_every(BEAT_S, partial(upkeep.beat, "watcher"))),
        asyncio.create_task(_every(TICK_S, tick)),
        asyncio.create_task(_every(CANARY_S, Canaries().fly)),
        asyncio.create_task(_every(ANCHOR_S, announce_head)),
        asyncio.create_task(_every(DAY_S, _forget)),
        asyncio.create_task(_every(refreshing.LOOK_S, refreshing.refresh)),
        asyncio.create_task(_every(newer_tasks.DUE_S, newer_tasks.look_when_due)),
        asyncio.create_task(_every(SWEEP_S, build_spool.sweep)),
        asyncio.create_task(_every(SWEEP_S, partial(spool.sweep, loads.needed))),
    ]
    await stop.wait()
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


async def watch_all() -> None:
    """A task for each host; a host whose connection changed is watched anew."""
    watched: dict[tuple[object, ...], asyncio.Task[None]] = {}
    try:
        while True:
            try:
                wanted = set(await in_thread(_connections))
            except Exception:  # this loop must survive: a host that is not watched is a lie
                logger.exception("the list of hosts could not be read")
                wanted = set(watched)
            for gone in watched.keys() - wanted:
                watched.pop(gone).cancel()
            ended = {key for key, task in watched.items() if task.done()}
            for new in (wanted - watched.keys()) | (wanted & ended):
                watched[new] = asyncio.create_task(watch(int(str(new[0]))))
            await asyncio.sleep(LOOK_S)
    finally:
        for task in watched.values():
            task.cancel()


def _connections() -> list[tuple[object, ...]]:
    return list(Host.objects.values_list("pk", "url", "ca", "cert_sealed", "key_sealed"))


async def _every(seconds: float, work: Callable[[], None]) -> None:
    while True:
        began = time.monotonic()
        try:
            await in_thread(work)
        except Exception:  # this loop must survive: without upkeep, jobs hang for ever
            logger.exception("upkeep stumbled")
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - began)))


def _keep_jobs() -> None:
    upkeep.take_from_the_dead()
    upkeep.send_waiting()


def _forget() -> None:
    upkeep.forget_old()
    forget_denied(older_than=DENIED_KEPT)
    forget_ended_sessions()
