"""Lines are found in raw blocks exactly as they would be one by one, however a stream is cut."""

import random
import re

import pytest
import re2

from containers_app.logs.finding import LONGEST_PATTERN, Finder, Found, wanted
from containers_app.logs.levels import level_of
from core.errors import Invalid
from engine.frames import LONGEST_TEXT

KINDS = (
    'GET /orders/{} HTTP/1.1" 200',
    "ERROR deadlock on table {}",
    '{{"level":"warn","msg":"slow {}"}}',
    "",
    "debug {} état 错误",
    "\x1b[31mfat\x1b[0mal {}",
)
LENGTHS_WITH_A_NEWLINE = (10, 266, 522, 2560, 2600, 2570)  # of a frame: 0x0a in its header


class Log:
    """A log as an engine sends it, and as it is meant."""

    def __init__(self, *, tty: bool = False) -> None:
        self.tty = tty
        self.raw = b""
        self.lines: list[tuple[str, str]] = []  # stream, text
        self._second = 0

    def add(self, text: str, *, stream: int = 1, ended: bool = True) -> None:
        """One line in parts of 16 KiB."""
        self._second += 1
        whole = text.encode() + (b"\n" if ended else b"")
        for start in range(0, len(whole), 16384):
            part = whole[start : start + 16384]
            entry = f"{stamp(self._second)} ".encode() + part
            if self.tty:
                self.raw += entry.replace(b"\n", b"\r\n")
            else:
                self.raw += bytes((stream, 0, 0, 0)) + len(entry).to_bytes(4) + entry
        self.lines.append(("out" if stream == 1 else "err", text))

    def in_pieces(self, size: int) -> list[bytes]:
        return [self.raw[at : at + size] for at in range(0, len(self.raw), size)]


def stamp(second: int) -> str:
    return f"2026-11-24T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000001Z"


def found(log: Log, size: int, words: str = "", **options: object) -> list[Found]:
    given = {"regex": False, "case": False, "levels": (), **options}
    finder = Finder(wanted(words, **given), tty=log.tty)  # type: ignore[arg-type]
    hits = [hit for piece in log.in_pieces(size) for hit in finder.feed(piece)]
    hits += finder.finish()
    assert finder.lines == len(log.lines)
    assert finder.at == stamp(len(log.lines))
    return hits


def some_log(seed: int, *, tty: bool) -> Log:
    """Short, empty, long and coloured lines of both streams."""
    chance = random.Random(seed)  # noqa: S311
    log = Log(tty=tty)
    for number in range(600):
        text = chance.choice(KINDS).format(number)
        if chance.random() < 0.01:
            text += "x" * chance.choice((16_353, 16_384, 20_000, 40_000))
        if chance.random() < 0.1:
            text = text[:10].ljust(chance.choice(LENGTHS_WITH_A_NEWLINE) - 32, ".")
        log.add(text, stream=1 if tty else chance.choice((1, 1, 2)))
    return log


def plainly(text: str) -> str:
    return re.sub("\x1b\\[[\\d;:]*m", "", text)


@pytest.mark.parametrize("tty", [False, True])
@pytest.mark.parametrize("size", [997, 8192, 100_000, 10_000_000])
@pytest.mark.parametrize(
    "pattern",
    [
        "deadlock",
        "fatal 1",
        "^get .*200$",
        r"\d{2}5\b",
        "^$",
        r"\Adebug",
        "x{900}",
        "[^x]*slow",
        "état",
    ],
)
def test_a_pattern_finds_what_it_finds_line_by_line(pattern: str, size: int, tty: bool) -> None:
    log = some_log(7, tty=tty)
    expected = [
        (stream, text) for stream, text in log.lines if re2.search(f"(?i){pattern}", plainly(text))
    ]
    hits = found(log, size, pattern, regex=True)
    assert sorted((hit.stream, hit.text) for hit in hits) == sorted(expected)
    assert expected


@pytest.mark.parametrize("tty", [False, True])
@pytest.mark.parametrize("levels", [{"error"}, {"warn", "debug"}, {"none"}])
def test_levels_are_those_of_the_lines(levels: set[str], tty: bool) -> None:
    log = some_log(8, tty=tty)
    expected = [text for _stream, text in log.lines if level_of(plainly(text)) in levels]
    assert sorted(hit.text for hit in found(log, 4096, levels=levels)) == sorted(expected)
    assert expected


def test_words_are_no_pattern_and_of_any_case() -> None:
    log = Log()
    for text in ("a.b [x]", "A.B [X]", "axb x"):
        log.add(text)
    assert [hit.text for hit in found(log, 50, "a.b [x]")] == ["a.b [x]", "A.B [X]"]
    assert [hit.text for hit in found(log, 50, "a.b [x]", case=True)] == ["a.b [x]"]


def test_words_and_level_together() -> None:
    log = Log()
    for text in ("ERROR orders", "INFO orders", "ERROR cart"):
        log.add(text)
    assert [hit.text for hit in found(log, 50, "orders", levels={"error"})] == ["ERROR orders"]


def test_a_hit_says_where_it_is() -> None:
    log = Log()
    log.add("one")
    log.add("two", stream=2)
    assert found(log, 10, "two") == [Found(stamp(2), "err", "two", stamp(2))]


def test_a_line_without_an_end_is_found() -> None:
    log = Log()
    log.add("one")
    log.add("prompt>", ended=False)
    assert [hit.text for hit in found(log, 7, "prompt")] == ["prompt>"]


@pytest.mark.parametrize("tty", [False, True])
@pytest.mark.parametrize("size", [100_000, 9001])
def test_a_match_over_the_border_of_two_pieces_of_a_long_line_is_found(
    tty: bool, size: int
) -> None:
    log = Log(tty=tty)
    for text in ("one", f"{'x' * (LONGEST_TEXT - 4)}deadlock{'y' * LONGEST_TEXT}", "lock!"):
        log.add(text)

    def hits(pattern: str) -> list[str]:
        finder = Finder(wanted(pattern, regex=True, case=True), tty=tty)
        pieces = [hit for piece in log.in_pieces(size) for hit in finder.feed(piece)]
        return [hit.text[:5] for hit in pieces + finder.finish()]

    assert hits("xdeadlocky") == hits("dlocky") == ["locky"]  # the piece where it ends
    assert hits("xdead") == ["xxxxx"]
    assert hits("^lock|^y") == ["lock!"]  # a piece begins no line


def test_lines_of_one_moment_have_cursors_of_their_own() -> None:
    log = Log()
    for text in ("a1", "a2", "a3"):
        log._second = 0
        log.add(text)
    finder = Finder(wanted("a", regex=False, case=False), tty=False)
    hits = finder.feed(log.raw) + finder.finish()
    assert [hit.cursor for hit in hits] == [stamp(1), f"{stamp(1)}~1", f"{stamp(1)}~2"]


def test_a_match_never_runs_over_the_end_of_a_line() -> None:
    log = Log()
    log.add("foo")
    log.add("bar")
    assert not found(log, 1000, r"foo\s*bar", regex=True)
    assert not found(log, 1000, r"foo[^x]*bar", regex=True)


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=x)", "x{1001}"])
def test_what_re2_does_not_take_is_said_at_q(pattern: str) -> None:
    with pytest.raises(Invalid) as caught:
        wanted(pattern, regex=True, case=False)
    assert [each.field for each in caught.value.errors] == ["q"]
    assert "(?m" not in caught.value.message


def test_a_long_pattern_and_an_unknown_level_are_refused() -> None:
    with pytest.raises(Invalid):
        wanted("x" * (LONGEST_PATTERN + 1), regex=False, case=False)
    with pytest.raises(Invalid) as caught:
        wanted("x", regex=False, case=False, levels={"loud"})
    assert caught.value.errors[0].field == "level"


def test_a_pattern_that_takes_others_exponential_time_takes_ours_none() -> None:
    log = Log()
    for _ in range(50):
        log.add("a" * 5000)
    assert not found(log, 100_000, "(a+)+$b", regex=True)
