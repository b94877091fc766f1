"""What each instruction of a Dockerfile takes, by the rules of the engine's classic builder."""

import difflib
import re
import signal
from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _

from engine.reference import BadReference, parse
from images_app.building.dockerfile_lines import (
    WORDS,
    Instruction,
    json_list,
    plain_words,
    quote_left_open,
    quoted_words,
)
from images_app.building.dockerfile_problems import VARIABLE, Problem, warning, wrong

KNOWN = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
    "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
FLAGS = {
    "FROM": {"platform"},
    "ADD": {"chown"},
    "COPY": {"chown", "from"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"},
}
BUILDKIT = {
    "RUN": {"mount", "network", "security", "device"},
    "ADD": {"link", "chmod", "checksum", "keep-git-dir", "exclude", "unpack"},
    "COPY": {"link", "chmod", "parents", "exclude"},
}
NOTHING = "scratch"  # a base without anything in it
STAGE = re.compile(r"[a-z][a-z0-9-_.]*")
PORT = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(/(tcp|udp|sctp))?", re.IGNORECASE)


def like(name: str) -> str:
    """The instruction that `name` is probably meant to be, or ""."""
    return next(iter(difflib.get_close_matches(name, KNOWN, 1, 0.6)), "")


def problems(each: Instruction, escape: str) -> Iterator[Problem]:
    """What is wrong with the arguments of one instruction; FROM has more to it than this."""
    check = CHECKS.get(each.name)
    if check:
        yield from check(each, escape)


def flag_problems(each: Instruction) -> Iterator[Problem]:
    for name, value in each.flags:
        text = f"--{name}"
        if name in BUILDKIT.get(each.name, ()):
            said = _("%(flag)s needs BuildKit; the classic builder does not have it.")
            yield wrong(each.line_of(text), said % {"flag": text}, code="buildkit")
        elif (each.name, name) == ("HEALTHCHECK", "start-interval"):
            said = _("%(flag)s needs an engine of version 25 or newer.")
            yield warning(each.line_of(text), said % {"flag": text})
        elif name not in FLAGS.get(each.name, ()):
            said = _("%(instruction)s has no flag %(flag)s.")
            yield wrong(each.line_of(text), said % {"instruction": each.name, "flag": text})
        elif value is None:
            said = _("%(flag)s needs a value: %(flag)s=…")
            yield wrong(each.line_of(text), said % {"flag": text})


def base_problems(each: Instruction, base: str, filled: str | None) -> Iterator[Problem]:
    """`filled` is the base with its variables, None where they are not known."""
    if filled is None:
        if "$" not in VARIABLE.sub("", base):  # else written in a way that only the builder reads
            text = _("%(name)s has no value: give the build argument, or a default.")
            yield wrong(each.line, text % {"name": base}, code="argument")
        return
    if len(filled) > 1 and filled[0] == filled[-1] and filled[0] in "\"'":
        filled = filled[1:-1]
    if filled == NOTHING:
        return
    try:
        parse(filled)
    except BadReference as error:
        text = _("%(name)s is no name of an image: %(reason)s")
        yield wrong(each.line, text % {"name": filled, "reason": error})


def argument_words(each: Instruction, escape: str) -> list[str]:
    return quoted_words(each.rest, escape)


def _at_least(count: int) -> Callable[[Instruction, str], Iterator[Problem]]:
    def check(each: Instruction, escape: str) -> Iterator[Problem]:
        if len(each.words) < count:
            yield _needs(each, count)
        yield from _quotes(each, each.words, escape)

    return check


def _needs(each: Instruction, count: int) -> Problem:
    text = (
        _("%(name)s needs something to follow it.")
        if count == 1
        else _("%(name)s needs at least one source and a destination.")
    )
    return wrong(each.line, text % {"name": each.name})


def _quotes(each: Instruction, words: list[str], escape: str) -> Iterator[Problem]:
    for word in words:
        if quote_left_open(word, escape):
            text = _("A quote does not end: %(word)s")
            yield wrong(each.line_of(word), text % {"word": word[:60]})
            return


def _one(each: Instruction, escape: str) -> Iterator[Problem]:
    """USER, WORKDIR, STOPSIGNAL: the whole rest is one value."""
    if not each.rest:
        yield _needs(each, 1)
    yield from _quotes(each, [each.rest], escape)


def _signal(each: Instruction, escape: str) -> Iterator[Problem]:
    yield from _one(each, escape)
    name = each.rest.strip("\"'").upper()
    known = name.isdigit() or name.removeprefix("SIG").startswith(("RTMIN", "RTMAX"))
    known = known or f"SIG{name.removeprefix('SIG')}" in signal.Signals.__members__
    if each.rest and "$" not in name and not known:
        yield wrong(each.line, _("%(word)s is no signal.") % {"word": each.rest[:60]})


def _one_word(each: Instruction, escape: str) -> Iterator[Problem]:
    if not each.rest:
        yield _needs(each, 1)


def _pairs(each: Instruction, escape: str) -> Iterator[Problem]:
    """ENV and LABEL: name=value …, or the old `name value`."""
    words = quoted_words(each.rest, escape)
    if not words:
        yield _needs(each, 1)
    elif "=" not in words[0]:
        if len(WORDS.split(each.rest, maxsplit=1)) < 2:
            text = _("%(name)s needs name=value.")
            yield wrong(each.line, text % {"name": each.name})
        yield from _quotes(each, [each.rest], escape)
        return
    for word in words:
        if "=" not in word:
            text = _("No = in %(word)s: write name=value, with quotes around a value with spaces.")
            yield wrong(each.line_of(word), text % {"word": word[:60]})
            return
        if word.startswith("="):
            yield wrong(each.line_of(word), _("A name is missing before the =."))
            return
    yield from _quotes(each, words, escape)


def _arguments(each: Instruction, escape: str) -> Iterator[Problem]:
    words = argument_words(each, escape)
    if not words:
        yield _needs(each, 1)
    if any(word.startswith("=") for word in words):
        yield wrong(each.line, _("A name is missing before the =."))
    yield from _quotes(each, words, escape)


def _ports(each: Instruction, escape: str) -> Iterator[Problem]:
    words = plain_words(each.rest)
    if not words:
        yield _needs(each, 1)
    for word in words:
        if "$" not in word and ":" not in word and not _is_port(word):
            text = _("%(word)s is no port: write 80, 8000-8010 or 53/udp.")
            yield wrong(each.line_of(word), text % {"word": word[:60]})
    yield from _quotes(each, words, escape)


def _is_port(word: str) -> bool:
    if not PORT.fullmatch(word.strip("\"'")):
        return False
    first, _dash, last = word.strip("\"'").partition("/")[0].partition("-")
    return int(first) <= int(last or first) <= 65535


def _json_only(each: Instruction, _escape: str) -> Iterator[Problem]:
    if not json_list(each.rest):
        yield wrong(each.line, _('SHELL takes a JSON list: SHELL ["/bin/sh", "-c"]'))


def _command(each: Instruction, _escape: str) -> Iterator[Problem]:
    """RUN, CMD, ENTRYPOINT: a JSON list, or what a shell runs."""
    if each.rest.startswith("[") and each.rest.endswith("]") and json_list(each.rest) is None:
        text = _("This is no JSON list (double quotes!), so a shell will run it as it stands.")
        yield warning(each.line, text)


def _run(each: Instruction, escape: str) -> Iterator[Problem]:
    if not each.rest:
        yield _needs(each, 1)
    yield from _command(each, escape)


def _volumes(each: Instruction, escape: str) -> Iterator[Problem]:
    words = each.words
    if not words or any(not word.strip("\"'") for word in words):
        yield _needs(each, 1)
    yield from _quotes(each, words, escape)


def _health(each: Instruction, _escape: str) -> Iterator[Problem]:
    word, *rest = plain_words(each.rest) or [""]
    if word.upper() == "NONE":
        if rest:
            yield wrong(each.line, _("HEALTHCHECK NONE takes nothing else."))
    elif word.upper() != "CMD":
        yield wrong(each.line, _("HEALTHCHECK takes NONE, or CMD and a command."))
    elif not rest:
        yield wrong(each.line, _("A command is missing after CMD."))


def _deprecated(each: Instruction, _escape: str) -> Iterator[Problem]:
    if not each.rest:
        yield _needs(each, 1)
    yield warning(each.line, _("MAINTAINER is out of date: use a LABEL."))


CHECKS: dict[str, Callable[[Instruction, str], Iterator[Problem]]] = {
    "ADD": _at_least(2),
    "ARG": _arguments,
    "CMD": _command,
    "COPY": _at_least(2),
    "ENTRYPOINT": _command,
    "ENV": _pairs,
    "EXPOSE": _ports,
    "HEALTHCHECK": _health,
    "LABEL": _pairs,
    "MAINTAINER": _deprecated,
    "ONBUILD": _one_word,
    "RUN": _run,
    "SHELL": _json_only,
    "STOPSIGNAL": _signal,
    "USER": _one,
    "VOLUME": _volumes,
    "WORKDIR": _one,
}
