"""Finds lines in a log's raw bytes (pure): blocks are searched whole, and cut into lines only
where something was found.

RE2 takes 0.1 s for 100 MB in blocks and 1 s line by line, since a call costs more than a match.
A block ends where a record ends, and a record follows: what is skipped needs no more than that.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import re2
from django.utils.translation import gettext as _

from containers_app.logs.levels import LEVELS, WORDS, level_of
from core.errors import Invalid
from engine.cursor import Accepted, Position
from engine.frames import ENTRY_PART, HEADER_SIZE, STAMP, Frames, Records, Terminal

LONGEST_PATTERN = 1000  # characters
LARGEST_PATTERN = 8 * 1024 * 1024  # bytes that RE2 may use for one; its own default
LONGEST_REST = 1024 * 1024  # bytes without a boundary; then a line is long, and read as such
FEW = 8  # hits in a block that are parsed one by one; with more of them, all that follows
WINDOW = ENTRY_PART // 2  # an unbroken part of a line holds one such window, wherever it lies
OVERLAP = ENTRY_PART  # characters of the piece before in which a match may begin
STREAMS = ("", "out", "err")
COLOURS = re.compile("\x1b\\[[\\d;:]*m")  # what ansi.js leaves out of a line's plain text
ENDS = re.compile(r"(?<!\\)((?:\\\\)*)\\([Az])")
ESCAPE = b"\x1b"


class Wanted(NamedTuple):
    """What a line must be. Without a pattern every line of the levels is."""

    pattern: Any = None  # of RE2, over whole lines
    levels: frozenset[str] = frozenset()  # none: of any
    raw: Any = None  # finds something in every block that holds such a line; None: not known


class Found(NamedTuple):
    at: str  # UTC, nine digits, the engine's clock
    stream: str  # out | err
    text: str
    cursor: str


def wanted(words: str, *, regex: bool, case: bool, levels: Iterable[str] = ()) -> Wanted:
    """Raises Invalid, at `q` where RE2 does not take the pattern."""
    chosen = frozenset(levels)
    if unknown := chosen - set(LEVELS):
        raise Invalid.field(
            "level",
            _("%(name)s is no level; there are %(names)s.")
            % {"name": min(unknown), "names": ", ".join(LEVELS)},
        )
    if len(words) > LONGEST_PATTERN:
        raise Invalid.field("q", _("At most %(most)d characters.") % {"most": LONGEST_PATTERN})
    if not words:
        return Wanted(None, chosen, _raw_levels(chosen))
    text = _of_lines(words) if regex else re2.escape(words)
    pattern = _compiled(f"(?m:{text})", case=case, shown=words)
    anchored = regex and any(mark in text for mark in "^$")
    return Wanted(pattern, chosen, None if anchored else pattern)


def _of_lines(pattern: str) -> str:
    """The ends of the text are those of the line, here where many lines are searched at once."""
    if r"\Q" in pattern:
        return pattern
    return ENDS.sub(lambda found: f"{found[1]}{'^' if found[2] == 'A' else '$'}", pattern)


def _compiled(pattern: str, *, case: bool, shown: str) -> Any:
    options = re2.Options()
    options.case_sensitive = case
    options.never_nl = True  # a match lies within one line
    options.never_capture = True
    options.log_errors = False
    options.max_mem = LARGEST_PATTERN
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0] if error.args else b""
        text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise Invalid.field(
            "q",
            _("RE2 does not take this pattern: %(error)s")
            % {"error": text.replace(pattern, shown)},
            hint=_("There are no look-around and no references back in RE2."),
        ) from error


def _raw_levels(levels: frozenset[str]) -> Any:
    """Every line of a level has one of its words, wherever."""
    if not levels or "none" in levels:
        return None
    words = "|".join(WORDS[level] for level in sorted(levels))
    return _compiled(f"(?:{words})", case=False, shown="")


class Finder:
    """One log, fed in order. `lines` counts what was searched."""

    def __init__(self, wanted: Wanted, *, tty: bool) -> None:
        self._wanted, self._tty = wanted, tty
        self._parser: Frames | Terminal = Terminal() if tty else Frames()
        self._position = Position("")
        self._seamless = True  # what is parsed next follows what was parsed last
        self._rest = b""  # what follows the last boundary
        self._skipped = b""  # the last block that was not parsed
        self._at = ""
        self._before: dict[int, str] = {}  # by stream: the end of what its line began with
        self.lines = 0

    @property
    def at(self) -> str:
        """The time of the last record that was searched, or ""."""
        if self._skipped:
            self._at = _last_stamp(self._skipped, tty=self._tty)
            self._skipped = b""
        return self._at

    def feed(self, arrived: bytes) -> list[Found]:
        """What is found in what `arrived` completes. Raises Broken on what is no log."""
        buffer = self._rest + arrived if self._rest else arrived
        end = _boundary(buffer, tty=self._tty)
        if not end and len(buffer) < LONGEST_REST:
            self._rest = buffer
            return []
        end = end or len(buffer)
        block, self._rest = buffer[:end], buffer[end:]
        if self._wanted.raw is None or not self._parser.idle or _is_special(block):
            return self._parsed(block)
        lines = self.lines + _count(block, tty=self._tty)
        found = self._near_hits(block)
        self._skipped, self.lines = block, lines
        return found

    def finish(self) -> list[Found]:
        """What is found in the rest, a line without an end included."""
        rest, self._rest = self._rest, b""
        found = self._parsed(rest) if rest else []
        return found + self._among(self._parser.unfinished())

    def _near_hits(self, block: bytes) -> list[Found]:
        """Parses only the records that may be wanted."""
        found: list[Found] = []
        start = 0
        for number in range(FEW):
            match = self._wanted.raw.search(block, start)
            if match is None:
                self._seamless = self._seamless and start == len(block)
                return found
            begin = _begin(block, match.start(), start, tty=self._tty)
            end = len(block) if number == FEW - 1 else _end(block, match.start(), tty=self._tty)
            self._seamless = self._seamless and begin == start
            found += self._parsed(block[begin:end])
            if not self._parser.idle:  # a part of a line: what follows may belong to it
                return found + self._parsed(block[end:])
            start = end
        return found

    def _parsed(self, block: bytes) -> list[Found]:
        if not self._seamless:
            self._position, self._seamless, self._before = Position(""), True, {}
        return self._among(self._parser.feed(block))

    def _among(self, records: Records | None) -> list[Found]:
        if records is None:
            return []
        self._skipped, self._at = b"", records.timestamps[-1]
        self.lines += len(records.texts)
        accepted = self._position.accept(records)
        if accepted is None:
            return []
        times, streams, texts, cursors, *_more = accepted
        numbers: Iterable[int] = self._of(texts)
        if records.pieces or self._before:
            numbers = self._in_pieces(accepted, set(numbers))
        return [Found(times[i], STREAMS[streams[i]], texts[i], cursors[i]) for i in numbers]

    def _in_pieces(self, accepted: Accepted, found: set[int]) -> list[int]:
        """A match may begin in the piece of a long line before the one where it ends."""
        for number, (stream, text, cursor) in enumerate(
            zip(accepted.streams, accepted.texts, accepted.cursors, strict=True)
        ):
            before, plain = self._before.pop(stream, ""), COLOURS.sub("", text)
            if before and self._wanted.pattern is not None:
                found.discard(number)
                if self._is_of_level(plain) and _goes_on(self._wanted.pattern, before, plain):
                    found.add(number)
            if cursor.endswith("+"):
                self._before[stream] = (before + plain)[-OVERLAP:]
        return sorted(found)

    def _is_of_level(self, plain: str) -> bool:
        return not self._wanted.levels or level_of(plain) in self._wanted.levels

    def _of(self, texts: list[str]) -> Iterator[int]:
        """The numbers of the texts that are wanted."""
        joined = "\n".join(texts)
        if joined.count("\n") != len(texts) - 1:  # no driver writes a newline inside a line
            joined = "\n".join(text.replace("\n", " ") for text in texts)
        if "\x1b" in joined:
            joined = COLOURS.sub("", joined)
        numbers: Iterable[int] = range(len(texts))
        if self._wanted.pattern is not None:
            numbers = _lines_with(self._wanted.pattern, joined.encode("utf-8", "replace"))
        if not self._wanted.levels:
            yield from numbers
            return
        plain = joined.split("\n")
        yield from (number for number in numbers if self._is_of_level(plain[number]))


def _lines_with(pattern: Any, joined: bytes) -> Iterator[int]:
    """Which lines hold a match; each once."""
    start = number = 0
    while match := pattern.search(joined, start):
        number += joined.count(b"\n", start, match.start())
        yield number
        end = joined.find(b"\n", match.start())
        if end < 0:
            return
        start, number = end + 1, number + 1


def _goes_on(pattern: Any, before: str, piece: str) -> bool:
    """Whether a match ends in the piece, wherever it began."""
    border = len(before.encode("utf-8", "replace"))
    joined = (before + piece).encode("utf-8", "replace")
    start = 0
    while match := pattern.search(joined, start):
        if match.end() > border or match.start() >= border:
            return True
        start = match.start() + 1
    return False


def _is_special(block: bytes) -> bool:
    """Whether a search of the raw bytes would miss what a parser joins, or leaves out."""
    return ESCAPE in block or _has_long_line(block)


def _begin(block: bytes, at: int, least: int, *, tty: bool) -> int:
    """Where the record around `at` begins, with those before it that share its timestamp."""
    skipped = 0 if tty else HEADER_SIZE
    begin = max(least, _boundary(block[least:at], tty=tty) + least)
    stamp = block[begin + skipped : begin + skipped + STAMP]
    while begin > least:
        before = max(least, _boundary(block[least : begin - 1], tty=tty) + least)
        if block[before + skipped : before + skipped + STAMP] != stamp:
            break
        begin = before
    return begin


def _end(block: bytes, at: int, *, tty: bool) -> int:
    """Where the record around `at` ends, and another begins."""
    if tty:
        return block.find(b"\n", at) + 1 or len(block)
    near = block.find(b"\n\x01\0\0\0", at)
    other = block.find(b"\n\x02\0\0\0", at, near if near >= 0 else len(block))
    return (other if other >= 0 else near) + 1 or len(block)


def _boundary(buffer: bytes, *, tty: bool) -> int:
    """Where the last record begins whose line before it has ended; 0 if there is none.

    A length may hold a newline's byte: only one that a header follows ends a line.
    """
    if tty:
        return buffer.rfind(b"\n") + 1
    near = max(0, len(buffer) - 2 * ENTRY_PART)
    for start in (near, 0):
        out, err = (buffer.rfind(mark, start) for mark in (b"\n\x01\0\0\0", b"\n\x02\0\0\0"))
        if (found := max(out, err)) >= 0:
            return found + 1
    return 0


def _count(block: bytes, *, tty: bool) -> int:
    if tty:
        return block.count(b"\n")
    return block.count(b"\n\x01\0\0\0") + block.count(b"\n\x02\0\0\0") + 1


def _has_long_line(block: bytes) -> bool:
    last = len(block) - WINDOW
    return any(block.find(b"\n", at, at + WINDOW) < 0 for at in range(0, last + 1, WINDOW))


def _last_stamp(block: bytes, *, tty: bool) -> str:
    begins = _boundary(block[:-1], tty=tty) + (0 if tty else HEADER_SIZE)
    return block[begins : begins + STAMP].decode("ascii", "replace")
