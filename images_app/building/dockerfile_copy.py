"""Whether what COPY and ADD name is in the build context or in a stage (pure)."""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from django.utils.translation import gettext as _

from images_app.building.dockerfile_lines import Instruction
from images_app.building.dockerfile_problems import Problem, Stage, expanded, warning, wrong

URL = re.compile(r"https?://", re.IGNORECASE)
WILD = re.compile(r"(?<!\\)[*?\[]")


def copy_problems(
    each: Instruction,
    stage: Stage,
    stages: Sequence[Stage],
    files: Collection[str] | None,
    known: Mapping[str, str | None],
) -> Iterator[Problem]:
    """`files`: the paths of the context, folders too; None where nobody knows them."""
    words = each.words
    if len(words) < 2:
        return  # told already
    *sources, destination = words
    if origin := dict(each.flags).get("from"):
        yield from _stage_problems(each, origin, stage, stages)
    elif files is not None:
        yield from _missing(each, sources, files)
    several = len(sources) > 1 or _count(sources[0], files or ()) > 1
    if several and not destination.endswith("/") and "$" not in destination:
        text = _("Several sources need a folder as destination, which ends in /: %(word)s")
        yield wrong(each.line_of(destination), text % {"word": destination})


def _stage_problems(
    each: Instruction, origin: str, stage: Stage, stages: Sequence[Stage]
) -> Iterator[Problem]:
    line = each.line_of(f"--from={origin}")
    if origin.isascii() and origin.isdigit():
        if int(origin) >= stage.index:
            text = _("Stage %(name)s does not come before this one.")
            yield wrong(line, text % {"name": origin}, code="stage")
        return
    names = {other.name: other.index for other in stages if other.name}
    index = names.get(origin.lower())
    if index is None and "$" not in origin:
        text = _("No stage is called %(name)s, so an image of this name is looked for.")
        yield warning(line, text % {"name": origin}, code="stage")
    elif index is not None and index >= stage.index:
        text = _("Stage %(name)s does not come before this one.")
        yield wrong(line, text % {"name": origin}, code="stage")


def _missing(
    each: Instruction, sources: Sequence[str], files: Collection[str]
) -> Iterator[Problem]:
    if each.name == "ADD" and any(URL.match(source) for source in sources):
        sources = [source for source in sources if not URL.match(source)]
        if not sources:
            return
    found = 0
    for source in sources:
        filled = expanded(source, {})
        if filled is None:  # a variable of the stage: only the builder knows
            found += 1
            continue
        path = _inside(filled)
        if posixpath.normpath(filled.strip("\"'").lstrip("/")).startswith(".."):
            text = _("%(path)s leads out of the build context.")
            yield wrong(each.line_of(source), text % {"path": source}, code="missing")
            found += 1
        elif WILD.search(filled):
            found += sum(matches(path, name) for name in files)
        elif path and path not in files:
            text = _("%(path)s is not in the build context.")
            line = each.line_of(source)
            yield wrong(line, text % {"path": source}, code="missing")
            found += 1
        else:
            found += 1
    if not found:
        text = _("Nothing in the build context matches %(path)s.")
        what = " ".join(sources)
        yield wrong(each.line_of(sources[0]), text % {"path": what}, code="missing")


def _count(source: str, files: Collection[str]) -> int:
    if not WILD.search(source) or "$" in source:
        return 1
    return sum(matches(_inside(source), name) for name in files)


def _inside(source: str) -> str:
    """The path below the root of the context; "" is the root itself."""
    unquoted = source.strip("\"'")
    return posixpath.normpath("/" + unquoted).lstrip("/")


def matches(pattern: str, path: str) -> bool:
    """Go's filepath.Match: * and ? stop at a slash."""
    try:
        return re.fullmatch(_translated(pattern), path, re.DOTALL) is not None
    except re.error:
        return False


def _translated(pattern: str) -> str:
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "\\" and at < len(pattern):
            out += re.escape(pattern[at])
            at += 1
        elif char == "[" and (end := pattern.find("]", at + 1)) > 0:
            out += f"[{pattern[at:end]}]"
            at = end + 1
        else:
            out += re.escape(char)
    return out
