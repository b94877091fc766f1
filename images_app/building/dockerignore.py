"""Which paths of a folder a .dockerignore leaves out, by Docker's rules (pure).

github.com/moby/patternmatcher: later patterns win, `!` takes back, `**` is any number of folders,
a leading slash means nothing, and what is in an ignored folder is ignored.
"""

import posixpath
import re
from collections.abc import Callable, Iterable

SYNTAX = "bad pattern"
Match = Callable[[str], object]


class BadPattern(ValueError):
    """A line that is no pattern; `line` counts from 1."""

    def __init__(self, line: int, pattern: str) -> None:
        super().__init__(pattern)
        self.line = line
        self.pattern = pattern


class Ignore:
    """The patterns of one file; `ignores(path)` with slashes between folders, none in front."""

    def __init__(self, text: str) -> None:
        self._patterns = list(_patterns(text))

    def ignores(self, path: str) -> bool:
        ignored = False
        above = _parents(path)
        for match, takes_back in self._patterns:
            if ignored != takes_back:
                continue  # it could change nothing
            if match(path) or any(match(folder) for folder in above):
                ignored = not takes_back
        return ignored


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _patterns(text: str) -> Iterable[tuple[Match, bool]]:
    """Raises BadPattern."""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        takes_back = pattern.startswith("!")
        if takes_back:
            pattern = pattern[1:].strip()
        if not pattern:
            raise BadPattern(number, line)
        cleaned = posixpath.normpath(pattern)
        if len(cleaned) > 1 and cleaned.startswith("/"):
            cleaned = cleaned.lstrip("/")
        try:
            yield re.compile(_translated(cleaned), re.DOTALL).fullmatch, takes_back
        except re.error as error:
            raise BadPattern(number, line) from error


def _translated(pattern: str) -> str:
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if pattern.startswith("**", at - 1):
            at += 1
            if pattern.startswith("/", at):
                at += 1
            out += ".*" if at >= len(pattern) else "(?:.*/)?"
        elif char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "\\" and at < len(pattern):
            out += re.escape(pattern[at])
            at += 1
        elif char == "[":
            end = pattern.find("]", at + 1)
            if end < 0:
                raise re.error(SYNTAX)
            out += f"[{_escaped_class(pattern[at:end])}]"
            at = end + 1
        else:
            out += re.escape(char)
    return out


def _escaped_class(inside: str) -> str:
    return inside.replace("[", r"\[").replace("&&", r"&\&").replace("~~", r"~\~")
