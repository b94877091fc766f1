"""Several logs as one in order of time: each has a lane; lines leave when none can precede them.

The time of a line is its engine's stamp less what that engine's clock is ahead of ours. Lines of
logs that are being read from the past wait for each other; a line that was just written waits at
most HOLD_S for one of another engine that is still on its way. What comes later than that, or
bears a time that goes back, is not held against the order: it comes when it comes. The order of
one log is always its engine's.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from containers_app.logs.hub_ring import BATCH_SIZE, LINE_SIZE
from containers_app.logs.hub_viewer import Outlet
from engine.cursor import time_ns

HOLD_S = 0.1  # engines on one network deliver within a few milliseconds
PATIENCE_S = 1.0  # that one log, which has more to say, keeps the others waiting
LANES_SIZE = 1024 * 1024  # characters held for one viewer, in all lanes
LEAST_LANE_SIZE = 8 * 1024  # characters
ALWAYS = 2**63  # later than every time in nanoseconds


class Row(NamedTuple):
    at: int  # corrected, never before the row that precedes it in its lane
    item: Any  # a line as the client gets it, or a message
    gap: int


class Lane:
    """The outlet of one viewer (hub_viewer.Outlet): it can write as long as there is room."""

    def __init__(self, merge: "Merge", n: int, ahead_ns: int, *, late: bool) -> None:
        self.n, self.ahead_ns = n, ahead_ns
        self.rows: deque[Row] = deque()
        self.arrivals: deque[tuple[float, int]] = deque()  # when lines up to a time came
        self.last = -ALWAYS  # nothing before this will come
        self.size = 0  # characters
        self.is_idle = late  # whether nobody need wait for its next line
        self.heard = merge.now()
        self._merge = merge
        self._changed = asyncio.Event()

    # -- hub_viewer.Outlet

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        await self.room(None)
        yield

    async def room(self, within_s: float | None) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self._has_room():
                    self._changed.clear()
                    await self._changed.wait()
        return self._has_room()

    async def lines(self, inner: str, gap: int) -> None:
        for line in orjson.loads(f"[{inner}]"):
            line[1] = self.n
            self.size += len(line[3]) + LINE_SIZE
            self.last = max(self.last, time_ns(line[0]) - self.ahead_ns)
            self.rows.append(Row(self.last, line, gap))
            gap = 0
        self._arrived()

    async def tell(self, message: dict[str, Any]) -> None:
        self.rows.append(Row(self.last, message | {"n": self.n}, 0))
        self._arrived()

    def idle(self) -> None:
        self.is_idle = True
        self._merge.news()

    # -- for Merge

    def take(self, until: int) -> list[Row]:
        """Rows up to that time, which leave."""
        rows, taken = self.rows, []
        while rows and rows[0].at <= until:
            row = rows.popleft()
            taken.append(row)
            if isinstance(row.item, list):
                self.size -= len(row.item[3]) + LINE_SIZE
        if taken:
            while self.arrivals and self.arrivals[0][1] <= until:
                self.arrivals.popleft()
            self.heard = self._merge.now()
            self._changed.set()
        return taken

    def _has_room(self) -> bool:
        return not self.rows or self.size < self._merge.lane_size

    def _arrived(self) -> None:
        self.is_idle = False
        self.heard = self._merge.now()
        self.arrivals.append((self.heard, self.last))
        self._merge.news()


class Merge:
    """Takes what its lanes hold, in order, to one client."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._lanes: list[Lane] = []
        self._news = asyncio.Event()

    def lane(self, n: int, *, ahead_ns: int, late: bool = False) -> Lane:
        """For one more log, known to the client as `n`; nobody waits for the first line of one
        that is `late`.
        """
        lane = Lane(self, n, ahead_ns, late=late)
        self._lanes.append(lane)
        return lane

    async def run(self) -> None:
        """For ever; to be cancelled."""
        while True:
            self._news.clear()
            until, wait_s = self._until()
            rows = [row for lane in self._lanes for row in lane.take(until)]
            if rows:
                rows.sort(key=itemgetter(0))  # stable: a log keeps its order
                await self._send(rows)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()

    # -- what lanes ask

    @property
    def lane_size(self) -> int:
        return max(LEAST_LANE_SIZE, LANES_SIZE // max(1, len(self._lanes)))

    def news(self) -> None:
        self._news.set()

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    # -- when

    def _until(self) -> tuple[int, float | None]:
        """Up to which time rows may leave, and after how many seconds to ask again."""
        held = [lane for lane in self._lanes if lane.rows]
        if not held:
            return -ALWAYS, None
        if len(self._lanes) == 1:
            return ALWAYS, None
        now, clock_ns = self.now(), time.time_ns()
        until = clock_ns - int(HOLD_S * 10**9)
        waits = []
        for lane in held:
            for came, at in lane.arrivals:
                if came > now - HOLD_S:
                    waits.append(came + HOLD_S - now)
                    break
                until = max(until, at)
            waits.append((lane.rows[0].at - clock_ns) / 10**9 + HOLD_S)
        for lane in self._lanes:
            if lane.is_idle:
                continue
            patience_s = lane.heard + PATIENCE_S - now
            if lane.rows or patience_s > 0:
                until = min(until, lane.last)
                waits.append(patience_s)
        return until, max(0.001, min((each for each in waits if each > 0), default=HOLD_S))

    async def _send(self, rows: list[Row]) -> None:
        """In batches; one with a gap begins with the line that the gap lies before."""
        batch: list[Any] = []
        size = gap = 0
        for _at, item, missing in rows:
            if batch and (missing or size >= BATCH_SIZE or isinstance(item, dict)):
                await self._send_batch(batch, gap)
                batch, size, gap = [], 0, 0
            if isinstance(item, dict):
                await self._outlet.tell(item)
                continue
            batch.append(item)
            size += len(item[3]) + LINE_SIZE
            gap = missing or gap
        if batch:
            await self._send_batch(batch, gap)

    async def _send_batch(self, batch: list[Any], gap: int) -> None:
        async with self._outlet.turn():
            await self._outlet.lines(orjson.dumps(batch)[1:-1].decode(), gap)
