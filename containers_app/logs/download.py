"""Lines of one log, or of several merged in order of time, on their way to a client.

Nothing is read that the client does not take. Whoever leaves, stalls or loses the right to a host
ends it, and the engines' streams with it; an answer that was cut never looks complete.
"""

import asyncio
import time
import weakref
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Literal, NamedTuple, Self

import orjson
from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.utils.translation import gettext as _

from accounts_app.models import User
from containers_app.logs.clocks import clocks_ahead
from containers_app.logs.finding import Found
from containers_app.logs.reads import LARGEST, Bounds, lines_of, threads
from containers_app.logs.sources import Source
from core.errors import Forbidden
from core.limits import AtOnce
from engine.cursor import time_ns
from engine.errors import EngineError

DOWNLOADS = AtOnce(each=4, in_all=16)
BLOCK = 256 * 1024  # bytes of all logs that are read at once
LEAST_BLOCK = 16 * 1024
RECHECK_S = 3.0  # how long a lost right can outlive its loss (B9: 5 s)
STALLED_S = 60.0  # a client that takes nothing for so long is gone (C9)
GZIP = 31  # zlib's word for gzip's frame
LEVEL = 3  # of compression: a third of the time of the default, and a tenth more bytes
UNREAD = "unread"  # the "stream" of what is said instead of lines
ALWAYS = 2**63  # later than every time in nanoseconds


class Line(NamedTuple):
    at: int  # nanoseconds, corrected by the engine's clock
    n: int  # which of the sources
    found: Found


@dataclass(frozen=True, slots=True)
class Piece:
    """What is read, for whom, and how it is written. `allowed` asks the database."""

    sources: Sequence[Source]
    terminals: dict[str, bool]  # by name of the source
    bounds: Bounds
    format: Literal["text", "ndjson"]
    packed: bool
    allowed: Callable[[], bool]
    unread: dict[str, str] = field(
        default_factory=dict
    )  # by name of the source: why it is not read

    @property
    def block(self) -> int:
        return max(LEAST_BLOCK, BLOCK // len(self.sources))

    @property
    def held(self) -> int:
        return LARGEST // len(self.sources)


class Download:
    """The answer, part by part: an asynchronous iterator. It holds a place among DOWNLOADS.

    `close` may come from any thread, and any number of times.
    """

    def __init__(self, piece: Piece, user: User) -> None:
        """Raises TooMany."""
        place = ExitStack()
        place.enter_context(DOWNLOADS.place(user.pk))
        self._release = weakref.finalize(self, place.close)
        self._allowed, self._checked = piece.allowed, time.monotonic()
        parts = _written(piece)
        self._parts = _packed(parts) if piece.packed else parts
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._gone = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._gone:  # an end would look like that of the log
            raise TimeoutError(f"nothing was taken for {STALLED_S:.0f} s")
        self._loop = asyncio.get_running_loop()
        if self._stalled:
            self._stalled.cancel()
        try:
            part = await anext(self._parts)
            await self._recheck()
        except BaseException:
            self._release()
            await self._parts.aclose()
            raise
        self._stalled = self._loop.call_later(STALLED_S, self._end)
        return part

    def close(self) -> None:
        self._release()
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and all of its tasks
                self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._gone = True
        self._release()
        if self._stalled:
            self._stalled.cancel()
        assert self._loop
        self._ending = self._loop.create_task(self._close_parts())

    async def _close_parts(self) -> None:
        with suppress(RuntimeError):  # somebody waits for a part: who cancels him ends it
            await self._parts.aclose()

    async def _recheck(self) -> None:
        if time.monotonic() - self._checked < RECHECK_S:
            return
        if not await sync_to_async(self._still_allowed, thread_sensitive=False)():
            raise Forbidden(_("You may not see this host any more."))
        self._checked = time.monotonic()

    def _still_allowed(self) -> bool:
        close_old_connections()
        try:
            return self._allowed()
        finally:
            close_old_connections()


async def _packed(parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    loop = asyncio.get_running_loop()
    async with aclosing(parts):
        async for part in parts:
            if packed := await loop.run_in_executor(threads, packer.compress, part):
                yield packed
    yield packer.flush()


async def _written(piece: Piece) -> AsyncGenerator[bytes, None]:
    writer = _Text(piece.sources) if piece.format == "text" else _Objects(piece.sources)
    lines = _merged(piece)
    async with aclosing(lines):
        async for some in lines:
            yield writer.write(some)
    if rest := writer.rest():
        yield rest


# -- In order


async def _merged(piece: Piece) -> AsyncGenerator[list[Line], None]:
    """Up to the earliest of the times that the logs have been read to, again and again."""
    clocks = await clocks_ahead([source.host for source in piece.sources])
    lanes = [
        _Lane(n, source, piece, clocks[source.host.pk].ns)
        for n, source in enumerate(piece.sources)
        if source.name not in piece.unread
    ]
    if unread := [
        _unread(-ALWAYS, n, piece.unread[source.name])
        for n, source in enumerate(piece.sources)
        if source.name in piece.unread
    ]:
        yield unread
    try:
        while any(lane.rows or not lane.ended for lane in lanes):
            await _fill([lane for lane in lanes if not (lane.rows or lane.ended)])
            until = min((lane.last for lane in lanes if not lane.ended), default=ALWAYS)
            lines = list(chain.from_iterable(lane.take(until) for lane in lanes))
            if len(lanes) > 1:
                lines.sort(key=itemgetter(0))  # stable: a log keeps its order
            if lines:
                yield lines
    finally:
        for lane in lanes:
            await lane.lines.aclose()


async def _fill(lanes: Sequence["_Lane"]) -> None:
    """Raises the first one's EngineError once no other is being read."""
    reading = [asyncio.ensure_future(lane.fill()) for lane in lanes]
    try:
        await asyncio.gather(*reading)
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


def _unread(at: int, n: int, why: str) -> Line:
    """Instead of lines: from here on one of several logs is not read."""
    return Line(at, n, Found("", UNREAD, why, ""))


class _Lane:
    """One log: what has been read of it and not yet been taken. One of several that breaks off
    leaves the others alone, and says so where it does.
    """

    def __init__(self, n: int, source: Source, piece: Piece, ahead_ns: int) -> None:
        tty = piece.terminals[source.name]
        self.lines = lines_of(source, piece.bounds, tty=tty, block=piece.block, held=piece.held)
        self.rows: deque[Line] = deque()
        self.last = -ALWAYS  # what comes is not before this
        self.ended = False
        self._n, self._ahead_ns, self._is_one = n, ahead_ns, len(piece.sources) == 1

    async def fill(self) -> None:
        try:
            found = await anext(self.lines, None)
        except EngineError as error:
            if self._is_one:
                raise
            self.rows.append(_unread(self.last, self._n, str(error)))
            found = None
        if found is None:
            self.ended = True
            return
        for each in found:
            self.last = max(self.last, time_ns(each.at) - self._ahead_ns)
            self.rows.append(Line(self.last, self._n, each))

    def take(self, until: int) -> list[Line]:
        taken = []
        while self.rows and self.rows[0].at <= until:
            taken.append(self.rows.popleft())
        return taken


# -- As bytes


class _Objects:
    """A JSON object a line; a piece of a line over 64 KiB has a cursor that ends in `+`."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._names = [source.name for source in sources] if len(sources) > 1 else []

    def write(self, lines: list[Line]) -> bytes:
        return b"".join(map(self._line, lines))

    def rest(self) -> bytes:
        return b""

    def _line(self, line: Line) -> bytes:
        at, stream, text, cursor = line.found
        if stream == UNREAD:
            error = {"t": "error", "c": self._names[line.n], "detail": text}
            return orjson.dumps(error, option=orjson.OPT_APPEND_NEWLINE)
        told = {"ts": at, "stream": stream, "text": text, "cursor": cursor}
        if self._names:
            told["c"] = self._names[line.n]
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


class _Text:
    """What was written, and before it of which container, where there are several."""

    def __init__(self, sources: Sequence[Source]) -> None:
        several = len(sources) > 1
        self._names = [f"{each.host.slug}/{each.title} | " if several else "" for each in sources]
        self._open: tuple[int, str, str] | None = None  # of a line of which more may come

    def write(self, lines: list[Line]) -> bytes:
        written: list[str] = []
        for _at, n, found in lines:
            of = n, found.stream, found.at
            if self._open != of:
                written += ["\n" if self._open else "", self._names[n]]
            unread = found.stream == UNREAD
            written.append(f"-- {_('Not read:')} {found.text} --" if unread else found.text)
            self._open = of if found.cursor.endswith("+") else None
            if self._open is None:
                written.append("\n")
        return "".join(written).encode("utf-8", "replace")

    def rest(self) -> bytes:
        return b"\n" if self._open else b""
