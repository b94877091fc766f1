"""What a container changed against its image, as a tree that is looked at level by level (pure).

A container of a database has tens of thousands of changes: no page ever holds all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.types import FileChange

KINDS = ("added", "changed", "deleted")


@dataclass(slots=True)
class Counts:
    """How many paths were changed in which way, below a folder or in all."""

    added: int = 0
    changed: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        return self.added + self.changed + self.deleted

    def count(self, kind: str) -> None:
        setattr(self, kind, getattr(self, kind) + 1)


@dataclass(slots=True)
class Entry:
    """One line of a level. `kind` is "" for a folder that only holds changes."""

    name: str  # several parts where each folder holds only the next
    path: str
    kind: str = ""
    below: Counts = field(default_factory=Counts)

    @property
    def is_folder(self) -> bool:
        return bool(self.below.total)


def meaningful(changes: Iterable[FileChange]) -> list[FileChange]:
    """Without the folders that count as changed only because something in them did."""
    found = list(changes)
    holding = _folders(found)
    return [each for each in found if each.kind != "changed" or each.path not in holding]


def counts(changes: Iterable[FileChange]) -> Counts:
    found = Counts()
    for change in changes:
        found.count(change.kind)
    return found


def narrowed(
    changes: Iterable[FileChange], *, kind: str = "", words: str = ""
) -> list[FileChange]:
    """Those of one kind whose path has every word in it."""
    wanted = words.lower().split()
    return [
        change
        for change in changes
        if (not kind or change.kind == kind)
        and all(word in change.path.lower() for word in wanted)
    ]


def level(changes: Sequence[FileChange], folder: str) -> list[Entry]:
    """What is directly in `folder` ("" for the root): folders first, then by name.

    `changes` are meaningful ones. Folders that hold nothing but one other are one line.
    """
    entries: dict[str, Entry] = {}
    inside: dict[str, list[FileChange]] = {}
    start = f"{folder.rstrip('/')}/"
    for change in changes:
        if not change.path.startswith(start) or change.path == start:
            continue
        name, slash, _rest = change.path.removeprefix(start).partition("/")
        entry = entries.setdefault(name, Entry(name, start + name))
        if slash:
            entry.below.count(change.kind)
            inside.setdefault(name, []).append(change)
        else:
            entry.kind = change.kind
    found = [_joined(entry, inside.get(name, [])) for name, entry in entries.items()]
    return sorted(found, key=lambda entry: (not entry.is_folder, entry.name))


def parents(folder: str) -> list[tuple[str, str]]:
    """(name, path) of each part of a folder's path, the outermost first."""
    parts = [part for part in folder.split("/") if part]
    return [(part, "/" + "/".join(parts[: n + 1])) for n, part in enumerate(parts)]


def _folders(changes: Sequence[FileChange]) -> set[str]:
    """Every path that another one is below."""
    found: set[str] = set()
    for change in changes:
        path = change.path.rpartition("/")[0]
        while path and path not in found:
            found.add(path)
            path = path.rpartition("/")[0]
    return found


def _joined(entry: Entry, inside: list[FileChange]) -> Entry:
    """`entry` with the folders that are alone in it, down to the first that holds more."""
    while inside and not entry.kind:
        start = f"{entry.path}/"
        names = {change.path.removeprefix(start).partition("/")[0] for change in inside}
        if len(names) > 1 or any(
            change.path == start + name for change in inside for name in names
        ):
            break
        name = names.pop()
        entry = Entry(f"{entry.name}/{name}", start + name, below=entry.below)
    return entry
