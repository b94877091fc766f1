"""Bytes that a repository or an image takes in its registry, and those that are its alone.

From what was read of the registry. What is in no other place is told only where all tags of the
registry were looked at, and goes when the image is deleted and the registry has cleaned up.
"""

from collections import Counter
from dataclasses import dataclass

from registries_app.models import Manifest, Registry, Tag
from registries_app.selectors import index_known

MOST = 5000  # images of a registry; adding up more keeps a reader waiting


@dataclass(frozen=True, slots=True)
class Stored:
    """Compressed bytes of layers, each once; `alone` is None where that is not known."""

    size: int
    alone: int | None


def of_repository(registry: Registry, name: str) -> Stored | None:
    """None where nobody looked at its images."""
    digests = _digests(registry)
    own = {digest for digest, names in digests.items() if name in names}
    if not own or len(own) > MOST:
        return None
    everything = _known_whole(registry) and len(digests) <= MOST
    layers = _layers(digests if everything else own)
    mine: dict[str, int] = {}
    elsewhere: set[str] = set()
    for digest, found in layers.items():
        if digest in own:
            mine |= found
        if digests[digest] != {name}:
            elsewhere |= found.keys()
    alone = sum(size for layer, size in mine.items() if layer not in elsewhere)
    return Stored(sum(mine.values()), alone if everything else None)


def of_image(registry: Registry, digest: str) -> Stored | None:
    """None where it was not looked at; of an image that several repositories have, as of one."""
    digests = _digests(registry)
    if digest not in digests:
        return None
    everything = _known_whole(registry) and len(digests) <= MOST
    layers = _layers(digests if everything else {digest})
    mine = layers.get(digest, {})
    times = Counter(layer for found in layers.values() for layer in found)
    alone = sum(size for layer, size in mine.items() if times[layer] == 1)
    return Stored(sum(mine.values()), alone if everything else None)


def _digests(registry: Registry) -> dict[str, set[str]]:
    """Images behind tags → the repositories that have them."""
    tags = Tag.objects.filter(repository__registry=registry).exclude(digest="")
    found: dict[str, set[str]] = {}
    for digest, name in tags.values_list("digest", "repository__name").distinct():
        found.setdefault(digest, set()).add(name)
    return found


def _known_whole(registry: Registry) -> bool:
    if index_known(registry).indexed_at is None:
        return False
    return not Tag.objects.filter(repository__registry=registry, digest="").exists()


def _layers(digests: dict[str, set[str]] | set[str]) -> dict[str, dict[str, int]]:
    """Image → its layers on all platforms, with their sizes."""
    found: dict[str, dict[str, int]] = {}
    wanted = list(digests)
    for start in range(0, len(wanted), 500):
        rows = Manifest.objects.filter(digest__in=wanted[start : start + 500])
        for digest, platforms in rows.values_list("digest", "platforms"):
            found[digest] = {layer: size for each in platforms for layer, size in each["layers"]}
    return found
