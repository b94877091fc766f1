"""What differs between two images: how they run, and of which layers they are made (pure).

For images of engines and of registries alike: what makes a Side of either belongs to its app.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from core.masking import HIDDEN


@dataclass(frozen=True, slots=True)
class Layer:
    """`size_bytes` is None where nobody knows; `made_by` is its instruction, or ""."""

    digest: str
    size_bytes: int | None = None
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One image as it is compared. The layers come the lowest first."""

    platform: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    stop_signal: str = ""
    health_check: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same: `name` within `part`, where that has several.

    None on a side that does not have it. Values of the environment are hidden here already.
    """

    part: str
    name: str
    left: str | tuple[str, ...] | None
    right: str | tuple[str, ...] | None

    @property
    def kind(self) -> str:
        """added (only right), removed (only left) or changed"""
        if self.left is None:
            return "added"
        return "removed" if self.right is None else "changed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`rows` pair the layers, the lowest first; a shared one stands on both sides."""

    changes: tuple[Change, ...]
    rows: tuple[tuple[Layer | None, Layer | None], ...]

    @property
    def shared(self) -> tuple[Layer, ...]:
        return tuple(left for left, right in self.rows if left and right)

    @property
    def only_left(self) -> tuple[Layer, ...]:
        return tuple(left for left, right in self.rows if left and not right)

    @property
    def only_right(self) -> tuple[Layer, ...]:
        return tuple(right for left, right in self.rows if right and not left)

    @property
    def same(self) -> bool:
        return not self.changes and len(self.shared) == len(self.rows)


WORDS = ("platform", "entrypoint", "command", "working_dir", "user", "stop_signal", "health_check")
SETS = ("ports", "volumes")
MAPS = ("environment", "labels")


def compare(left: Side, right: Side) -> Comparison:
    """What changed from `left` to `right`."""
    changes = [*_words(left, right), *_sets(left, right), *_maps(left, right)]
    return Comparison(tuple(changes), tuple(_paired(left.layers, right.layers)))


def bytes_of(layers: Iterable[Layer]) -> int | None:
    """Of all of them; None where one's size is not known."""
    total = 0
    for layer in layers:
        if layer.size_bytes is None:
            return None
        total += layer.size_bytes
    return total


def _words(left: Side, right: Side) -> Iterable[Change]:
    for part in WORDS:
        before, after = getattr(left, part), getattr(right, part)
        if before != after:
            yield Change(part, "", before or None, after or None)


def _sets(left: Side, right: Side) -> Iterable[Change]:
    for part in SETS:
        before, after = set(getattr(left, part)), set(getattr(right, part))
        for name in sorted(before ^ after):
            yield Change(part, name, name if name in before else None,
                         name if name in after else None)  # fmt: skip


def _maps(left: Side, right: Side) -> Iterable[Change]:
    for part in MAPS:
        before, after = getattr(left, part), getattr(right, part)
        hide = part == "environment"
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield Change(
                    part,
                    name,
                    _shown(before.get(name), hide=hide),
                    _shown(after.get(name), hide=hide),
                )


def _shown(value: str | None, *, hide: bool) -> str | None:
    return HIDDEN if hide and value else value


def _paired(
    left: tuple[Layer, ...], right: tuple[Layer, ...]
) -> Iterable[tuple[Layer | None, Layer | None]]:
    """Layers of the same content in the same order are shared; others stand alone."""
    matcher = SequenceMatcher(
        None, [each.digest for each in left], [each.digest for each in right], autojunk=False
    )
    for kind, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        if kind == "equal":
            yield from zip(left[left_from:left_to], right[right_from:right_to], strict=True)
        else:
            yield from ((each, None) for each in left[left_from:left_to])
            yield from ((None, each) for each in right[right_from:right_to])
