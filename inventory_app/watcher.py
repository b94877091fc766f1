"""Keeping our rows of one host equal to what its engine says, for as long as it is asked to."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from django.db import close_old_connections

from engine import streams
from engine.errors import EngineError, TimedOut, Unreachable
from engine.types import Connection
from hosts_app.connections import connection_for
from hosts_app.models import Host
from inventory_app import reconcile

logger = logging.getLogger(__name__)
T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

SETTLE_S = 0.1  # after the last event of a burst its containers are read once more
BURST_S = 1.0  # a burst without end is read this often all the same
RELIST_S = 30.0  # events can be lost (see engine.streams.events), so list at least this often
PING_EVERY_S = 10.0
PATIENCE_S = 30.0  # an engine that answers a ping within this time is slow, not hung (R11)
SLOW_S = 3.0
RETRY_S = (0.5, 1, 2, 4, 8)  # recovered at most 10 s after the engine is back (R8)
MOST_IDS = 20  # more changed containers than this are cheaper to list whole
threads = ThreadPoolExecutor(32, thread_name_prefix="inventory")


async def watch(host_id: int) -> None:
    """Follow the host; whenever that ends, say how it is, wait, and begin again."""
    failures = 0
    while True:
        host = await in_thread(Host.objects.filter(pk=host_id).first)
        if host is None:
            return
        began = time.monotonic()
        try:
            await Follower(host).follow()
        except* Unreachable as group:
            error = _first(group)
            await in_thread(
                partial(reconcile.note_state, host_id, reconcile.state_of(error), str(error), None)
            )
        except* EngineError as group:
            logger.warning("host %s: %s", host.slug, _first(group))
        except* Exception:  # this loop must survive: a host that is not watched is a lie
            logger.exception("host %s: the watcher stumbled", host.slug)
        failures = 0 if time.monotonic() - began > RELIST_S else failures + 1
        wait_s = RETRY_S[min(failures, len(RETRY_S) - 1)]
        await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - no secret


class Follower:
    """One stretch of following: subscribe, list, then read what events name, until it breaks."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.ids: set[str] = set()
        self.images = False
        self.changed = asyncio.Event()

    async def follow(self) -> None:
        connection = await in_thread(partial(connection_for, self.host))
        await self._answers(connection)
        since_ns = await in_thread(partial(reconcile.meet, self.host))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(connection, since_ns))  # before listing
            tasks.create_task(self._keep_asking(connection))
            tasks.create_task(self._keep_reading())

    async def _answers(self, connection: Connection) -> None:
        """Note whether it is reachable or slow. Raises Unreachable, and notes a hang at once."""
        try:
            took_s = await streams.ping(connection)
        except TimedOut as error:
            await self._note(Host.State.HUNG, str(error), None)
            took_s = await streams.ping(connection, timeout_s=PATIENCE_S)
        state = Host.State.SLOW if took_s > SLOW_S else Host.State.REACHABLE
        await self._note(state, "", took_s * 1000)

    async def _keep_asking(self, connection: Connection) -> None:
        """An engine that hangs keeps its streams open: only a ping finds out (R3)."""
        while True:
            await asyncio.sleep(PING_EVERY_S)
            try:
                took_s = await streams.ping(connection)
                state = Host.State.SLOW if took_s > SLOW_S else Host.State.REACHABLE
                await self._note(state, "", took_s * 1000)
            except TimedOut:
                await self._answers(connection)

    async def _listen(self, connection: Connection, since_ns: int) -> None:
        """Only take notes: whoever reads events slowly loses them."""
        async for event in streams.events(connection, since_ns=since_ns):
            if event.type == "image":
                self.images = True
            else:
                self.ids.add(event.actor_id)
            self.changed.set()
        took_s = await streams.ping(connection)  # the end itself says nothing: is it still there?
        raise TimedOut(f"the event stream ended after a ping of {took_s:.1f} s")

    async def _keep_reading(self) -> None:
        await in_thread(partial(reconcile.read_all, self.host))
        while True:
            listed = time.monotonic()
            while (left_s := listed + RELIST_S * random.uniform(0.9, 1.0) - time.monotonic()) > 0:  # noqa: S311
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), left_s)
                if self.changed.is_set():
                    await self._read_burst()
            await in_thread(partial(reconcile.read_all, self.host))

    async def _read_burst(self) -> None:
        """The first event at once; then what followed, when it is quiet or a second has passed.

        The last event of a burst is always followed by a reading: a peer that reads at `kill`
        and not at `die` goes on showing "running".
        """
        await self._read_noted()
        while await self._more_comes():
            await self._read_noted()

    async def _more_comes(self) -> bool:
        """Wait until it is quiet, or a second has passed; False if nothing came at all."""
        began, came = time.monotonic(), False
        while time.monotonic() - began < BURST_S:
            try:
                await asyncio.wait_for(self.changed.wait(), SETTLE_S)
            except TimeoutError:
                break
            came = True
            self.changed.clear()
        return came

    async def _read_noted(self) -> None:
        ids, images = self.ids, self.images
        self.ids, self.images = set(), False
        self.changed.clear()
        if len(ids) > MOST_IDS:
            await in_thread(partial(reconcile.read_all, self.host))
        elif ids or images:
            await in_thread(partial(reconcile.read_some, self.host, ids, images=images))

    async def _note(self, state: Host.State, error: str, latency_ms: float | None) -> None:
        await in_thread(partial(reconcile.note_state, self.host.pk, state, error, latency_ms))


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking `work` (database, short engine calls) beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(threads, partial(_fresh, work))


def _fresh(work: Callable[[], T]) -> T:
    close_old_connections()
    return work()


def _first(group: BaseExceptionGroup[E]) -> E:
    error: E | BaseExceptionGroup[E] = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
