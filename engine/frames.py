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
NO_STAMPS = "the log stream has no timestamps"
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
    """Records of one feed. Here a character is a byte: ASCII need not be decoded twice."""

    def __init__(self) -> None:
        self.stamps: list[str] = []
        self.texts: list[str] = []
        self.streams: list[int] = []
        self.pieces: dict[int, bool] = {}

    def add(self, line: _Line, stream: int, *, ended: bool, kept: int = 0) -> None:
        """What of the line is due: its whole pieces and, if it has ended, its rest."""
        stamp = line.stamp[:-1].decode("latin-1")
        for text in line.pieces(kept=0 if ended else kept):
            self.pieces[len(self.texts)] = True
            self.append(stamp, text.decode("latin-1"), stream)
        if ended:
            if line.cut:
                self.pieces[len(self.texts)] = False
            self.append(stamp, line.text.decode("latin-1"), stream)

    def append(self, stamp: str, text: str, stream: int) -> None:
        self.stamps.append(stamp)
        self.texts.append(text)
        self.streams.append(stream)

    def fill(self, stream: int) -> None:
        """The lines that came since the last one whose stream is known are of this one."""
        self.streams += [stream] * (len(self.texts) - len(self.streams))

    @property
    def is_odd(self) -> bool:
        """Whether timestamps are not all of the one form that sorts."""
        joined = "".join(self.stamps)
        of_length = len(joined) == STAMP * len(self.stamps)
        return not of_length or " " in joined or joined[STAMP - 1 :: STAMP].strip("Z") != ""

    def records(self, *, odd: bool | None = None) -> Records | None:
        if not self.texts:
            return None
        stamps, texts = self.stamps, self.texts
        if self.is_odd if odd is None else odd:
            stamps = list(map(_normal, stamps, texts))
        if not all(map(str.isascii, texts)):
            texts = _decoded(texts)
        return Records(stamps, self.streams, texts, self.pieces)


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
        """The records that `arrived` completes."""
        buffer = self._rest + arrived if self._rest else arrived
        was_open, gathered = bool(self._open), _Gathered()
        self._rest = buffer[self._cut(buffer, gathered, LONGEST_ENTRY) :]
        odd = gathered.is_odd
        if odd and not was_open:  # timestamps of another length, or none
            self._open, gathered = {}, _Gathered()
            self._cut(buffer, gathered, -1)
        return gathered.records(odd=odd)

    def unfinished(self) -> Records | None:
        """Lines without an end; asked once it is known that nothing more will come."""
        gathered = _Gathered()
        for stream, line in self._open.items():
            gathered.add(line, stream, ended=True)
        self._open = {}
        return gathered.records()

    def _cut(self, buffer: bytes, gathered: _Gathered, longest: int) -> int:
        """Where the first frame begins that is not whole. Entries up to `longest` bytes are taken
        as lines. Per line in Python: one turn of this loop.
        """
        read, newline, whole = HEADER.unpack_from, NEWLINE, buffer.decode("latin-1")
        add_stamp, add_text = gathered.stamps.append, gathered.texts.append
        size, last_header, start = len(buffer), len(buffer) - HEADER_SIZE, 0
        current, most = STDOUT << 24, -1 if self._open else longest
        while start <= last_header:
            word, length = read(buffer, start)
            body = start + HEADER_SIZE
            end = body + length
            if end > size:
                _check(word, length)
                break
            if word != current:
                gathered.fill(STREAMS[current])
                if word not in STREAMS:
                    raise Broken(_system_error(word, buffer[body:end]))
                current = word
            if length <= most and buffer[end - 1] == newline:  # where nothing is, that is a zero
                add_stamp(whole[body : body + STAMP])
                add_text(whole[body + STAMP + 1 : end - 1])
            elif length:
                gathered.fill(STREAMS[current])
                self._part(buffer[body:end], STREAMS[current], gathered)
                most = -1 if self._open else longest
            start = end
        gathered.fill(STREAMS[current])
        return start

    def _part(self, entry: bytes, stream: int, gathered: _Gathered) -> None:
        stamp, space, text = entry.partition(b" ")
        if not space:
            raise Broken(entry[:1000].decode("utf-8", "replace").strip() or NO_STAMPS)
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
                stamp, _space, text = line.removesuffix(b"\r").decode("latin-1").partition(" ")
                gathered.append(stamp, text, STDOUT)
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


def _decoded(texts: list[str]) -> list[str]:
    """Texts whose characters are bytes of UTF-8."""
    found = "\n".join(texts).encode("latin-1").decode("utf-8", "replace").split("\n")
    if len(found) != len(texts):  # a newline inside an entry: no driver writes it
        found = [text.encode("latin-1").decode("utf-8", "replace") for text in texts]
    return found


def _normal(stamp: str, text: str) -> str:
    """For engines that write another form of RFC 3339: made to the one form that sorts."""
    match = OTHER_STAMP.match(stamp)
    row = f"{stamp} {text}"[:1000].strip()
    if not match:  # the engine's own words, such as "Error grabbing logs: ..."
        raise Broken(row or NO_STAMPS)
    try:
        whole = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Broken(row) from error
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{(match[2] or ''):0<9}Z"
