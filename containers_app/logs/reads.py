"""The lines of one log as somebody wants them: from when to when, the last so many, or before one.

Reads as its client takes, so at most a block or the last lines asked for are held.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from django.utils.translation import gettext as _

from containers_app.logs.finding import Finder, Found, Wanted
from containers_app.logs.hub_ring import key
from containers_app.logs.sources import Source
from core.errors import EngineFailed, NotFound
from engine.cursor import time_ns
from engine.errors import EngineError, NoSuchObject
from engine.inspected import inspected
from engine.logs import log_chunks, log_whole, read_ahead
from hosts_app.asking import check_answers

READ_S = 15.0  # in which an engine begins to send a log
MOST_LINES = 100_000  # that may be asked for from the end
LARGEST = 16 * 1024 * 1024  # characters of last lines that are held; then they are fewer
LINE_SIZE = 200  # characters that a held line costs besides its text
WINDOWS_S = (60, 3600, 86400)  # how far back the last lines before a moment are looked for
S = 10**9
ANY = Wanted()
threads = ThreadPoolExecutor(2, thread_name_prefix="log-read")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which lines. `before` and `after` are cursors: only lines that come before or after it."""

    wanted: Wanted = ANY
    stream: Literal["", "out", "err"] = ""
    since: datetime | None = None
    until: datetime | None = None
    before: str = ""
    after: str = ""
    tail: int | None = None  # the last so many of those; None: all

    @property
    def is_plain(self) -> bool:
        """Whether the engine itself can tell which lines are the last ones."""
        filtered = self.wanted.pattern or self.wanted.levels or self.stream
        return not (filtered or self.until or self.before or self.after)


class Checked(NamedTuple):
    """Logs that engines have begun to send, by name of the source."""

    terminals: dict[str, bool]  # whether it is that of a terminal
    unread: dict[str, str]  # the others, each with the reason


def checked(sources: Sequence[Source]) -> Checked:
    """What can be read. Raises NotFound or EngineFailed, of the first, when nothing can."""
    return asyncio.run(check(sources))


async def check(sources: Sequence[Source]) -> Checked:
    """As `checked`."""
    at_once = asyncio.Semaphore(16)

    async def one(source: Source) -> bool | NotFound | EngineFailed:
        async with at_once:
            try:
                return await _begun(source)
            except (NotFound, EngineFailed) as error:
                return error

    found = dict(zip(sources, await asyncio.gather(*map(one, sources)), strict=True))
    terminals = {source.name: tty for source, tty in found.items() if isinstance(tty, bool)}
    failed = {source.name: e for source, e in found.items() if not isinstance(e, bool)}
    if not terminals:
        raise next(iter(failed.values()))
    return Checked(terminals, {name: error.message for name, error in failed.items()})


async def _begun(source: Source) -> bool:
    check_answers(source.host)
    try:
        async with asyncio.timeout(READ_S):
            detail = await inspected(source.connection, source.docker_id)
            reader = log_chunks(
                source.connection, source.docker_id, tty=detail.tty, follow=False, tail=1
            )
            try:
                await anext(reader, None)
            finally:
                await reader.aclose()
    except TimeoutError as error:
        raise EngineFailed(
            _("The engine did not send the log within %(seconds)d s.") % {"seconds": READ_S},
            code="timed_out",
        ) from error
    except NoSuchObject as error:
        raise NotFound(f"{source.host.slug}/{source.title}: {error}") from error
    except EngineError as error:
        raise EngineFailed(
            f"{source.host.slug}/{source.title}: {error}", code=error.code
        ) from error
    return detail.tty


async def lines_of(
    source: Source, bounds: Bounds, *, tty: bool, block: int, held: int
) -> AsyncGenerator[list[Found], None]:
    """In the log's order. `block` is read at once (bytes), `held` the most of last lines
    (characters). Raises EngineError, also where the connection was cut.
    """
    read = _Read(source, bounds, tty=tty, block=block)
    since_ns, until_ns = read.since_ns(), read.until_ns()
    if bounds.tail is None or bounds.is_plain:
        pieces = read.lines(since_ns, until_ns, tail=bounds.tail)
        async with aclosing(pieces):
            async for found in pieces:
                yield found
    elif bounds.tail:
        yield (await read.last(bounds.tail, since_ns, until_ns, held))[0]


async def last_lines(
    source: Source, bounds: Bounds, *, tty: bool, block: int, held: int
) -> tuple[list[Found], bool]:
    """The last `bounds.tail` of them, and whether there may be others before those."""
    assert bounds.tail is not None
    read = _Read(source, bounds, tty=tty, block=block)
    return await read.last(bounds.tail, read.since_ns(), read.until_ns(), held)


class _Read:
    """Reads of one log."""

    def __init__(self, source: Source, bounds: Bounds, *, tty: bool, block: int) -> None:
        self._source, self._bounds, self._tty, self._block = source, bounds, tty, block
        self._before = key(bounds.before) if bounds.before else None
        self._after = key(bounds.after) if bounds.after else None

    def since_ns(self) -> int | None:
        if self._bounds.after:
            return time_ns(self._bounds.after)
        return self._source.clock_ns(self._bounds.since)

    def until_ns(self) -> int | None:
        """Engines give lines of that very nanosecond too."""
        if self._bounds.before:
            return time_ns(self._bounds.before)
        return self._source.clock_ns(self._bounds.until)

    async def last(
        self, count: int, since_ns: int | None, until_ns: int | None, most: int
    ) -> tuple[list[Found], bool]:
        """Looked for further and further back: an engine cannot tell them by itself. Also whether
        there may be others before them.
        """
        newest = until_ns or self._source.now_ns()
        for window_s in (*WINDOWS_S, None):
            start = newest - window_s * S if window_s else 0
            whole = start <= (since_ns or 0)
            last = _Last(count, most)
            pieces = self.lines(since_ns if whole else start, until_ns)
            async with aclosing(pieces):
                async for found in pieces:
                    last.take(found)
            if whole or last.is_full:
                break
        return list(last.lines), last.is_full

    async def lines(
        self, since_ns: int | None, until_ns: int | None, *, tail: int | None = None
    ) -> AsyncGenerator[list[Found], None]:
        finder, loop = Finder(self._bounds.wanted, tty=self._tty), asyncio.get_running_loop()
        arriving = log_whole(
            self._source.connection,
            self._source.docker_id,
            since_ns=since_ns,
            until_ns=until_ns,
            tail=tail,
        )
        blocks = read_ahead(arriving, block=self._block)
        async with aclosing(blocks):
            async for block in blocks:
                if found := self._ours(await loop.run_in_executor(threads, finder.feed, block)):
                    yield found
        if found := self._ours(await loop.run_in_executor(threads, finder.finish)):
            yield found

    def _ours(self, found: list[Found]) -> list[Found]:
        if self._bounds.stream:
            found = [each for each in found if each.stream == self._bounds.stream]
        if self._before:
            found = [each for each in found if key(each.cursor) < self._before]
        if self._after:
            found = [each for each in found if key(each.cursor) > self._after]
        return found


class _Last:
    """The last lines of what it was given."""

    def __init__(self, count: int, most: int) -> None:
        self.lines: deque[Found] = deque()
        self.is_full = False
        self._count, self._most, self._size = count, most, 0

    def take(self, found: list[Found]) -> None:
        for line in found:
            self.lines.append(line)
            self._size += len(line.text) + LINE_SIZE
            while len(self.lines) > self._count or (self._size > self._most and self.lines):
                self._size -= len(self.lines.popleft().text) + LINE_SIZE
                self.is_full = True
        self.is_full = self.is_full or len(self.lines) == self._count
