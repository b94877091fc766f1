"""A stretch of one log, or of several in order of time: before a place, after it, or around it.

A page scrolls by it. Where each log is held from is told by cursors, so that stretches meet
without a line lost or given twice.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, NamedTuple

from django.utils.translation import gettext as _

from containers_app.logs.clocks import clocks_ahead
from containers_app.logs.finding import Found
from containers_app.logs.hub_ring import key
from containers_app.logs.reads import LARGEST, LINE_SIZE, Bounds, check, last_lines, lines_of
from containers_app.logs.sources import Source
from core.api import instant
from core.errors import Invalid
from engine.cursor import time_ns, timestamp_of
from engine.errors import EngineError

READ_S = 30.0  # of one log; older lines far back in a large one take the engine that long
BLOCK = 64 * 1024  # bytes read at once
LEAST_HELD = 256 * 1024  # characters of one log: its share, where there are many
AT_ONCE = 16  # logs
LAST = "~999999999"  # of a nanosecond: after every line of it

FULL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")

Way = Literal["older", "newer"]


@dataclass(frozen=True, slots=True)
class Place:
    """`edges`: cursors of the first (or last) lines that the client has, by name of the source;
    for the other sources `at_ns`, by our clock: older lines are before it, newer ones from it on.
    """

    at_ns: int
    edges: Mapping[str, str]
    count: int
    line: tuple[str, str] = ("", "")  # name of its source, timestamp: instead of `at_ns`


class Row(NamedTuple):
    at: int  # nanoseconds, corrected by the engine's clock
    n: int  # which of the sources
    found: Found


class Part(NamedTuple):
    """Of one log. `more`: beyond these lines there are others."""

    rows: list[Row]
    more: bool


class Stretch(NamedTuple):
    rows: list[Row]
    is_first: bool | None  # nothing is before them, as far as engines have it; None: not asked
    is_last: bool | None  # nothing was after them when they were read; None: not asked
    unread: dict[str, str]  # by name of the source
    ahead_ns: dict[str, int]  # of the engine's clock, likewise


def stretch(sources: Sequence[Source], place: Place, ways: Sequence[Way]) -> Stretch:
    """Raises NotFound or EngineFailed when nothing of all can be read."""
    return asyncio.run(_Reading(sources, place).read(ways))


def place_of(
    sources: Sequence[Source], at: str, line: str, edges: Iterable[str], way: str, count: int
) -> Place:
    """As the API is asked. Raises Invalid."""
    of, stamp = "", ""
    if line:
        name, stamp = _cursor_of(line, "line")
        of = _named(sources, name, "line").name
    return Place(
        at_ns=_moment_ns(at) if at else time.time_ns(),
        edges={_named(sources, name, "edge").name: cursor for name, cursor in map(_edge, edges)},
        count=count // 2 or 1 if way == "around" else count,
        line=(of, stamp),
    )


def told(sources: Sequence[Source], found: Stretch) -> dict[str, Any]:
    """As the API tells it."""
    return {
        "sources": [
            {
                "n": n, "c": source.name, "name": source.title, "host": source.host.name,
                "skew_ms": found.ahead_ns[source.name] // 10**6,
            }
            for n, source in enumerate(sources)
        ],
        "lines": [[row.found.at, row.n, *row.found[1:]] for row in found.rows],
        "first": found.is_first,
        "last": found.is_last,
        "unread": [{"c": name, "detail": why} for name, why in found.unread.items()],
    }  # fmt: skip


def _edge(text: str) -> tuple[str, str]:
    return _cursor_of(text, "edge")


def _cursor_of(text: str, field: str) -> tuple[str, str]:
    """`lab/web@2026-11-24T08:13:59.123456789Z` in two."""
    name, _at, cursor = text.rpartition("@")
    try:
        key(cursor)
    except ValueError as error:
        raise Invalid.field(field, _("A line of a container, as its address has it.")) from error
    return name, cursor


def _named(sources: Sequence[Source], name: str, field: str) -> Source:
    host, _slash, container = name.partition("/")
    for source in sources:
        if source.host.slug == host and container in {source.title, source.docker_id}:
            return source
    raise Invalid.field(field, _("That container is not among these."))


def _moment_ns(at: str) -> int:
    """Raises Invalid."""
    if not FULL.fullmatch(at):
        return int(instant(at, field="at").timestamp() * 10**6) * 1000
    instant(at[:19], field="at")  # a 13th month
    return time_ns(at)


class _Reading:
    def __init__(self, sources: Sequence[Source], place: Place) -> None:
        self.sources, self.place = sources, place
        self.unread: dict[str, str] = {}
        self.ahead_ns: dict[str, int] = {}
        self.held = max(LEAST_HELD, LARGEST // len(sources))
        self.at_once = asyncio.Semaphore(AT_ONCE)

    async def read(self, ways: Sequence[Way]) -> Stretch:
        clocks = await clocks_ahead([source.host for source in self.sources])
        self.ahead_ns = {source.name: clocks[source.host.pk].ns for source in self.sources}
        of, stamp = self.place.line
        if of:
            at_ns = time_ns(stamp) - self.ahead_ns[of]
            self.place = replace(self.place, at_ns=at_ns)
        terminals, self.unread = await check(self.sources)
        rows: list[Row] = []
        ended: dict[Way, bool] = {}
        for way in ways:
            parts = await asyncio.gather(
                *(
                    self._part(n, source, way, tty=terminals[source.name])
                    for n, source in enumerate(self.sources)
                    if source.name in terminals
                )
            )
            merged, more = _merged(parts, self.place.count, way)
            rows += merged
            ended[way] = not more
        return Stretch(rows, ended.get("older"), ended.get("newer"), self.unread, self.ahead_ns)

    async def _part(self, n: int, source: Source, way: Way, *, tty: bool) -> Part:
        read = _older if way == "older" else _newer
        try:
            async with self.at_once, asyncio.timeout(READ_S):
                lines, more = await read(source, self._bounds(source, way), self.held, tty=tty)
        except EngineError as error:
            self.unread[source.name] = str(error)
            return Part([], more=False)
        except TimeoutError:
            said = _("The engine did not send the log within %(seconds)d s.")
            self.unread[source.name] = said % {"seconds": READ_S}
            return Part([], more=False)
        ahead, rows, at = self.ahead_ns[source.name], [], 0
        for each in lines:
            at = max(at, time_ns(each.at) - ahead)
            rows.append(Row(at, n, each))
        return Part(rows, more)

    def _bounds(self, source: Source, way: Way) -> Bounds:
        bounds = Bounds(tail=self.place.count)
        edge = self.place.edges.get(source.name, "")
        at_ns = max(1, self.place.at_ns + self.ahead_ns[source.name])
        if way == "older":
            return replace(bounds, before=edge or timestamp_of(at_ns))
        return replace(bounds, after=edge or timestamp_of(at_ns - 1) + LAST)


async def _older(
    source: Source, bounds: Bounds, held: int, *, tty: bool
) -> tuple[list[Found], bool]:
    return await last_lines(source, bounds, tty=tty, block=BLOCK, held=held)


async def _newer(
    source: Source, bounds: Bounds, held: int, *, tty: bool
) -> tuple[list[Found], bool]:
    assert bounds.tail is not None
    lines: list[Found] = []
    size = 0
    pieces = lines_of(source, replace(bounds, tail=None), tty=tty, block=BLOCK, held=held)
    async with aclosing(pieces):
        async for some in pieces:
            for each in some:
                if len(lines) == bounds.tail or size > held:
                    return lines, True
                lines.append(each)
                size += len(each.text) + LINE_SIZE
    return lines, False


def _merged(parts: Sequence[Part], count: int, way: Way) -> tuple[list[Row], bool]:
    """The `count` rows that are nearest, and whether there are more beyond them. A log with more
    lines than were read of it says nothing about the time beyond those.
    """
    rows = sorted((row for part in parts for row in part.rows), key=lambda row: row.at)
    cut = [part.rows for part in parts if part.more and part.rows]
    if way == "older":
        since = max((each[0].at for each in cut), default=0)
        near = [row for row in rows if row.at >= since]
        kept = near[-count:]
    else:
        until = min((each[-1].at for each in cut), default=2**63)
        near = [row for row in rows if row.at <= until]
        kept = list(islice(near, count))
    return kept, bool(cut) or len(kept) < len(rows)
