"""The client's end of a merge of logs, without a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from containers_app.logs.hub_merge import Merge


class Reader:
    """The client's end: what was sent, in order; `stuck` takes nothing more."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.gaps: list[tuple[int, int]] = []  # source of the line after it, count
        self.told: list[tuple[int, dict[str, Any]]] = []  # after so many rows
        self.free = asyncio.Event()
        self.free.set()
        self.merge = Merge(self)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        await self.free.wait()
        yield

    async def room(self, within_s: float | None) -> bool:
        return self.free.is_set()

    async def lines(self, inner: str, gap: int) -> None:
        rows = json.loads(f"[{inner}]")
        if gap:
            self.gaps.append((rows[0][1], gap))
        self.rows += rows

    async def tell(self, message: dict[str, Any]) -> None:
        self.told.append((len(self.rows), message))

    def idle(self) -> None: ...

    @property
    def texts(self) -> list[str]:
        return [row[3] for row in self.rows]

    async def until(self, condition: Callable[[], bool], within_s: float = 10) -> None:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.005)
