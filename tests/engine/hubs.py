"""A client of log hubs without a socket: it acknowledges, or is slow, and keeps what it got."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from containers_app.logs.hub_viewer import Viewer
from containers_app.logs.hubs import hubs
from engine.types import Connection

WINDOW = 8  # batches


class Client:
    """Looks at one container's log until closed."""

    def __init__(
        self,
        connection: Connection,
        container_id: str,
        *,
        n: int = 0,
        cursor: str = "",
        tail: int | None = 500,
        name: str = "web",
        prompt: bool = True,
    ) -> None:
        self.rows: list[list[Any]] = []
        self.batches: list[int] = []  # lines in each
        self.gaps: list[int] = []
        self.told: list[dict[str, Any]] = []
        self.prompt = prompt  # acknowledges at once
        self._open = 0
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._viewer = Viewer(
            hubs().get(connection, container_id, name), n, self, cursor=cursor, tail=tail
        )
        self._task = asyncio.create_task(self._viewer.run())

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._viewer.close()

    @property
    def texts(self) -> list[str]:
        return [row[3] for row in self.rows]

    @property
    def cursor(self) -> str:
        return str(self.rows[-1][4])

    def acknowledge(self) -> None:
        self._open = 0
        self._changed.set()

    async def until(self, condition: Callable[[], bool], within_s: float = 20) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                if self._task.done():
                    self._task.result()
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self._changed.wait()

    async def until_texts(self, texts: list[str], within_s: float = 20) -> None:
        with suppress(TimeoutError):
            await self.until(lambda: len(self.texts) >= len(texts), within_s)
        assert self.texts == texts, f"{len(self.texts)} of {len(texts)}, gaps {self.gaps}"

    async def until_told(self, kind: str, within_s: float = 20) -> dict[str, Any]:
        await self.until(lambda: any(_kind(each) == kind for each in self.told), within_s)
        return next(each for each in self.told if _kind(each) == kind)

    # -- hub_viewer.Outlet

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self._lock:
            await self.room(None)
            yield

    async def room(self, within_s: float | None) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._open >= WINDOW:
                    self._changed.clear()
                    await self._changed.wait()
        return self._open < WINDOW

    async def lines(self, inner: str, gap: int) -> None:
        rows = json.loads(f"[{inner}]")
        assert rows, "an empty batch"
        self.keep(rows)
        self.batches.append(len(rows))
        if gap:
            self.gaps.append(gap)
        self._open += not self.prompt
        del rows
        self._changed.set()
        await asyncio.sleep(0)

    def keep(self, rows: list[list[Any]]) -> None:
        self.rows += rows

    async def tell(self, message: dict[str, Any]) -> None:
        self.told.append(message)
        self._changed.set()

    def idle(self) -> None:
        self._changed.set()


class Light(Client):
    """Keeps texts only, each once for all clients: for a crowd in little memory."""

    def __init__(self, *given: Any, **options: Any) -> None:
        self._texts: list[str] = []
        super().__init__(*given, **options)

    @property
    def texts(self) -> list[str]:
        return self._texts

    def keep(self, rows: list[list[Any]]) -> None:
        self._texts += [sys.intern(row[3]) for row in rows]


def _kind(message: dict[str, Any]) -> str:
    return str(message.get("reason") or message["t"])
