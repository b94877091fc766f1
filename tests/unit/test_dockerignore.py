"""A .dockerignore leaves out what Docker's own rules leave out."""

import pytest

from images_app.building.dockerignore import BadPattern, Ignore


@pytest.mark.parametrize(
    ("patterns", "ignored", "kept"),
    [
        ("*.log", ["a.log"], ["dir/a.log", "a.log.txt"]),
        ("**/*.log", ["a.log", "dir/deep/a.log"], ["a.txt"]),
        ("dir", ["dir", "dir/a", "dir/deep/b"], ["dir2", "x/dir"]),
        ("/dir/", ["dir", "dir/a"], ["x/dir"]),
        ("./dir/../other", ["other", "other/a"], ["dir"]),
        ("*\n!keep.txt", ["a", "dir/b"], ["keep.txt"]),
        ("dir\n!dir/keep", ["dir/a"], ["dir/keep", "dir/keep/deep"]),
        ("!dir/keep\ndir", ["dir/keep"], []),
        ("**/node_modules", ["node_modules/a", "a/b/node_modules/c"], ["node_modules2"]),
        ("dir/**", ["dir/a", "dir/deep/b"], ["dir", "other"]),
        ("a?c", ["abc", "abc/d"], ["ac", "a/c"]),
        ("[a-c].txt", ["b.txt"], ["d.txt"]),
        ("[^a].txt", ["b.txt"], ["a.txt"]),
        (r"\#hash", ["#hash"], []),
        ("# a comment\n\n  \n  spaced  ", ["spaced"], ["# a comment"]),
        ("a.b", ["a.b"], ["aXb"]),
        ("**", ["a", "a/b"], []),
        ("\ufeffa", ["a"], []),
        ("", [], ["a"]),
    ],
)
def test_patterns(patterns: str, ignored: list[str], kept: list[str]) -> None:
    ignore = Ignore(patterns)
    assert [path for path in ignored if not ignore.ignores(path)] == []
    assert [path for path in kept if ignore.ignores(path)] == []


@pytest.mark.parametrize("text", ["a\n[b", "a\n!"])
def test_what_is_no_pattern_is_told_with_its_line(text: str) -> None:
    with pytest.raises(BadPattern) as refused:
        Ignore(text)
    assert refused.value.line == 2
