"""Server and browser call a line the same: the table is tests/js/loglevels.test.js's too."""

import json
import re
from pathlib import Path

import pytest
import re2

from containers_app.logs.levels import WORDS, level_of

TABLE = json.loads((Path(__file__).parents[1] / "js/loglevels.json").read_text())


@pytest.mark.parametrize(("line", "level"), TABLE)
def test_a_line_is_of_the_level_that_the_browser_tells(line: str, level: str) -> None:
    assert level_of(line) == level


@pytest.mark.parametrize("level", WORDS)
def test_re2_reads_the_words_as_re_does(level: str) -> None:
    for line, _level in TABLE:
        ours = re.search(WORDS[level], line, re.ASCII | re.IGNORECASE)
        assert bool(re2.search(f"(?i){WORDS[level]}", line)) == bool(ours)
