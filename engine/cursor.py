"""Knows which records of a log have been delivered, so that none is lost or given twice (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from operator import lt
from typing import NamedTuple, Self

from engine.frames import STDERR, STDOUT, Records

CURSOR = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)(?:~(\d{1,9}))?(\+?)")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place after a record: its timestamp, and how many of that timestamp came before it."""

    timestamp: str
    k: int = 0
    more: bool = False  # the record is a piece of a long line, and not its last

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads what `str` wrote. Raises ValueError on anything else."""
        match = CURSOR.fullmatch(text)
        if not match:
            raise ValueError(f"not a log cursor: {text[:60]!r}")
        datetime.fromisoformat(match[1][:19])  # ValueError on a 13th month
        return cls(match[1], int(match[2] or 0), bool(match[3]))

    def __str__(self) -> str:
        return f"{self.timestamp}{f'~{self.k}' if self.k else ''}{'+' if self.more else ''}"

    @property
    def since(self) -> str:
        """As the engine's `since`, which takes the records of that very nanosecond too."""
        whole = datetime.fromisoformat(f"{self.timestamp[:19]}+00:00")
        return f"{int(whole.timestamp())}.{self.timestamp[20:29]}"


class Accepted(NamedTuple):
    """Columns of equal length: what of the records is new."""

    timestamps: list[str]
    streams: list[int]
    texts: list[str]
    cursors: list[str]
    gap: bool  # before these, records are missing, and nobody knows how many


class Position:
    """How far one log has been delivered.

    Resumed from a cursor, it skips what was delivered of that timestamp. At all times it drops
    what is older than the last record of the same stream, and a complete line equal to one of the
    same timestamp: engines repeat records when a log file rotates (R22). Pieces of one long line
    are never compared, since they share a timestamp and may be equal (R21).
    """

    def __init__(self, cursor: str = "") -> None:
        """Raises ValueError when `cursor` is none of ours."""
        start = Cursor.parse(cursor) if cursor else None
        self._timestamp = start.timestamp if start else ""
        self._k = start.k if start else -1
        self._newest = {STDOUT: self._timestamp, STDERR: self._timestamp}
        self._seen: set[tuple[int, str]] = set()  # complete lines of the newest timestamp
        self._skip = start.k + 1 if start else 0  # records of that timestamp still to skip
        self._first = bool(start)  # no record newer than the cursor has come yet
        self.dropped = 0  # repetitions by the engine

    def accept(self, records: Records) -> Accepted | None:
        """What of `records` is new, each with its cursor."""
        timestamps, streams, texts, pieces = records
        plain = not pieces and not self._first and timestamps[0] > self._timestamp
        if plain and all(map(lt, timestamps, islice(timestamps, 1, None))):
            self._advance(timestamps, streams, texts)
            return Accepted(timestamps, streams, texts, timestamps, gap=False)
        return self._one_by_one(records)

    def _advance(self, timestamps: list[str], streams: list[int], texts: list[str]) -> None:
        self._timestamp, self._k = timestamps[-1], 0
        self._seen = {(streams[-1], texts[-1])}
        for stream in self._newest:
            if stream in streams:
                self._newest[stream] = timestamps[_last_index(streams, stream)]

    def _one_by_one(self, records: Records) -> Accepted | None:
        kept: list[int] = []
        cursors: list[str] = []
        gap = False
        for index, (timestamp, stream, text) in enumerate(
            zip(records.timestamps, records.streams, records.texts, strict=True)
        ):
            piece = records.pieces.get(index)
            if self._skipped(timestamp, stream, text, whole=piece is None):
                continue
            if self._first and timestamp > self._timestamp:
                gap = self._skip > 0  # the record of the cursor itself has been rotated away
                self._first, self._skip = False, 0
            if not self._take(timestamp, stream, text, whole=piece is None):
                self.dropped += 1
                continue
            kept.append(index)
            cursors.append(str(Cursor(self._timestamp, self._k, bool(piece))))
        if not kept:
            return None
        return Accepted(
            [records.timestamps[i] for i in kept],
            [records.streams[i] for i in kept],
            [records.texts[i] for i in kept],
            cursors,
            gap,
        )

    def _skipped(self, timestamp: str, stream: int, text: str, *, whole: bool) -> bool:
        """Whether this record was delivered before the resume."""
        if not self._skip or timestamp != self._timestamp:
            return False
        if not whole or (stream, text) not in self._seen:
            self._skip -= 1
            if whole:
                self._seen.add((stream, text))
        return True

    def _take(self, timestamp: str, stream: int, text: str, *, whole: bool) -> bool:
        """Moves on to a new record; False if it is a repetition."""
        newest = self._newest[stream]
        if timestamp < newest or (whole and timestamp == newest < self._timestamp):
            return False
        if timestamp > self._timestamp:
            self._timestamp, self._k, self._seen = timestamp, 0, set()
        elif timestamp == self._timestamp:
            if whole and (stream, text) in self._seen:
                return False
            self._k += 1
        # else: a long line of one stream ended after newer lines of the other; it keeps the
        # cursor of those, since a cursor of its own would repeat them
        self._newest[stream] = timestamp
        if whole and timestamp == self._timestamp:
            self._seen.add((stream, text))
        return True


def _last_index(items: Sequence[int], wanted: int) -> int:
    return len(items) - 1 - items[::-1].index(wanted)


def time_ns(timestamp: str) -> int:
    """Nanoseconds since 1970 of a timestamp with nine digits."""
    return _second_ns(timestamp[:19]) + int(timestamp[20:29])


def timestamp_of(time_ns: int) -> str:
    """The other way round."""
    whole = datetime.fromtimestamp(time_ns // 10**9, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{time_ns % 10**9:09}Z"


@lru_cache(maxsize=4096)
def _second_ns(second: str) -> int:
    return int(datetime.fromisoformat(f"{second}+00:00").timestamp()) * 10**9
