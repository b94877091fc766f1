"""Shares of a whole as the segments of a bar (pure): a page may not say widths in a style."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat

WIDTH = 1000  # units of the drawing
LEAST = 4  # units that the smallest share still gets, so that it can be seen and hit
SHADES = 5


@dataclass(frozen=True, slots=True)
class Segment:
    """`key` is what it stands for; `shade` from 0, the largest shares the darkest."""

    key: int
    x: float
    width: float
    shade: int
    text: str
    size: str
    percent: str


def segments(parts: Sequence[tuple[int, int, str]]) -> list[Segment]:
    """One segment for each (key, bytes, text) with bytes, in order; together they are WIDTH."""
    shown = [part for part in parts if part[1] > 0]
    total = sum(size for _key, size, _text in shown)
    by_size = sorted(shown, key=lambda part: -part[1])
    shades = {part[0]: min(n, SHADES - 1) for n, part in enumerate(by_size)}
    raw = [max(LEAST, WIDTH * size / total) for _key, size, _text in shown]
    scale = WIDTH / sum(raw) if raw else 1
    found, x = [], 0.0
    for (key, size, text), wide in zip(shown, raw, strict=True):
        width = wide * scale
        found.append(
            Segment(
                key,
                round(x, 2),
                round(width, 2),
                shades[key],
                text,
                filesizeformat(size),
                f"{100 * size / total:.0f}%",
            )
        )
        x += width
    return found
