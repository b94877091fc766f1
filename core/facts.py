"""What an engine tells about one thing, as pages list it: finished texts."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.text import visible

MOST_LABELS = 200


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the facts; `mono` for what is typed or machine-made, `bad` for what is wrong.

    `at` is the moment that the text tells: a script shows it in the reader's zone.
    """

    label: str
    text: str
    mono: bool = False
    bad: bool = False
    at: datetime | None = None


def label_pairs(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = sorted(labels.items())[:MOST_LABELS]
    return [(visible(key, 400), visible(value)) for key, value in pairs]


def variables(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Names of variables, and whether there is a value: that itself is never told (F3)."""
    return [
        {"name": visible(name, 400), "key": name, "empty": not value}
        for name, value in sorted(environment.items())
    ]


def argv(words: Sequence[str]) -> str:
    return visible(shlex.join(words))


def moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
