"""What is wrong with a Dockerfile, each problem at its line, before an engine is asked (pure).

It knows the instructions of the engine's classic builder. What this refuses, that builder
refuses too (tests/engine/test_dockerfile.py); what only may go wrong is a warning.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from engine.reference import BadReference, parse
from images_app.building import dockerfile_rules as rules
from images_app.building.dockerfile_copy import copy_problems
from images_app.building.dockerfile_lines import Instruction, Source, read, split
from images_app.building.dockerfile_problems import Problem, Stage, expanded, warning, wrong

LONGEST = 256 * 1024  # characters


@dataclass(slots=True)
class Checked:
    """A Dockerfile as far as it can be judged without an engine."""

    problems: list[Problem]
    stages: list[Stage] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)  # names of every ARG
    images: list[str] = field(default_factory=list)  # what the builder may have to pull

    @property
    def errors(self) -> list[Problem]:
        return [each for each in self.problems if each.is_error]


def check(
    text: str,
    *,
    files: Collection[str] | None = None,
    target: str = "",
    build_args: Mapping[str, str] | None = None,
) -> Checked:
    """`files` are the paths of the build context; None where nobody knows them."""
    if len(text) > LONGEST:
        return Checked([wrong(0, _("A Dockerfile has at most 256 KiB."))])
    source = read(text)
    reader = _Reader(source, build_args or {})
    problems = [*_directive_problems(source), *reader.problems()]
    if not source.instructions:
        problems.append(wrong(1, _("The Dockerfile is empty.")))
    elif not reader.stages and all(each.name == "ARG" for each in source.instructions):
        problems.append(wrong(1, _("A Dockerfile needs a FROM.")))
    problems += _target_problems(reader.stages, target)
    wanted = _built(reader.stages, target)
    for instruction, stage in reader.copies:
        if stage.index < wanted:
            problems += copy_problems(instruction, stage, reader.stages, files, reader.known)
    problems.sort(key=lambda each: (each.line, not each.is_error))
    images = [name for index, name in reader.images if index < wanted]
    return Checked(problems, reader.stages, reader.arguments, list(dict.fromkeys(images)))


def _built(stages: list[Stage], target: str) -> int:
    """How many stages the classic builder runs: all of them up to the target."""
    found = _stage_of(stages, target) if target else None
    return found.index + 1 if found else len(stages)


def _stage_of(stages: list[Stage], name: str) -> Stage | None:
    if name.isascii() and name.isdigit():
        return stages[int(name)] if int(name) < len(stages) else None
    return next((each for each in stages if each.name == name.lower()), None)


def _target_problems(stages: list[Stage], target: str) -> Iterator[Problem]:
    if target and stages and _stage_of(stages, target) is None:
        names = ", ".join(each.name or str(each.index) for each in stages)
        text = _("There is no stage %(name)s; there are: %(names)s.")
        yield wrong(0, text % {"name": target, "names": names}, code="target")


def _directive_problems(source: Source) -> Iterator[Problem]:
    if source.twice:
        text = _("The directive %(name)s may stand only once.")
        yield wrong(source.twice[0], text % {"name": source.twice[1]})
    if source.bad_escape:
        yield wrong(source.bad_escape[0], _("The escape is ` or \\, nothing else."))
    if source.syntax:
        text = _("The classic builder does not fetch %(name)s: it reads its own syntax.")
        yield warning(source.syntax[0], text % {"name": source.syntax[1]})


class _Reader:
    """Goes through the instructions once: stages, arguments, and what each gets wrong."""

    def __init__(self, source: Source, build_args: Mapping[str, str]) -> None:
        self.source = source
        self.build_args = build_args
        self.stages: list[Stage] = []
        self.arguments: list[str] = []
        self.copies: list[tuple[Instruction, Stage]] = []
        self.images: list[tuple[int, str]] = []  # (stage that names it, image)
        self.known: dict[str, str | None] = {}  # values of the arguments before the first FROM

    def problems(self) -> list[Problem]:
        return [
            problem for each in self.source.instructions for problem in self._instruction(each)
        ]

    def _instruction(self, each: Instruction) -> Iterator[Problem]:
        if each.name not in rules.KNOWN:
            text = _("Unknown instruction: %(name)s")
            guess = rules.like(each.name)
            hint = " " + _("Did you mean %(name)s?") % {"name": guess} if guess else ""
            yield wrong(each.line, text % {"name": each.name[:40]} + hint, code="unknown")
            return
        yield from rules.flag_problems(each)
        if each.heredoc:
            text = _("Here-documents (<<%(name)s) need BuildKit; the classic builder has none.")
            yield wrong(each.line, text % {"name": each.heredoc}, code="buildkit")
            return
        if each.name == "FROM":
            yield from self._from(each)
            return
        if each.name == "ARG":
            self._remember(each)
        elif not self.stages:
            text = _("%(name)s stands before the first FROM; only ARG may.")
            yield wrong(each.line, text % {"name": each.name}, code="from")
        yield from rules.problems(each, self.source.escape)
        if each.name == "ONBUILD":
            yield from self._trigger(each)
        if each.name in {"COPY", "ADD"} and self.stages:
            self.copies.append((each, self.stages[-1]))
            origin = dict(each.flags).get("from") or ""
            if not (origin.isdigit() or self._is_stage(origin)):
                self._names(origin)

    def _trigger(self, each: Instruction) -> Iterator[Problem]:
        """What fails only where the image is used as a base is a warning here."""
        if not each.rest:
            return  # told already
        inner = split(each.line, each.rest, each.lines)
        if inner.name in {"ONBUILD", "FROM", "MAINTAINER"}:
            text = _("ONBUILD %(name)s is not possible.")
            yield wrong(each.line, text % {"name": inner.name})
        elif inner.name not in rules.KNOWN:
            text = _("Unknown instruction: %(name)s")
            yield warning(each.line, text % {"name": inner.name[:40]}, code="unknown")
        else:
            found = [*rules.flag_problems(inner), *rules.problems(inner, self.source.escape)]
            yield from (replace(problem, is_error=False) for problem in found)

    def _from(self, each: Instruction) -> Iterator[Problem]:
        words = each.rest.split()
        named = len(words) == 3 and words[1].upper() == "AS"
        base = words[0] if words else ""
        name = words[2].lower() if named else ""
        if not (len(words) == 1 or named):
            yield wrong(each.line, _("FROM takes an image, and then may say AS and a name."))
        elif name and not rules.STAGE.fullmatch(name):
            text = _("%(name)s is no name for a stage: a letter, then letters, digits, - _ .")
            yield wrong(each.line, text % {"name": words[2]})
        elif name and any(stage.name == name for stage in self.stages):
            yield wrong(each.line, _("Two stages have the name %(name)s.") % {"name": name})
        filled = None if self._is_stage(base) else expanded(base, self.known)
        if base and not self._is_stage(base):
            yield from rules.base_problems(each, base, filled)
        self.stages.append(Stage(len(self.stages), name, base, each.line))
        self._names((filled or "").strip("\"'"))

    def _is_stage(self, name: str) -> bool:
        return any(stage.name == name.lower() for stage in self.stages if stage.name)

    def _names(self, image: str) -> None:
        """Remembers what the stage that was read last may have the engine pull."""
        with suppress(BadReference):
            if image and image != rules.NOTHING:
                parse(image)
                self.images.append((len(self.stages) - 1, image))

    def _remember(self, each: Instruction) -> None:
        for word in rules.argument_words(each, self.source.escape):
            name, equals, value = word.partition("=")
            if name and name not in self.arguments:
                self.arguments.append(name)
            if not self.stages:
                default = expanded(value.strip("\"'"), self.known) if equals else None
                self.known[name] = self.build_args.get(name, default)
