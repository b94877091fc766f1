"""What is said about a Dockerfile, and the few things that its checks share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<how>[-+])(?P<word>[^}]*))?\}|(?P<bare>\w+))")


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; 0 is what no line is to blame for."""

    line: int
    message: str
    code: str = "syntax"
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    index: int
    name: str  # in small letters; "" where it has none
    base: str
    line: int


def wrong(line: int, message: str, *, code: str = "syntax") -> Problem:
    return Problem(line, message, code)


def warning(line: int, message: str, *, code: str = "warning") -> Problem:
    return Problem(line, message, code, is_error=False)


def expanded(text: str, known: Mapping[str, str | None]) -> str | None:
    """`text` with its variables filled in; None where one of them is not known."""
    unknown = False

    def value(match: re.Match[str]) -> str:
        nonlocal unknown
        found = known.get(match["braced"] or match["bare"])
        if match["how"] == "-":
            return found or match["word"]
        if match["how"] == "+":
            return match["word"] if found else ""
        unknown = unknown or found is None
        return found or ""

    filled = VARIABLE.sub(value, text)
    return None if unknown or "$" in filled else filled
