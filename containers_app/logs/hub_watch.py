"""Keeps an eye on an engine while logs of it are followed: does it answer, or only accept?"""

import asyncio
from typing import Protocol

from engine.errors import EngineError
from engine.streams import PING_S, ping
from engine.types import Connection

PING_EVERY_S = 5.0  # two misses of 3 s each are told within 11 s (R3: 15 s)
HISTORIES = 8  # logs of one engine read whole at a time; more wait for their turn


class Streaming(Protocol):
    @property
    def streaming(self) -> bool: ...

    def cut(self, error: EngineError) -> None: ...


class HostWatch:
    """One per engine and process. A hung engine keeps its streams open and silent for ever."""

    def __init__(self, connection: Connection) -> None:
        self.hubs: set[Streaming] = set()
        self.histories = asyncio.Semaphore(HISTORIES)
        self._connection = connection
        self._task = asyncio.create_task(self._watch())

    def close(self) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY_S)
            if not any(hub.streaming for hub in self.hubs):
                continue
            error = await self._missed() and await self._missed()
            if error:
                for hub in [hub for hub in self.hubs if hub.streaming]:
                    hub.cut(error)

    async def _missed(self) -> EngineError | None:
        try:
            await ping(self._connection, timeout_s=PING_S)
        except EngineError as error:
            return error
        return None
