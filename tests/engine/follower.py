"""The smallest honest follower of a log: goes on from its cursor until the container has ended."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.client import Engine
from engine.cursor import Accepted
from engine.errors import Unreachable
from engine.logs import log_chunks
from engine.types import Connection

RETRY_S = 0.05


@dataclass
class Followed:
    lines: list[str] = field(default_factory=list)  # pieces joined
    dropped: int = 0  # repetitions by the engine
    connections: int = 0
    gaps: int = 0
    cursor: str = ""
    _held: str = ""

    def take(self, batch: Accepted | None) -> None:
        if batch:
            self.gaps += batch.gap
            for text, cursor in zip(batch.texts, batch.cursors, strict=True):
                self._held += text
                if not cursor.endswith("+"):
                    self.lines.append(self._held)
                    self._held = ""
            self.cursor = batch.cursors[-1]


async def follow(
    stream: Connection,
    engine: Engine,
    container_id: str,
    *,
    tty: bool = False,
    last_run: Callable[[], bool] = lambda: True,
) -> Followed:
    """Reads over `stream`, asks `engine` after each end; until the end of the last run."""
    found = Followed()
    while True:
        # asked before reading: then all of the log is there to be read
        ended = last_run() and await _has_ended(engine, container_id)
        reader = log_chunks(stream, container_id, tty=tty, follow=True, cursor=found.cursor)
        try:
            async for batch in reader:
                found.take(batch)
        except Unreachable:
            ended = False
        finally:
            found.connections += 1
            found.dropped += reader.dropped
            await reader.aclose()
        if ended:
            found.take(reader.unfinished())
            return found
        await asyncio.sleep(RETRY_S)


async def _has_ended(engine: Engine, container_id: str) -> bool:
    try:
        return (await asyncio.to_thread(engine.container, container_id)).state == "exited"
    except Unreachable:
        return False
