"""Cuts a log stream as the engine sends it into columns of records (pure).

With `timestamps=1` an entry is `TIMESTAMP SP text`; an entry whose text has no newline at its end
is a part of a line (16 KiB with the json-file driver), and all parts of a line carry the timestamp
of the first (moby, daemon/logger/copier.go). Containers without a terminal have each entry in a
frame; with a terminal the entries follow each other bare.
"""

import re
import struct
from datetime import UTC, datetime
from typing import NamedTuple

from engine.errors import Broken

HEADER = struct.Struct(">LL")  # stream and three zeros, length (Engine API, "attach")
HEADER_SIZE = HEADER.size
STDOUT, STDERR, SYSTEM_ERROR = 1, 2, 3
STREAMS = {STDOUT << 24: STDOUT, STDERR << 24: STDERR}
LARGEST_FRAME = 16 * 1024 * 1024  # bytes; drivers write 16 KiB to 1 MiB
LONGEST_TEXT = 64 * 1024  # bytes; a longer line comes in pieces (R21)
STAMP = 30  # characters of 2026-11-24T06:35:24.123456789Z
LONGEST_ENTRY = STAMP + 1 + LONGEST_TEXT + 1  # bytes: with its space and newline
ENTRY_PART = 16 * 1024  # bytes of text before a timestamp can stand inside a terminal's line
NEWLINE = 10
OTHER_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$")


class Records(NamedTuple):
    """Columns of equal length, in the order of the stream."""

    timestamps: list[str]  # UTC, nine digits: they sort as text
    streams: list[int]  # 1 stdout, 2 stderr
    texts: list[str]  # without the newline
    pieces: dict[int, bool]  # index of each piece of a long line: whether more of it follows


class _Line:
    """A line of which not all has come."""

    def __init__(self, stamp: bytes) -> None:
        self.stamp = stamp  # with its space
        self.text = bytearray()
        self.cut = False  # pieces of it have gone out

    def pieces(self, *, kept: int = 0) -> list[bytes]:
        """Takes whole pieces off its start; `kept` bytes beyond a piece may yet be stripped."""
        taken = []
        while len(self.text) > LONGEST_TEXT + kept:
            end = _character_start(self.text, LONGEST_TEXT)
            taken.append(bytes(self.text[:end]))
            del self.text[:end]
            self.cut = True
        return taken


class _Gathered:
    """Records of one feed, still as bytes."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []  # timestamp, space, text, newline
        self.streams: list[int] = []
        self.pieces: dict[int, bool] = {}

    def add(self, line: _Line, stream: int, *, ended: bool, kept: int = 0) -> None:
        """What of the line is due: its whole pieces and, if it has ended, its rest."""
        for text in line.pieces(kept=0 if ended else kept):
            self.pieces[len(self.lines)] = True
            self._append(line.stamp, text, stream)
        if ended:
            if line.cut:
                self.pieces[len(self.lines)] = False
            self._append(line.stamp, bytes(line.text), stream)

    def add_whole(self, line: bytes) -> None:
        self.lines.append(line)
        self.streams.append(STDOUT)

    def _append(self, stamp: bytes, text: bytes, stream: int) -> None:
        self.lines.append(stamp + text + b"\n")
        self.streams.append(stream)

    def records(self) -> Records | None:
        if not self.lines:
            return None
        rows = b"".join(self.lines).decode("utf-8", "replace").split("\n")
        rows.pop()
        if len(rows) != len(self.lines):  # a newline inside an entry: no driver writes it
            rows = [line[:-1].decode("utf-8", "replace") for line in self.lines]
        timestamps = [row[:STAMP] for row in rows]
        texts = [row[STAMP + 1 :] for row in rows]
        if {row[STAMP - 1 : STAMP + 1] for row in rows} != {"Z "}:
            timestamps, texts = _other_stamps(rows)
        return Records(timestamps, self.streams, texts, self.pieces)


class Frames:
    """The stream of a container without a terminal. Raises Broken on what is no such stream."""

    def __init__(self) -> None:
        self._rest = b""
        self._open: dict[int, _Line] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, so that another parser could go on."""
        return not (self._rest or self._open)

    def feed(self, arrived: bytes) -> Records | None:
        """The records that `arrived` completes. Per line in Python: one turn of this loop."""
        buffer = self._rest + arrived if self._rest else arrived
        gathered = _Gathered()
        add_line, add_stream = gathered.lines.append, gathered.streams.append
        read, streams, open_lines = HEADER.unpack_from, STREAMS, self._open
        size, last_header, start = len(buffer), len(buffer) - HEADER_SIZE, 0
        while start <= last_header:
            word, length = read(buffer, start)
            body = start + HEADER_SIZE
            end = body + length
            if end > size:
                _check(word, length)
                break
            stream = streams.get(word)
            if stream is None:
                raise Broken(_system_error(word, buffer[body:end]))
            if not open_lines and 0 < length <= LONGEST_ENTRY and buffer[end - 1] == NEWLINE:
                add_line(buffer[body:end])
                add_stream(stream)
            elif length:
                self._part(buffer[body:end], stream, gathered)
            start = end
        self._rest = buffer[start:]
        return gathered.records()

    def unfinished(self) -> Records | None:
        """Lines without an end; asked once it is known that nothing more will come."""
        gathered = _Gathered()
        for stream, line in self._open.items():
            gathered.add(line, stream, ended=True)
        self._open = {}
        return gathered.records()

    def _part(self, entry: bytes, stream: int, gathered: _Gathered) -> None:
        stamp, space, text = entry.partition(b" ")
        line = self._open.get(stream)
        if line and line.stamp != stamp + space:  # it ended without a newline, as at an exit
            gathered.add(line, stream, ended=True)
            line = None
        if not line:
            line = self._open[stream] = _Line(stamp + space)
        ended = text.endswith(b"\n")
        line.text += text[:-1] if ended else text
        gathered.add(line, stream, ended=ended)
        if ended:
            del self._open[stream]


class Terminal:
    """The stream of a container with a terminal: bare lines that end in CR LF."""

    def __init__(self) -> None:
        self._rest = b""  # less than a line, or what may be half a timestamp inside one
        self._line: _Line | None = None  # a long line that is under way

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, so that another parser could go on."""
        return not self._rest and self._line is None

    def feed(self, arrived: bytes) -> Records | None:
        *lines, self._rest = (self._rest + arrived).split(b"\n")
        gathered = _Gathered()
        for line in lines:
            if self._line or len(line) > STAMP + ENTRY_PART:
                self._more(line)
                self._finish(gathered)
            else:
                gathered.add_whole(line.removesuffix(b"\r") + b"\n")
        if self._line or len(self._rest) > LONGEST_TEXT:
            # a timestamp stands inside a line at each 16 KiB, and may have come by half
            held = len(self._line.stamp) if self._line else STAMP + 1
            taken, self._rest = self._rest[:-held], self._rest[-held:]
            if taken:
                self._more(taken, tail=self._rest)
                assert self._line
                gathered.add(self._line, STDOUT, ended=False, kept=1)  # 1: a CR before the end
        return gathered.records()

    def unfinished(self) -> Records | None:
        """A line without an end; asked once it is known that nothing more will come."""
        gathered = _Gathered()
        if self._rest or self._line:
            self._more(self._rest)
            self._rest = b""
            self._finish(gathered)
        return gathered.records()

    def _more(self, entry: bytes, *, tail: bytes = b"") -> None:
        """Adds to the line under way, without the timestamps that stand inside it."""
        if not self._line:
            stamp, space, entry = entry.partition(b" ")
            self._line = _Line(stamp + space)
        stamp = self._line.stamp
        if tail and stamp in entry[-len(stamp) :] + tail:
            # a timestamp lies across the cut: leave all of it for later
            at = (entry + tail).rfind(stamp)
            if at < len(entry) < at + len(stamp):
                entry, self._rest = entry[:at], entry[at:] + tail
        self._line.text += entry.replace(stamp, b"") if stamp else entry

    def _finish(self, gathered: _Gathered) -> None:
        assert self._line
        if self._line.text.endswith(b"\r"):
            del self._line.text[-1:]
        gathered.add(self._line, STDOUT, ended=True)
        self._line = None


def _character_start(text: bytearray, end: int) -> int:
    """`end`, or up to three bytes before it, so that no UTF-8 character is cut."""
    for start in range(end, end - 4, -1):
        if text[start] & 0xC0 != 0x80:
            return start
    return end


def _check(word: int, length: int) -> None:
    if word not in STREAMS and word != SYSTEM_ERROR << 24:
        raise Broken("the log stream has no frames where they were expected")
    if length > LARGEST_FRAME:
        raise Broken("a frame of the log stream is over 16 MiB")


def _system_error(word: int, body: bytes) -> str:
    if word == SYSTEM_ERROR << 24:  # the engine could not read on (moby, stdcopy)
        return body.decode("utf-8", "replace").strip()
    return "the log stream has no frames where they were expected"


def _other_stamps(rows: list[str]) -> tuple[list[str], list[str]]:
    """For engines that write another form of RFC 3339: made to the one form that sorts."""
    pairs = [row.partition(" ") for row in rows]
    return [_normal(stamp, row) for row, (stamp, _, _) in zip(rows, pairs, strict=True)], [
        text for _, _, text in pairs
    ]


def _normal(stamp: str, row: str) -> str:
    match = OTHER_STAMP.match(stamp)
    if not match:  # the engine's own words, such as "Error grabbing logs: ..."
        raise Broken(row[:1000].strip() or "the log stream has no timestamps")
    try:
        whole = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Broken(row[:1000].strip()) from error
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{(match[2] or ''):0<9}Z"
