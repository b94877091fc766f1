"""The benchmarks' log text: the same every time, of the width asked for, never one line again."""

from itertools import islice
from pathlib import Path

from bench.log_text import RARE, WORD, fixed, lines, write


def test_the_text_is_the_same_for_the_same_seed_and_no_line_comes_often() -> None:
    once = list(islice(lines(), 3 * RARE))
    assert once == list(islice(lines(), 3 * RARE))
    assert once != list(islice(lines(seed=1), 3 * RARE))
    assert len(set(once)) > 0.9 * len(once)
    assert sum(WORD in line for line in once) == 3


def test_a_file_is_what_is_told_of_it(tmp_path: Path) -> None:
    for width in (100, 10_000):
        written = write(tmp_path / "text", 1_500_000, width=width)
        content = (tmp_path / "text").read_bytes()
        found = content.split(b"\n")[:-1]
        assert (len(content), len(found)) == (written.size, written.lines)
        assert {len(line) for line in found} == {width - 1}
        assert sum(WORD.encode() in line for line in found) == written.rare > 0


def test_every_rare_line_stays_rare_at_a_fixed_width() -> None:
    found = [line for line in islice(fixed(100), 2 * RARE) if WORD in line]
    assert 0 < len(found) < 10
