"""How an image came to be: its history as lines of a Dockerfile, each with its layer (pure).

An engine tells the steps with their sizes, and apart from them the digests of the layers; which
belongs to which it does not tell (moby, daemon/images/image_history.go). A step with bytes has a
layer. One without may have one too: RUN and WORKDIR make layers that hold no file.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.masking import HIDDEN, masked_instruction
from core.text import visible
from engine.types import HistoryEntry
from registries_app.protocol.manifests import instruction

LAYERLESS = {
    "ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "SHELL", "STOPSIGNAL", "USER", "VOLUME",
}  # fmt: skip
KNOWN = LAYERLESS | {"ADD", "COPY", "FROM", "RUN", "WORKDIR"}
WITH_ARGUMENTS = re.compile(r"(?:RUN )?\|\d+ (?P<said>.*)", re.DOTALL)
SHELL = re.compile(
    r"(?:\A| )(?:/[\w./-]+|cmd|powershell)(?: -?[\w-]+)*? (?:-\w*c|/S /C|-Command) "
)
ARGUMENT = re.compile(r"(?:\A|\s)([A-Za-z_][A-Za-z0-9_]*)=")
GO_MAP = re.compile(r"map\[((?:\S+:\{\} ?)+)\]")
KEY = re.compile(r"(\S+?):\{\}")
LONGEST = 4000  # characters of one instruction


@dataclass(frozen=True, slots=True)
class Step:
    """One step in which an image was made.

    `word` is the instruction, "" for what is none (a commit, an import). `layer` is the digest
    of the layer that it made. `empty` is None where nobody can tell whether it made one.
    """

    number: int  # from 1, the oldest first
    word: str
    rest: str
    created: datetime | None
    size_bytes: int
    comment: str
    tags: tuple[str, ...] = ()
    layer: str = ""
    empty: bool | None = True

    @property
    def text(self) -> str:
        return f"{self.word} {self.rest}".strip()


def steps_of(history: Sequence[HistoryEntry], layers: Sequence[str]) -> list[Step]:
    """The steps, oldest first, of a history as an engine tells it: the newest first."""
    entries = list(reversed(history))
    read = [read_instruction(each.created_by) for each in entries]
    kinds = [
        _kind(each.size_bytes, word) for each, (word, _rest) in zip(entries, read, strict=True)
    ]
    found = _matched(kinds, list(layers))
    return [
        Step(
            number,
            word,
            rest,
            each.created,
            each.size_bytes,
            visible(each.comment, LONGEST),
            each.tags,
            layer or "",
            empty,
        )
        for number, (each, (word, rest), (layer, empty)) in enumerate(
            zip(entries, read, found, strict=True), 1
        )
    ]


def read_instruction(created_by: str) -> tuple[str, str]:
    """(instruction, what follows it) of a line of history; values that may be secrets are hidden.

    Build arguments stand before a RUN that they were given to: of these only the names are kept.
    """
    text = created_by.strip().removesuffix("# buildkit").strip()
    if match := WITH_ARGUMENTS.fullmatch(text):
        return "RUN", visible(_without_arguments(match["said"]), LONGEST)
    text = masked_instruction(instruction(text))
    word, _space, rest = text.partition(" ")
    if word in KNOWN:
        if said := GO_MAP.fullmatch(rest.strip()):  # BuildKit's way to write down EXPOSE
            rest = " ".join(KEY.findall(said[1]))
        return word, visible(rest.strip(), LONGEST)
    return "", visible(text, LONGEST)


def _without_arguments(said: str) -> str:
    """The command of a RUN, and the names of the build arguments in front of its shell."""
    shell = SHELL.search(said)
    arguments, command = (said[: shell.start()], said[shell.end() :]) if shell else (said, "…")
    names = " ".join(f"{name}={HIDDEN}" for name in ARGUMENT.findall(arguments))
    return f"{command}  # {names}" if names else command


def _kind(size_bytes: int, word: str) -> bool | None:
    """Whether a step made a layer; None where it may have."""
    if size_bytes > 0:
        return True
    return False if word in LAYERLESS else None


def _matched(kinds: list[bool | None], layers: list[str]) -> list[tuple[str | None, bool | None]]:
    """(layer, empty) of each step, as far as it is certain."""
    certain, open_ = kinds.count(True), kinds.count(None)
    missing = len(layers) - certain
    if missing in {0, open_}:
        made = [kind or (kind is None and missing > 0) for kind in kinds]
        left = iter(layers)
        return [(next(left), False) if each else (None, True) for each in made]
    if not 0 < missing < open_:  # the two do not fit at all
        return [(None, None if kind is None else not kind) for kind in kinds]
    # from both ends, as far as nothing is open
    found: list[tuple[str | None, bool | None]] = [
        (None, None if kind is None else not kind) for kind in kinds
    ]
    for order, ends in (
        (range(len(kinds)), layers),
        (range(len(kinds) - 1, -1, -1), layers[::-1]),
    ):
        left = iter(ends)
        for at in order:
            if kinds[at] is None:
                break
            if kinds[at]:
                found[at] = (next(left), False)
    return found
