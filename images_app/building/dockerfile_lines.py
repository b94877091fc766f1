"""A Dockerfile's text as instructions: directives, comments, continuation lines, flags (pure).

Rules: github.com/moby/buildkit, frontend/dockerfile/parser, as the engine's classic builder has
them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*\Z")
SPACE = " \t\v\f\r"
WORDS = re.compile(r"[ \t\v\f\r]+")
HEREDOC = re.compile(r"\d*<<-?(?P<quote>[\"']?)(?P<name>[^<\"'\s]+)(?P=quote)\Z")
WITH_HEREDOCS = {"RUN", "COPY", "ADD"}
ESCAPES = ("\\", "`")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; `name` is in capitals, `rest` is what follows its flags, in one line."""

    line: int  # where it begins, from 1
    name: str
    rest: str
    flags: tuple[tuple[str, str | None], ...] = ()  # None: without a =
    lines: tuple[tuple[int, str], ...] = ()
    heredoc: str = ""  # the word that ends it, where it has one

    @property
    def words(self) -> list[str]:
        """What stands between spaces, or the strings of a JSON list."""
        listed = json_list(self.rest)
        return listed if listed is not None else plain_words(self.rest)

    def line_of(self, word: str) -> int:
        """Where `word` stands, for instructions of several lines."""
        return next((number for number, text in self.lines if word in text), self.line)


@dataclass(slots=True)
class Source:
    """A whole Dockerfile as read; `wrong` are (line, reason) of what is no Dockerfile at all."""

    instructions: list[Instruction] = field(default_factory=list)
    escape: str = "\\"
    syntax: tuple[int, str] | None = None
    bad_escape: tuple[int, str] | None = None
    twice: tuple[int, str] | None = None


def read(text: str) -> Source:
    source = Source()
    lines = text.removeprefix("\ufeff").split("\n")
    start = _read_directives(source, lines)
    numbered = iter(list(enumerate(lines, 1))[start:])
    for number, line in numbered:
        if is_comment(line) or not line.strip():
            continue
        kept = _continued(source.escape, (number, line), numbered)
        instruction = split(number, "".join(text for _n, text in kept).strip(), tuple(kept))
        source.instructions.append(instruction)
        if instruction.heredoc:
            _skip_heredoc(instruction.heredoc, numbered)
    return source


def split(number: int, text: str, lines: tuple[tuple[int, str], ...] = ()) -> Instruction:
    """An instruction's name, flags and the rest."""
    name, _space, rest = _cut(text)
    flags, rest = _flags(rest)
    return Instruction(number, name.upper(), rest, flags, lines, _heredoc(name.upper(), rest))


def is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def json_list(text: str) -> list[str] | None:
    """The strings of a JSON list; None where `text` is none."""
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return found
    return None


def plain_words(text: str) -> list[str]:
    return [word for word in WORDS.split(text) if word]


def quoted_words(text: str, escape: str = "\\") -> list[str]:
    """Words of NAME=VALUE lists: a space in quotes or behind the escape belongs to the word."""
    words, word, quote, at = [], "", "", 0
    while at < len(text):
        char = text[at]
        if char == escape and quote != "'" and at + 1 < len(text):
            word += text[at : at + 2]
            at += 2
            continue
        if quote:
            quote = "" if char == quote else quote
            word += char
        elif char in SPACE:
            words.append(word)
            word = ""
        else:
            quote = char if char in "\"'" else ""
            word += char
        at += 1
    return [each for each in [*words, word] if each]


def quote_left_open(word: str, escape: str = "\\") -> bool:
    """Whether a quote in `word` does not end: the builder then ends with an error."""
    quote, at = "", 0
    while at < len(word):
        char = word[at]
        if char == escape and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        at += 1
    return bool(quote)


def _read_directives(source: Source, lines: list[str]) -> int:
    """How many lines at the top are directives. One that is not known is a comment, and ends them.

    A directive that is given twice or is wrong is remembered in `source`.
    """
    seen: set[str] = set()
    for count, line in enumerate(lines):
        match = DIRECTIVE.match(line.strip())
        name = match[1].lower() if match else ""
        if not match or name not in {"syntax", "escape"}:
            return count
        if name in seen:
            source.twice = (count + 1, name)
        seen.add(name)
        if name == "syntax":
            source.syntax = (count + 1, match[2])
        elif match[2] in ESCAPES:
            source.escape = match[2]
        else:
            source.bad_escape = (count + 1, match[2])
    return len(lines)


def _continued(
    escape: str, first: tuple[int, str], more: Iterator[tuple[int, str]]
) -> list[tuple[int, str]]:
    """The lines of one instruction, without their escapes; comments and empty lines fall away."""
    goes_on = re.compile(rf"{re.escape(escape)}[ \t]*\r?\Z")
    number, line = first
    kept = [(number, goes_on.sub("", line))]
    open_still = bool(goes_on.search(line))
    while open_still:
        following = next(more, None)
        if following is None:
            break
        number, line = following
        if is_comment(line) or not line.strip():
            continue
        kept.append((number, goes_on.sub("", line)))
        open_still = bool(goes_on.search(line))
    return kept


def _cut(text: str) -> tuple[str, str, str]:
    name, *rest = WORDS.split(text, maxsplit=1)
    return name, " ", rest[0].strip() if rest else ""


def _flags(rest: str) -> tuple[tuple[tuple[str, str | None], ...], str]:
    """The --name=value words that it begins with."""
    flags: list[tuple[str, str | None]] = []
    while rest.startswith("--"):
        word, _space, after = _cut(rest)
        rest = after
        if word == "--":
            break
        name, equals, value = word.removeprefix("--").partition("=")
        flags.append((name, value if equals else None))
    return tuple(flags), rest


def _heredoc(name: str, rest: str) -> str:
    if name == "ONBUILD":
        inner, _space, rest = _cut(rest)
        name = inner.upper()
    if name not in WITH_HEREDOCS or json_list(rest) is not None:
        return ""
    found = [match["name"] for word in quoted_words(rest) if (match := HEREDOC.match(word))]
    return found[-1] if found else ""


def _skip_heredoc(name: str, more: Iterator[tuple[int, str]]) -> None:
    for _number, line in more:
        if line.strip() == name:
            return
