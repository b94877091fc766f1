"""One viewer of one log: finds its place, reads what lies before it, and goes on with the hub."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol

from containers_app.logs.hub import TAIL, Hub, Status
from containers_app.logs.hub_ring import BATCH_SIZE, BEFORE_ALL, Entry, Key, encoded_parts, key
from containers_app.logs.hubs import hubs
from engine.cursor import Accepted, timestamp_of
from engine.errors import EngineError
from engine.logs import log_chunks

UNKNOWN = -1  # lines are missing, and nobody knows how many
MOST_IN_RING = 2000  # lines; more than that is read from the engine, at the pace of its reader
PARK_S = 5.0  # a client that takes so long must not hold a place among the readers of an engine
RETRY_S = 1.0
HISTORY_TICK_S = 0.05  # a slow engine's lines do not wait longer for more of them


class Outlet(Protocol):
    """The client's side: a window of batches that it has not acknowledged yet."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Waits until a batch may be sent; nobody else sends meanwhile."""

    async def room(self, within_s: float | None) -> bool:
        """Whether a batch may be sent, now or within this time; None: waits for it."""

    async def lines(self, inner: str, gap: int) -> None:
        """Sends a batch: lines as JSON without brackets, and how many are missing before it."""

    async def tell(self, message: dict[str, Any]) -> None: ...

    def idle(self) -> None:
        """All that there is has been sent, for the time being."""


class _OutOfReach(Exception):
    """What comes next for this viewer is not in the ring: the engine has it."""


class Viewer:
    """Begins after `cursor`, else with the last `tail` lines (None: all) since `since_ns`.

    `merged`: its lines wait for those of other logs, so `Outlet.idle` must not be said before all
    that the log had at the start was sent.
    """

    def __init__(
        self,
        hub: Hub,
        n: int,
        outlet: Outlet,
        *,
        cursor: str = "",
        tail: int | None = None,
        since_ns: int | None = None,
        merged: bool = False,
    ) -> None:
        self._hub, self._n, self._outlet, self._merged = hub, n, outlet, merged
        self._cursor, self._tail, self._since_ns = cursor, tail, since_ns
        self._after: Key | None = key(cursor) if cursor else None  # lines up to it are not ours
        self._no = 0  # of the next entry
        self._line = 0  # of the next line: what of it is gone when we come is the gap
        self._gap = 0  # lines missing before the next batch
        self._told = 0  # serial of the last status that the client knows
        self._news = asyncio.Event()
        hub.join(self, n, self._news.set)

    def close(self) -> None:
        self._hub.leave(self)
        hubs().left(self._hub)

    def look(self) -> None:
        """The container may be different now."""
        self._hub.look()

    async def run(self) -> None:
        """For ever; to be cancelled."""
        if not (self._begin_in_ring() if self._after is None else self._goes_on_in_ring()):
            await self._history()
        while True:
            try:
                self._find()
                await self._follow()
            except _OutOfReach:
                if not await self._history():
                    await self._some_news(RETRY_S)

    # -- Where to begin

    def _begin_in_ring(self) -> bool:
        """A viewer that wants the newest lines, where hub and ring can give exactly those."""
        if self._tail is None or self._tail == 0 or self._since_ns is not None:
            return False
        if self._merged:  # of a stream that has just begun nobody knows how much is still to come
            return self._hub.ring.held >= self._tail
        if not self._hub.started and self._tail <= MOST_IN_RING:
            self._hub.start(self._tail)
        return self._hub.holds_newest(self._tail)

    def _goes_on_in_ring(self) -> bool:
        return not self._merged or (bool(self._hub.ring.entries) and self._reached())

    def _find(self) -> None:
        """The place in the ring after our cursor, or before the newest lines."""
        ring = self._hub.ring
        self._hub.start(TAIL)
        first = 0
        if self._after is None:
            assert self._tail is not None
            first = max(0, ring.next_line - self._tail)
            entry = next((each for each in ring.entries if each.line + each.count > first), None)
        else:
            if ring.entries and not self._reached():
                raise _OutOfReach
            entry = next((each for each in ring.entries if each.last > self._after), None)
        self._no = entry.no if entry else ring.next_no
        self._line = max(first, entry.line) if entry else ring.next_line

    def _reached(self) -> bool:
        """Whether no line of ours is missing before the ring begins.

        Shown by lines that both have, never by the end of a read: a cut looks like an end.
        """
        ring, after = self._hub.ring, self._after
        assert after is not None
        meets = after == ring.entries[0].first and not self._cursor.endswith("+")
        return meets or ring.reaches(after)

    # -- The ring

    async def _follow(self) -> None:
        ring = self._hub.ring
        while True:
            self._news.clear()
            if self._has_status():
                await self._tell_status()
            elif self._no >= ring.next_no:
                self._outlet.idle()
                await self._news.wait()
            else:
                async with self._outlet.turn():
                    if inner := self._take():
                        gap, self._gap = self._gap, 0
                        await self._outlet.lines(inner, gap)

    def _take(self) -> str:
        """The next lines up to a batch; counts those that have gone from the ring."""
        ring, size = self._hub.ring, 0
        pieces: list[str] = []
        if self._no < ring.first_no:  # the client was too slow, or we have just begun
            if self._after is None:
                self._gap += ring.entries[0].line - self._line
            elif not self._reached():
                raise _OutOfReach
            self._no, self._line = ring.first_no, ring.entries[0].line
        while size < BATCH_SIZE and self._no < ring.next_no:
            if self._has_status() or (pieces and ring[self._no].gap):
                break
            entry = ring[self._no]
            if entry.gap:
                self._gap = UNKNOWN
            inner = self._inside(entry)
            self._no, self._line = entry.no + 1, entry.line + entry.count
            if inner:
                pieces.append(inner)
                size += len(inner)
                self._cursor = entry.cursor
        return ring.joined(pieces)

    def _inside(self, entry: Entry) -> str:
        """What of an entry is ours: all of it, but for the first one."""
        if self._after is not None:
            if entry is self._hub.ring.entries[0] and not self._reached():
                raise _OutOfReach
            after, self._after = self._after, None
            if entry.first > after:
                return entry.inside(self._n)
            count, inner = entry.after(after, self._n)
            if not count:
                self._after = after  # the hub is behind what the client has seen
            return inner
        if self._line > entry.line:
            return entry.newest(entry.line + entry.count - self._line, self._n)
        return entry.inside(self._n)

    # -- What lies before the ring

    async def _history(self) -> bool:
        """Reads from the engine for this client alone, and no faster than it takes the lines.

        Whether there were any.
        """
        before = self._cursor
        while True:
            await self._until_well()
            await self._outlet.room(None)
            try:
                async with self._hub.watch.histories:
                    if await self._read_history():
                        break
            except EngineError as error:
                self._hub.trouble(error)
                await asyncio.sleep(RETRY_S)
        if self._after is None:  # nothing yet: all that comes is ours
            since = timestamp_of(self._since_ns) if self._since_ns is not None else ""
            self._after = (since, -1) if since else BEFORE_ALL
            self._tail = None
        return self._cursor != before

    async def _some_news(self, within_s: float) -> None:
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._news.wait()

    async def _read_history(self) -> bool:
        """Until the end of the log as it is now (True), or until the client lags (False)."""
        loop = asyncio.get_running_loop()
        peek = self._tail == 0 and not self._cursor  # only to know where the end is
        reader = log_chunks(
            self._hub.connection,
            self._hub.container_id,
            tty=self._hub.tty,
            follow=False,
            tail=1 if peek else self._tail,
            since_ns=self._since_ns,
            cursor=self._cursor,
        )
        batch = _Batch()
        try:
            async for accepted in reader:
                if peek:
                    self._moved(accepted.cursors[-1])
                    continue
                for part, text in encoded_parts(accepted, self._n):
                    if part.gap and batch.pieces:
                        await self._send(batch)
                    batch.add(part, text, loop.time())
                    if batch.size >= BATCH_SIZE or loop.time() - batch.began > HISTORY_TICK_S:
                        if not await self._outlet.room(PARK_S):
                            return False  # what we hold is read again, after the cursor
                        await self._send(batch)
        finally:
            await reader.aclose()
        await self._send(batch)
        return True

    async def _send(self, batch: "_Batch") -> None:
        if not batch.pieces:
            return
        async with self._outlet.turn():
            await self._outlet.lines(",".join(batch.pieces), UNKNOWN if batch.gap else 0)
        self._moved(batch.cursor)
        batch.clear()

    def _moved(self, cursor: str) -> None:
        self._cursor, self._after = cursor, key(cursor)

    async def _until_well(self) -> None:
        while True:
            self._news.clear()
            if self._told < self._hub.status.serial:
                await self._tell_status()
            elif self._hub.well.is_set():
                return
            else:
                if self._hub.status.kind:
                    self._outlet.idle()
                await self._news.wait()

    # -- What is said beside the lines

    def _has_status(self) -> bool:
        status = self._hub.status
        return self._told < status.serial and status.at <= self._no

    async def _tell_status(self) -> None:
        status = self._hub.status
        self._told = status.serial
        await self._outlet.tell(message(status, self._n))


class _Batch:
    """Lines of the history that have been read and not yet sent."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.pieces: list[str] = []
        self.size, self.gap, self.cursor, self.began = 0, False, "", 0.0

    def add(self, accepted: Accepted, text: str, now: float) -> None:
        if not self.pieces:
            self.gap, self.began = accepted.gap, now
        self.pieces.append(text)
        self.size += len(text)
        self.cursor = accepted.cursors[-1]


def message(status: Status, n: int) -> dict[str, Any]:
    """As api.md has it, and what a person wants to know besides."""
    if status.kind == "stalled":
        return {"t": "stalled", "n": n, **status.facts}
    if status.kind == "end":
        return {"t": "end", "n": n, "reason": status.reason, **status.facts}
    return {"t": "resumed", "n": n}
