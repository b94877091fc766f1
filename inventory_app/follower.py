"""One stretch of following an engine: subscribe, list, and read what its events name."""

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from containers_app.inventory import Moments
from engine import streams
from engine.client import Engine
from engine.errors import EngineError, TimedOut
from engine.types import Connection, Event
from hosts_app.connections import PATIENT_S, connection_for, engine_for
from hosts_app.models import Host
from inventory_app import reconcile
from inventory_app.threads import HEALTHY, TROUBLED, in_thread

T = TypeVar("T")

SETTLE_S = 0.1  # after the last event of a burst its containers are read once more
BURST_S = 1.0  # a burst without end is read this often all the same
RELIST_S = 30.0  # events can be lost (see engine.streams.events), so list at least this often
PING_EVERY_S = 10.0
PING_S = 3.0
PATIENCE_S = 30.0  # an engine that answers a ping within this time is slow, not hung (R11)
ASK_AGAIN_S = 5.0  # while we are patient: a request that was lost must not cost all of it
SLOW_S = 3.0  # a ping that takes longer
SLOW_LIST_S = 5.0  # a list that takes longer
RETRY_S, LONGEST_RETRY_S = 5.0, 60.0  # after a list that failed, while pings are answered
LATENCY_EVERY_S = 30.0  # how often a latency that moved is worth a write
STREAM_LASTS_S = 5.0  # an event stream that ends sooner is opened again less and less soon
STREAM_PAUSE_S, LONGEST_STREAM_PAUSE_S = 0.1, 10.0
MOST_IDS = 20  # more changed containers than this are cheaper to list whole
MEET_EVERY = 20  # whole lists between two looks at version and clock: ten minutes
STARTS, ENDS = ("start", "restart"), ("die",)


class Follower:
    """Everything about one engine while it is followed. `follow` returns only by raising."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.ids: set[str] = set()  # containers that events named since they were last read
        self.moments: dict[str, Moments] = {}
        self.everything = True  # whether the next reading lists all containers
        self.changed = asyncio.Event()
        self.images_changed = asyncio.Event()
        self.slow_ping = self.slow_list = False
        self.failed = 0  # lists in a row
        self.troubles: dict[str, str] = {}  # what fails while pings are answered → its words
        self.noted: tuple[Host.State, str] | None = None
        self.noted_latency = (0.0, 0.0)  # when, and how much

    async def follow(self) -> None:
        """Raises EngineError in an exception group, or CannotUnseal."""
        self.connection: Connection = await in_thread(partial(connection_for, self.host))
        took_s = await self._answer()
        if self.slow_ping:  # else the first note waits for the version: it may be too old
            await self._note(took_s)
        since_ns = await self._in_engine(reconcile.meet)
        await self._note(took_s)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(since_ns))  # before listing
            tasks.create_task(self._keep_asking())
            tasks.create_task(self._keep_reading())
            tasks.create_task(self._keep_reading_images())

    # -- Is it there -------------------------------------------------------------------------

    async def _keep_asking(self) -> None:
        """An engine that hangs keeps its streams open: only a ping finds out (R3)."""
        while True:
            await asyncio.sleep(PING_EVERY_S * random.uniform(0.95, 1.0))  # noqa: S311 - no secret
            await self._note(await self._answer())

    async def _answer(self) -> float:
        """Seconds until it answered. A hang is noted at once, and raised after PATIENCE_S."""
        try:
            took_s = await streams.ping(self.connection, timeout_s=PING_S)
        except TimedOut as error:
            if not self.slow_ping:
                await self._write_note(Host.State.HUNG, str(error), None)
            took_s = await self._patient_answer()
        self.slow_ping = took_s > SLOW_S
        return took_s

    async def _patient_answer(self) -> float:
        """The first of several pings to be answered. Raises TimedOut when none is."""
        began = time.monotonic()
        pings: set[asyncio.Task[float]] = set()
        try:
            while time.monotonic() - began < PATIENCE_S:
                left_s = PATIENCE_S - (time.monotonic() - began)
                one = streams.ping(self.connection, timeout_s=left_s)
                pings.add(asyncio.create_task(one))
                done, pings = await asyncio.wait(
                    pings, timeout=ASK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED
                )
                for ping in done:
                    ping.result()
                    return PING_S + time.monotonic() - began
            raise TimedOut(f"{self.connection.url}: no answer in {PATIENCE_S:.0f} s")
        finally:
            for ping in pings:
                ping.cancel()
            await asyncio.gather(*pings, return_exceptions=True)

    async def _note(self, took_s: float) -> None:
        slow = self.slow_ping or self.slow_list
        state = Host.State.SLOW if slow else Host.State.REACHABLE
        words = "\n".join(dict.fromkeys(self.troubles.values()))
        await self._write_note(state, words, took_s * 1000)

    async def _write_note(self, state: Host.State, error: str, latency_ms: float | None) -> None:
        """Only what is new: an idle host costs no write."""
        at, before = self.noted_latency
        latency = latency_ms or 0.0
        moved = abs(latency - before) > max(2.0, before / 4)
        if self.noted == (state, error) and not (
            moved and time.monotonic() - at > LATENCY_EVERY_S
        ):
            return
        await in_thread(partial(reconcile.note_state, self.host, state, error, latency_ms))
        self.noted, self.noted_latency = (state, error), (time.monotonic(), latency)

    # -- What changes ------------------------------------------------------------------------

    async def _listen(self, since_ns: int) -> None:
        """Take notes of events. After every end of the stream all is listed again (R30)."""
        failed = 0
        while True:
            began = time.monotonic()
            try:
                await self._take_notes(since_ns)
                self.troubles.pop("events", None)
            except EngineError as error:  # pings tell whether it is gone
                self.troubles["events"] = str(error)
            failed = 0 if time.monotonic() - began > STREAM_LASTS_S else failed + 1
            await self._note(await self._answer())
            since_ns = await self._in_engine(reconcile.meet)  # it may be another version now
            self.everything = True
            self.changed.set()
            self.images_changed.set()
            await asyncio.sleep(min(STREAM_PAUSE_S * 2.0**failed, LONGEST_STREAM_PAUSE_S))

    async def _take_notes(self, since_ns: int) -> None:
        """Nothing but notes: whoever reads events slowly loses them."""
        timeout_s = PATIENT_S if self.slow_ping else streams.HEADERS_S
        stream = streams.events(self.connection, since_ns=since_ns, timeout_s=timeout_s)
        async for event in stream:
            if event.type == "image":
                self.images_changed.set()
                self.everything = True  # an image that lost its name changes what containers say
            else:
                self.ids.add(event.actor_id)
                self._remember(event)
            self.changed.set()

    def _remember(self, event: Event) -> None:
        """Lists round ages; events tell the moment."""
        before = self.moments.get(event.actor_id, Moments())
        if event.action in STARTS:
            self.moments[event.actor_id] = Moments(event.time_ns, before.finished_ns)
        elif event.action in ENDS:
            self.moments[event.actor_id] = Moments(before.started_ns, event.time_ns)

    # -- Reading -----------------------------------------------------------------------------

    async def _keep_reading(self) -> None:
        lists = 0
        while True:
            self.everything = True
            await self._read_noted()
            lists += 1
            if lists % MEET_EVERY == 0:
                await self._in_engine(reconcile.meet)
            if self.failed:
                await asyncio.sleep(_pause_s(self.failed))
                continue
            due = time.monotonic() + RELIST_S * random.uniform(0.9, 1.0)  # noqa: S311 - no secret
            while (left_s := due - time.monotonic()) > 0 and self._well():
                try:
                    await asyncio.wait_for(self.changed.wait(), left_s)
                except TimeoutError:
                    break
                await self._read_burst(due)

    def _well(self) -> bool:
        return self.failed == 0

    async def _read_burst(self, due: float) -> None:
        """The first event at once; then what followed, when it is quiet or a second has passed.

        When it is quiet all of the burst is read once more: a peer that reads at `kill` and not
        at `die` goes on showing "running", and engines tell of some changes before their lists
        show them (moby, daemon/pause.go).
        """
        burst: set[str] = set()
        came = True
        while came and self._well() and time.monotonic() < due:
            burst |= self.ids
            await self._read_noted()
            came = await self._more_comes()
        self.ids |= burst
        if self.ids and self._well():
            await self._read_noted()
        if not self.changed.is_set():
            self.moments.clear()

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
        """Read what events named, or all. A list that fails while pings go well is retried."""
        ids, everything = self.ids, self.everything or len(self.ids) > MOST_IDS
        self.ids, self.everything = set(), False
        self.changed.clear()
        if not ids and not everything:
            return
        only = None if everything else ids
        work = partial(reconcile.read_containers, moments=dict(self.moments), only=only)
        try:
            lasted_s = await self._in_engine(partial(_timed, work))
        except EngineError as error:
            took_s = await self._answer()  # raises where it is not only the list
            self.failed, self.everything = self.failed + 1, True
            self.troubles["containers"] = str(error)
            self.slow_list = self.slow_list or isinstance(error, TimedOut)
            await self._note(took_s)
        else:
            if everything:
                self.slow_list = lasted_s > SLOW_LIST_S
            if self.failed:
                self.failed = 0
                self.troubles.pop("containers", None)
                await self._note(await self._answer())

    async def _keep_reading_images(self) -> None:
        """Beside the containers: where this fails, they are shown all the same."""
        failed = 0
        while True:
            self.images_changed.clear()
            try:
                await self._in_engine(reconcile.read_images)
                failed = 0
                self.troubles.pop("images", None)
            except EngineError as error:
                failed += 1
                self.troubles["images"] = str(error)
                await asyncio.sleep(_pause_s(failed))
                continue
            await asyncio.sleep(BURST_S)  # a pull with many tags is one reading
            with suppress(TimeoutError):
                await asyncio.wait_for(self.images_changed.wait(), RELIST_S)

    async def _in_engine(self, work: Callable[[Host, Engine], T]) -> T:
        """`work` with this host and its engine: patient, and in its own lane, while in trouble."""
        troubled = self.slow_ping or self.slow_list or self.failed > 0
        lane: ThreadPoolExecutor = TROUBLED if troubled else HEALTHY
        patient = self.slow_ping or self.slow_list

        def ask() -> T:
            return work(self.host, engine_for(self.host, patient=patient))

        return await in_thread(ask, lane)


def _timed(work: Callable[[Host, Engine], None], host: Host, engine: Engine) -> float:
    """Seconds that `work` took."""
    began = time.monotonic()
    work(host, engine)
    return time.monotonic() - began


def _pause_s(failed: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(RETRY_S * 2.0 ** (failed - 1), LONGEST_RETRY_S)
