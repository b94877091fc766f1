"""The newest lines of one log, encoded once for all of its viewers (pure).

A viewer is a position in the ring, not a queue of copies: 500 of them cost no more than one.
"""

from collections import deque
from collections.abc import Collection, Iterator
from itertools import repeat

import orjson

from engine.cursor import Accepted, Cursor

BATCH_SIZE = 128 * 1024  # characters of JSON; what a message carries when there is enough
LARGEST_ENTRY = 512 * 1024  # characters; common WebSocket clients refuse messages over 1 MiB
LINE_SIZE = 95  # characters of JSON around a line's text: timestamp, cursor, quotes
ENTRY_OVERHEAD = 600  # bytes that an entry costs beside its text
STREAM_NAMES = ("", "out", "err")

Key = tuple[str, int]  # of a cursor: they sort like the records
BEFORE_ALL: Key = ("", -1)


class Entry:
    """Lines that arrived together, as the inside of a JSON list: one for each source number."""

    __slots__ = ("count", "cursor", "first", "gap", "inner", "last", "line", "no", "size")

    def __init__(self, no: int, line: int, accepted: Accepted, inner: dict[int, str]) -> None:
        self.no = no  # of the entry, counted since the hub began
        self.line = line  # number of its first line, likewise
        self.count = len(accepted.texts)
        self.first, self.last = key(accepted.cursors[0]), key(accepted.cursors[-1])
        self.cursor = accepted.cursors[-1]
        self.gap = accepted.gap  # lines are missing before it, and nobody knows how many
        self.inner = inner  # by source number
        self.size = sum(len(text) for text in self.inner.values()) + ENTRY_OVERHEAD

    def inside(self, n: int) -> str:
        """Its JSON for viewers that know this log as their source number `n`."""
        if n not in self.inner:
            lines = self.lines()
            for line in lines:
                line[1] = n
            self.inner[n] = orjson.dumps(lines)[1:-1].decode()
        return self.inner[n]

    def lines(self) -> list[list[object]]:
        text = next(iter(self.inner.values()))
        found: list[list[object]] = orjson.loads(f"[{text}]")
        return found

    def after(self, wanted: Key, n: int) -> tuple[int, str]:
        """How many of its lines come after a cursor, and their JSON."""
        kept = [line for line in self.lines() if key(str(line[4])) > wanted]
        return len(kept), _encoded_lines(kept, n)

    def newest(self, count: int, n: int) -> str:
        """The JSON of its last `count` lines."""
        return _encoded_lines(self.lines()[self.count - count :], n)


class Ring:
    """Entries up to a size; the newest is always kept."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.next_no = 0
        self.next_line = 0
        self.size = 0
        self.floor: Key | None = None  # everything after this cursor is here; None: not known
        self._together: tuple[list[str], str] = ([], "")  # what was joined last

    @property
    def first_no(self) -> int:
        return self.next_no - len(self.entries)

    @property
    def held(self) -> int:
        """Lines."""
        return self.next_line - self.entries[0].line if self.entries else 0

    def add(self, accepted: Accepted, numbers: Collection[int], *, most: int) -> None:
        """Appends lines, then forgets the oldest until at most `most` bytes are held."""
        first, *others = numbers or (0,)
        for part, text in encoded_parts(accepted, first):
            inner = {first: text} | {n: encoded(part, n) for n in others}
            entry = Entry(self.next_no, self.next_line, part, inner)
            self.entries.append(entry)
            self.next_no += 1
            self.next_line += entry.count
            self.size += entry.size
        while self.size > most and len(self.entries) > 1:
            dropped = self.entries.popleft()
            self.size -= dropped.size
            self.floor = dropped.last

    def joined(self, pieces: list[str]) -> str:
        """Of entries as one batch: viewers that take the same at once get the same string."""
        if len(pieces) < 2:
            return "".join(pieces)
        if pieces != self._together[0]:
            self._together = (pieces, ",".join(pieces))
        return self._together[1]

    def has_all(self, *, below: int) -> None:
        """A log has been read whole: if it has fewer lines than were asked for, all are here."""
        if self.floor is None and self.held < below:
            self.floor = BEFORE_ALL

    def reaches(self, cursor: Key) -> bool:
        """Whether every line after `cursor` that the hub has seen is here."""
        if self.floor is not None:
            return cursor >= self.floor
        # begun at the end of a log: lines of the very first timestamp may lie before it
        return bool(self.entries) and cursor[0] > self.entries[0].first[0]

    def __getitem__(self, no: int) -> Entry:
        return self.entries[no - self.first_no]


def key(cursor: str) -> Key:
    """How a cursor sorts. Raises ValueError when it is none of ours."""
    if len(cursor) == 30 and cursor[-1] == "Z":
        return cursor, 0
    parsed = Cursor.parse(cursor)
    return parsed.timestamp, parsed.k


def encoded(accepted: Accepted, n: int) -> str:
    """The lines as JSON without the brackets around them: pieces are joined with a comma."""
    streams = accepted.streams
    is_one = streams.count(streams[0]) == len(streams)
    one, several = repeat(STREAM_NAMES[streams[0]]), map(STREAM_NAMES.__getitem__, streams)
    names = one if is_one else several
    rows = list(zip(accepted.timestamps, repeat(n), names, accepted.texts, accepted.cursors))
    return orjson.dumps(rows)[1:-1].decode()


def encoded_parts(accepted: Accepted, n: int) -> Iterator[tuple[Accepted, str]]:
    """Pieces that each make about a batch, whatever came at once, and their JSON."""
    count = len(accepted.texts)
    size = sum(map(len, accepted.texts)) + LINE_SIZE * count
    if count < 2 or size <= BATCH_SIZE + BATCH_SIZE // 2:
        yield from _bounded(accepted, n)
        return
    step = max(1, count * BATCH_SIZE // size)
    for start in range(0, count, step):
        yield from _bounded(_slice(accepted, start, start + step), n)


def _bounded(accepted: Accepted, n: int) -> Iterator[tuple[Accepted, str]]:
    """Halves what grew far beyond a batch in JSON: control characters take six each."""
    count, text = len(accepted.texts), encoded(accepted, n)
    if count < 2 or len(text) <= LARGEST_ENTRY:
        yield accepted, text
        return
    yield from _bounded(_slice(accepted, 0, count // 2), n)
    yield from _bounded(_slice(accepted, count // 2, count), n)


def _slice(accepted: Accepted, start: int, end: int) -> Accepted:
    return Accepted(
        accepted.timestamps[start:end],
        accepted.streams[start:end],
        accepted.texts[start:end],
        accepted.cursors[start:end],
        accepted.gap and start == 0,
    )


def _encoded_lines(lines: list[list[object]], n: int) -> str:
    for line in lines:
        line[1] = n
    return orjson.dumps(lines)[1:-1].decode()
