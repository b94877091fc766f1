"""Names of tags and repositories: their natural order, what moves, what is a signature, trees."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
REPOSITORY_LONGEST = 255
PIECE = re.compile(r"(\d+)")
VERSION = re.compile(r"v?\d+\.\d+.*")
PRERELEASE = re.compile(r"[-.]?(alpha|beta|rc|pre|dev|snapshot|nightly)", re.IGNORECASE)
SIGNATURE = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")

Key = tuple[tuple[int, int, str], ...]


def is_repository(name: str) -> bool:
    return len(name) <= REPOSITORY_LONGEST and REPOSITORY.fullmatch(name) is not None


def is_tag(name: str) -> bool:
    return TAG.fullmatch(name) is not None


@lru_cache(maxsize=1 << 16)
def natural(name: str) -> Key:
    """Sorts v1.9 before v1.10, and 2.0-rc1 before 2.0."""
    pieces = PIECE.split(name.removeprefix("v") if VERSION.fullmatch(name) else name)
    key: list[tuple[int, int, str]] = []
    for n, piece in enumerate(pieces):
        if n % 2:
            key.append((2, int(piece[:30]), piece))
        elif piece:
            key.append((0 if PRERELEASE.match(piece) else 3, 0, piece.lower()))
    key.append((1, 0, name))  # the end: after a release candidate, before what goes on
    return tuple(key)


def is_signature(name: str) -> bool:
    """Tags that cosign and the fallback of referrers make: they belong to another image."""
    return SIGNATURE.fullmatch(name) is not None


def signed_digest(name: str) -> str:
    """The digest of the image that such a tag belongs to."""
    return "sha256:" + name.removeprefix("sha256-")[:64]


def moves(name: str) -> bool:
    """Whether a tag is of those that are put on newer images: latest, stable, 4, 4.18.

    Whole versions, commits, dates and numbers of builds stay where they are.
    """
    return not re.search(r"\d+\.\d+\.\d+|[0-9a-f]{7,}|\d{6,}|[a-z][-_.]\d{3,}$", name)


@dataclass(slots=True)
class Branch:
    """A namespace: what is in it, and what below."""

    name: str  # whole, without a slash at its end; "" for the root
    count: int = 0  # repositories in it and below
    branches: dict[str, "Branch"] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def tree(names: Iterable[str]) -> Branch:
    """The namespaces of these repositories."""
    root = Branch("")
    for name in names:
        *parents, _last = name.split("/")
        branch = root
        branch.count += 1
        for parent in parents:
            whole = f"{branch.name}/{parent}" if branch.name else parent
            branch = branch.branches.setdefault(parent, Branch(whole))
            branch.count += 1
        branch.names.append(name)
    return root
