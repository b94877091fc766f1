"""Looking at a registry and writing down what it says: names, counts, tags, images.

Pages and the API look at what they show, within PAGE_S; the Job of the index at everything.
Raises RegistryFailed where nothing could be learnt; what failed in part stands with its row.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from registries_app.content import index, native, reading
from registries_app.content.scan import PAGE_S, Scan, at_once
from registries_app.credentials import target_of
from registries_app.models import Manifest, Registry, Repository, Tag
from registries_app.protocol.answers import Names
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import Missing, NotSupported, RegistryFailed

FRESH = timedelta(seconds=60)  # what a tag of a row that is shown stands for
NAMES_FRESH = timedelta(seconds=2)  # of short lists, which cost one question
SHORT = 1000  # names; longer lists are kept for FRESH
AGAIN = timedelta(minutes=10)  # an image that lacked a part is read again
COUNTED = 100  # repositories whose tags are listed at once
TOGETHER = 200  # tags whose images are read at once
TAG_FIELDS = ("repository_id", "name", "digest", "seen_at", "error")
MOST_DEEP = 1000  # tags of one repository that the index looks behind; of others, only the names

P = TypeVar("P", int, str)
Said = Callable[[int, int], None]
"""Told how many of how many tags are looked at; may raise to stop."""


def page_scan(registry: Registry) -> Scan:
    """For what a request waits for."""
    return Scan(target_of(registry), at_once=at_once(registry), seconds=PAGE_S)


def names(registry: Registry, scan: Scan) -> None:
    """The names of its repositories, as it lists them now."""
    try:
        found = _listed(registry, scan)
    except RegistryFailed as error:
        index.keep_no_names(registry, error)
        raise
    index.keep_names(registry, found.names, found.about)


def _listed(registry: Registry, scan: Scan) -> native.Listed:
    """By the protocol; where that is refused, by the product's own API."""
    if registry.kind == Registry.Kind.HUB:
        return native.lists(registry, scan)
    try:
        return native.Listed(scan.once(Client.catalog))
    except NotSupported:
        if registry.kind not in {Registry.Kind.GITLAB, Registry.Kind.HARBOR}:
            raise
        return native.lists(registry, scan)


def counts(scan: Scan, repositories: Iterable[Repository]) -> None:
    """The names of the tags of these repositories; each that fails says so in its row."""
    rows = {row.name: row for row in repositories}
    found = scan.all(_tags, rows)
    index.keep_tags({rows[name]: said for name, said in found.items()})


def tags(registry: Registry, name: str, scan: Scan) -> Repository:
    """The names of one repository's tags. Raises Missing and keeps no row for one that is not."""
    try:
        found = scan.once(lambda client: client.tags(name))
    except RegistryFailed as error:
        known = Repository.objects.filter(registry=registry, name=name).first()
        if known:
            said: Names | RegistryFailed = error
            if isinstance(error, Missing):  # its tags are gone; the name may stay in the list
                said = Names((), complete=True, pages=1)
            index.keep_tags({known: said})
        raise
    row = index.repository(registry, name)
    index.keep_tags({row: found})
    return row


def digests(repository: Repository, scan: Scan, shown: Sequence[Tag]) -> None:
    """What these tags stand for, and what that is; only what is not known or no longer fresh."""
    if repository.registry.kind == Registry.Kind.HUB:  # a GET there counts as a pull (fact 29)
        _by_hub(repository, scan, shown)
        return
    unknown = [tag for tag in shown if not tag.digest]
    stale = [tag for tag in shown if tag.digest and index.old(tag.seen_at, FRESH)]
    _resolve(scan, [(repository, tag) for tag in unknown], [(repository, tag) for tag in stale])
    images(scan, {tag.digest: repository.name for tag in shown if tag.digest})


def _by_hub(repository: Repository, scan: Scan, shown: Sequence[Tag]) -> None:
    """What Docker Hub's own API tells of these tags, and HEAD of what it does not."""
    stale = [tag for tag in shown if index.old(tag.seen_at, FRESH)]
    if not stale:
        return
    told = native.hub_tags(scan, repository.name, [tag.name for tag in stale])
    rest = [(repository.name, tag.name) for tag in stale if tag.name not in told]
    found: dict[Tag, str | RegistryFailed] = {}
    heads = reading.heads(scan, rest)
    rows: dict[str, Manifest] = {}
    for tag in stale:
        known = told.get(tag.name)
        found[tag] = known.digest if known else heads[repository.name, tag.name]
        if known:
            tag.pushed = known.pushed
            rows[known.digest] = _told(known)
    index.keep_digests(found)
    index.keep_pushed([tag for tag in stale if tag.pushed])
    kept = reading.kept_of(rows)
    index.keep_manifests(row for digest, row in rows.items() if digest not in kept)


def _told(tag: native.HubTag) -> Manifest:
    """What is known of an image that was not read; it is not whole, so that it still can be."""
    sizes = [each["size"] for each in tag.platforms if each["size"] is not None]
    return Manifest(
        digest=tag.digest,
        kind="index" if len(tag.platforms) > 1 else "image",
        platforms=tag.platforms,
        size=sum(sizes) if sizes else None,
        complete=False,
        raw=b"",
    )


def images(scan: Scan, wanted: dict[str, str]) -> None:
    """Digest → repository: those are read that are not kept, or lacked a part a while ago."""
    kept = {
        digest: (complete, at)
        for part in _parts(list(wanted))
        for digest, complete, at in Manifest.objects.filter(digest__in=part).values_list(
            "digest", "complete", "read_at"
        )
    }
    missing = [
        (repository, digest)
        for digest, repository in wanted.items()
        if digest not in kept or (not kept[digest][0] and index.old(kept[digest][1], AGAIN))
    ]
    if missing:
        index.keep_manifests(reading.read(scan, missing).rows.values())


def image(scan: Scan, repository: str, digest: str) -> str:
    """See that this image is kept, with all its parts. Raises RegistryFailed."""
    images(scan, {digest: repository})
    if not Manifest.objects.filter(digest=digest).exclude(raw=b"").exists():
        found = reading.read(scan, [(repository, digest)])
        index.keep_manifests(found.rows.values())
        said = found.digests[repository, digest]
        if isinstance(said, RegistryFailed):
            raise said
    return digest


def everything(registry: Registry, said: Said, *, pinned_only: bool = False) -> None:
    """Names, counts, and the image behind every tag: new ones are read, known ones compared.

    What was read is written down as it comes, so that a look that dies was not for nothing.
    Raises RegistryFailed where it is no use to go on.
    """
    with Scan(target_of(registry), at_once=at_once(registry)) as scan:
        rows = list(_looked_at(registry, scan, pinned_only=pinned_only))
        for at in range(0, len(rows), COUNTED):
            said(0, 0)
            counts(scan, rows[at : at + COUNTED])
            scan.go_on()
        deep = {row.pk: row for row in rows if row.tag_count and row.tag_count <= MOST_DEEP}
        total = sum(row.tag_count or 0 for row in deep.values())
        done = 0
        for part in _parts(list(deep)):
            for some in _together(part):
                said(done, total)
                done += len(some)
                _look(scan, [(deep[tag.repository_id], tag) for tag in some])
                scan.go_on()
        said(total, total)


def _looked_at(registry: Registry, scan: Scan, *, pinned_only: bool) -> Iterable[Repository]:
    """Those that it lists, and those that are pinned; where it lists none, these alone."""
    pinned = Repository.objects.filter(registry=registry, listed=False, pinned=True)
    if not pinned_only:
        try:
            names(registry, scan)
        except NotSupported:
            if not pinned.exists():
                raise
        yield from Repository.objects.filter(registry=registry, listed=True)
    else:
        pinned = Repository.objects.filter(registry=registry, pinned=True)
    yield from pinned


def _together(repositories: list[int]) -> Iterable[list[Tag]]:
    found = Tag.objects.filter(repository__in=repositories, kind=Tag.Kind.TAG)
    tags = list(found.only(*TAG_FIELDS).order_by("pk"))
    return (tags[at : at + TOGETHER] for at in range(0, len(tags), TOGETHER))


def _look(scan: Scan, part: "Pairs") -> None:
    unknown = [pair for pair in part if not pair[1].digest]
    stale = [pair for pair in part if pair[1].digest and index.old(pair[1].seen_at, FRESH)]
    _resolve(scan, unknown, stale)
    images(scan, {tag.digest: row.name for row, tag in part if tag.digest})


Pairs = list[tuple[Repository, Tag]]


def _resolve(scan: Scan, unknown: Pairs, stale: Pairs) -> None:
    """Unknown tags by GET, which tells digest and manifest at once; known ones by HEAD."""
    heads = reading.heads(scan, [(row.name, tag.name) for row, tag in stale])
    found = reading.read(scan, [(row.name, tag.name) for row, tag in unknown])
    index.keep_manifests(found.rows.values())
    answers = heads | found.digests
    index.keep_digests({tag: answers[row.name, tag.name] for row, tag in unknown + stale})


def _tags(client: Client, name: str) -> Names:
    try:
        return client.tags(name)
    except Missing:  # listed, and empty: distribution keeps the name (fact 48)
        return Names((), complete=True, pages=1)


def _parts(whole: list[P]) -> Iterable[list[P]]:
    return (whole[at : at + 500] for at in range(0, len(whole), 500))
