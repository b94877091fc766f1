"""Reads a container's log as columns of records, once or for ever, from its end or from a cursor.

Asks for HTTP/1.0: the body then comes without a chunk per line, which saves a third of the CPU.
The price: a cut and a clean end look alike. So an end never means that the container stopped:
inspect it, and go on from the last cursor.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Self

import aiohttp

from engine.addresses import checked_id
from engine.cursor import Accepted, Cursor, Position
from engine.frames import Frames, Records, Terminal
from engine.streams import opened, read_some, seconds
from engine.transfers import download
from engine.types import Connection

BUFFER_SIZE = 128 * 1024  # bytes read at once at most twice this
AHEAD = 2  # blocks that have been read and not yet been taken
GATHER_S = 0.001  # an engine writes every line by itself: let the lines of a flood gather
FLOOD_READ = 32 * 1024  # bytes; a larger read gains nothing by waiting


class LogReader:
    """One connection to one container's log: an async iterator of batches (`Accepted`).

    Ends when the connection ends, whatever the reason. Raises NoSuchObject, Refused (501: the log
    driver keeps nothing readable) and Unreachable before the first batch, and Broken when the
    engine cannot read on. Cancelling or `aclose()` closes the connection.
    """

    def __init__(
        self,
        connection: Connection,
        container_id: str,
        params: dict[str, str],
        *,
        tty: bool,
        cursor: str = "",
    ) -> None:
        self._parser = Terminal() if tty else Frames()
        self._position = Position(cursor)
        self._batches = self._read(connection, container_id, params)
        self.reads = 0  # of the socket

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Accepted:
        return await anext(self._batches)

    async def aclose(self) -> None:
        await self._batches.aclose()

    @property
    def dropped(self) -> int:
        """Records that the engine gave twice."""
        return self._position.dropped

    def unfinished(self) -> Accepted | None:
        """The last line where it has no newline. To be asked after the end, once the container
        is known to have stopped: after a cut the line would be a torso.
        """
        return self._accepted(self._parser.unfinished())

    def _accepted(self, records: Records | None) -> Accepted | None:
        return self._position.accept(records) if records else None

    async def _read(
        self, connection: Connection, container_id: str, params: dict[str, str]
    ) -> AsyncGenerator[Accepted, None]:
        arriving = _arriving(connection, container_id, params)
        async with aclosing(arriving):
            async for arrived in arriving:
                self.reads += 1
                if batch := self._accepted(self._parser.feed(arrived)):
                    yield batch


def log_chunks(
    connection: Connection,
    container_id: str,
    *,
    tty: bool,
    follow: bool,
    tail: int | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    cursor: str = "",
) -> LogReader:
    """Opens a log at the first `anext`: the last `tail` records (None: all), then what follows.

    With `cursor` everything after that record, and `tail` and `since_ns` are of no effect. Raises
    ValueError when the cursor is none of ours. `tail` counts parts of 16 KiB, not lines.
    """
    params = _params(since_ns, until_ns) | {"follow": "1" if follow else "0"}
    params["tail"] = "all" if tail is None or cursor else str(tail)
    if cursor:
        params["since"] = Cursor.parse(cursor).since
    return LogReader(connection, container_id, params, tty=tty, cursor=cursor)


def log_bytes(
    connection: Connection,
    container_id: str,
    *,
    stdout: bool = True,
    stderr: bool = True,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> AsyncGenerator[bytes, None]:
    """The whole log as it is now, as the engine sends it: for who reads more than he wants.

    Raises as LogReader does. Closing the generator closes the connection.
    """
    params = _params(since_ns, until_ns)
    params |= {"stdout": "01"[stdout], "stderr": "01"[stderr], "follow": "0", "tail": "all"}
    return _arriving(connection, container_id, params)


def log_whole(
    connection: Connection,
    container_id: str,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    tail: int | None = None,
) -> AsyncGenerator[bytes, None]:
    """As `log_bytes`, in chunks: dearer, but a cut raises Unreachable, and is never an end.

    A reader that pauses holds the engine back.
    """
    params = _params(since_ns, until_ns)
    params |= {"follow": "0", "tail": "all" if tail is None else str(tail)}
    return download(connection, f"/containers/{checked_id(container_id)}/logs", params)


async def read_ahead(
    arriving: AsyncGenerator[bytes, None], *, block: int, idle_s: float | None = None
) -> AsyncGenerator[bytes, None]:
    """What arrives in pieces of `block` bytes or more, but for the last; it reads on while the
    caller works on one, so that the engine need not wait.

    At most AHEAD pieces wait. Raises what `arriving` raises, and TimeoutError when it says nothing
    for `idle_s`. Closing it closes `arriving`.
    """
    blocks: asyncio.Queue[bytes] = asyncio.Queue()
    room = asyncio.Semaphore(AHEAD)
    reading = asyncio.create_task(_fill(blocks, room, arriving, block, idle_s))
    try:
        while piece := await blocks.get():
            room.release()
            yield piece
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _fill(
    blocks: asyncio.Queue[bytes],
    room: asyncio.Semaphore,
    arriving: AsyncGenerator[bytes, None],
    block: int,
    idle_s: float | None,
) -> None:
    held: list[bytes] = []
    size = 0
    try:
        async with aclosing(arriving):
            while True:
                async with asyncio.timeout(idle_s):
                    arrived = await anext(arriving, b"")
                held.append(arrived)
                size += len(arrived)
                if size and (size >= block or not arrived):
                    await room.acquire()
                    blocks.put_nowait(b"".join(held))
                    held, size = [], 0
                if not arrived:
                    return
    finally:
        blocks.put_nowait(b"")  # the end


def _params(since_ns: int | None, until_ns: int | None) -> dict[str, str]:
    params = {"stdout": "1", "stderr": "1", "timestamps": "1"}
    if since_ns is not None:
        params["since"] = seconds(since_ns)
    if until_ns is not None:
        params["until"] = seconds(until_ns)
    return params


async def _arriving(
    connection: Connection, container_id: str, params: dict[str, str]
) -> AsyncGenerator[bytes, None]:
    path = f"/containers/{checked_id(container_id)}/logs"
    async with opened(
        connection, path, params, version=aiohttp.HttpVersion10, buffer_size=BUFFER_SIZE
    ) as response:
        async for arrived in _gathered(response):
            yield arrived


async def _gathered(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What arrives; in a flood in fewer, larger pieces. A lone line is never delayed."""
    last = 0.0
    while arrived := await read_some(response):
        yield arrived
        if time.monotonic() - last < GATHER_S and len(arrived) < FLOOD_READ:
            await _pause(response)
        last = time.monotonic()


async def _pause(response: aiohttp.ClientResponse) -> None:
    transport = response.connection.transport if response.connection else None
    if transport is not None and not transport.is_closing():
        transport.pause_reading()
        await asyncio.sleep(GATHER_S)
        if not transport.is_closing():
            transport.resume_reading()
