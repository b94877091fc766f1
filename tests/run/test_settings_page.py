"""docs/settings.md names every variable that the code reads, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.run.running import HERE

READERS = {"get", "str", "int", "bool", "list", "db_url", "secret", "_given", "_yes_no"}
SOURCES = (
    *(HERE / "launch").glob("*.py"),
    *(HERE / "dashboard").glob("*.py"),
    HERE / "supervise.py",
    HERE / "engine" / "discover.py",
)
NAME = re.compile(r"[A-Z][A-Z0-9_]{3,}")


def read_in(file: Path) -> Iterator[str]:
    """Names in `environ["X"]`, `"X" in os.environ`, `env.str("X")`, `secret(environment, "X")`
    and in loops over tuples of names that end in such a call.
    """
    for node in ast.walk(ast.parse(file.read_text())):
        words: list[ast.expr] = []
        if isinstance(node, ast.Call):
            function = node.func
            called = getattr(function, "attr", getattr(function, "id", ""))
            words = node.args[:2] if called in READERS else []
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            words = [node.slice] if ast.unparse(node.value).endswith("environ") else []
        elif isinstance(node, ast.Compare):
            words = [node.left]
        elif isinstance(node, ast.comprehension) and isinstance(node.iter, ast.Tuple):
            words = node.iter.elts
        for word in words:
            if isinstance(word, ast.Constant) and isinstance(word.value, str):
                yield from NAME.findall(word.value) if NAME.fullmatch(word.value) else ()


def documented() -> set[str]:
    quoted = re.findall(r"`([A-Z0-9_]+)`", (HERE / "docs" / "settings.md").read_text())
    return {name for name in quoted if NAME.fullmatch(name) and not name.endswith("_FILE")}


def read() -> set[str]:
    names = {name for file in SOURCES for name in read_in(file)}
    return {name for name in names if not name.endswith("_FILE")}


def test_every_variable_that_is_read_is_documented() -> None:
    assert read() - documented() == set()


def test_every_documented_variable_is_read() -> None:
    values_and_what_is_only_handed_on = {"INFO", "LANG", "TMPDIR"}
    assert documented() - read() == values_and_what_is_only_handed_on
