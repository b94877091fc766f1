"""What is written down of a registry: its repositories, their tags, and what these stand for.

Nothing here asks anybody: `looking` does, and hands over what it heard.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.timezone import now

from registries_app.models import Index, Manifest, Registry, Repository, Tag
from registries_app.protocol.answers import Names
from registries_app.protocol.failures import RegistryFailed
from registries_app.protocol.tags import is_signature

AT_ONCE = 500  # rows of one statement
MANIFEST_FIELDS = [
    "kind", "media_type", "size", "created", "platforms", "attestations", "labels", "artifact",
    "subject", "complete", "raw", "config", "read_at",
]  # fmt: skip
CLAIM = timedelta(minutes=10)  # a look that went on longer has died


def index_of(registry: Registry) -> Index:
    return Index.objects.get_or_create(registry=registry)[0]


class NoLonger(Exception):
    """The registry was forgotten, or somebody else looks at it now."""


def busy() -> bool:
    """Whether anybody looks at the whole of any registry."""
    return Index.objects.filter(begun_at__gte=now() - CLAIM).exists()


def claim(registry: Registry) -> datetime | None:
    """When this look at the whole registry began; None where another one is going on."""
    index, at = index_of(registry), now()
    free = Q(begun_at=None) | Q(begun_at__lt=at - CLAIM)
    return at if Index.objects.filter(free, pk=index.pk).update(begun_at=at) else None


def is_claimed(registry: Registry, at: datetime) -> bool:
    return Index.objects.filter(registry=registry, begun_at=at).exists()


def unclaim(registry: Registry, at: datetime) -> None:
    """Nobody will do the look that was claimed at that moment."""
    Index.objects.filter(registry=registry, begun_at=at).update(begun_at=None)


def still(registry: Registry) -> None:
    """The look goes on. Raises NoLonger."""
    if not Index.objects.filter(registry=registry).update(begun_at=now()):
        raise NoLonger


def done(registry: Registry, *, whole: bool) -> None:
    """The look ended; `whole` where every tag was looked at."""
    values = {"indexed_at": now(), "failures": 0, "retry_at": None} if whole else {}
    Index.objects.filter(registry=registry).update(begun_at=None, **values)


def failed(registry: Registry, pause: timedelta) -> None:
    """It ended early; nothing looks by itself before the pause is over."""
    Index.objects.filter(registry=registry).update(
        begun_at=None, retry_at=now() + pause, failures=F("failures") + 1
    )


@transaction.atomic
def keep_names(registry: Registry, names: Names, about: Mapping[str, str] | None = None) -> None:
    """These are its repositories; those that it no longer lists and nobody pinned are forgotten.

    Where not all names came, none is forgotten.
    """
    about = about or {}
    known = {row.name: row for row in Repository.objects.filter(registry=registry)}
    listed = set(names.names)
    new = [
        Repository(registry=registry, name=name, listed=True, about=about.get(name, "")[:300])
        for name in names.names
        if name not in known
    ]
    Repository.objects.bulk_create(new, batch_size=AT_ONCE, ignore_conflicts=True)
    _flag([row.pk for row in known.values() if row.name in listed and not row.listed], listed=True)
    if names.complete:
        gone = [row for row in known.values() if row.listed and row.name not in listed]
        _flag([row.pk for row in gone if row.pinned], listed=False)
        forgotten = [row.pk for row in gone if not row.pinned]
        for part in _parts(forgotten):
            Repository.objects.filter(pk__in=part).delete()
    for row in known.values():
        if row.name in about and row.about != about[row.name][:300]:
            Repository.objects.filter(pk=row.pk).update(about=about[row.name][:300])
    Index.objects.update_or_create(
        registry=registry,
        defaults={"named_at": now(), "complete": names.complete, "error": "", "code": ""},
    )


def keep_no_names(registry: Registry, error: RegistryFailed) -> None:
    """Why they could not be read; what was known stays."""
    Index.objects.update_or_create(
        registry=registry, defaults={"error": error.message, "code": error.code}
    )


def repository(registry: Registry, name: str) -> Repository:
    return Repository.objects.get_or_create(registry=registry, name=name)[0]


@transaction.atomic
def keep_tags(found: Mapping[Repository, Names | RegistryFailed]) -> None:
    """The names of the tags of several repositories, read just now, in few statements."""
    at = now()
    read = {row.pk: names for row, names in found.items() if isinstance(names, Names)}
    known: dict[int, dict[str, int]] = {pk: {} for pk in read}
    for part in _parts(read):
        rows = Tag.objects.filter(repository__in=part).values_list("repository_id", "name", "pk")
        for pk, name, tag in rows:
            known[pk][name] = tag
    new = [
        Tag(repository_id=pk, name=name, kind=_kind(name))
        for pk, names in read.items()
        for name in names.names
        if name not in known[pk]
    ]
    Tag.objects.bulk_create(new, batch_size=AT_ONCE, ignore_conflicts=True)
    gone = [
        tag
        for pk, names in read.items()
        if names.complete
        for tag in (known[pk][name] for name in known[pk].keys() - set(names.names))
    ]
    for part in _parts(gone):
        Tag.objects.filter(pk__in=part).delete()
    changed = []
    for row, names in found.items():
        if isinstance(names, Names):
            row.tag_count = sum(not is_signature(name) for name in names.names)
            row.complete, row.scanned_at, row.error = names.complete, at, ""
        else:
            row.error = names.message
        changed.append(row)
    fields = ["tag_count", "complete", "scanned_at", "error"]
    Repository.objects.bulk_update(changed, fields, batch_size=200)


@transaction.atomic
def keep_digests(tags: Mapping[Tag, str | RegistryFailed]) -> None:
    """What these tags stand for, looked at just now."""
    at = now()
    same: list[int] = []
    changed: list[Tag] = []
    for tag, digest in tags.items():
        if isinstance(digest, str) and digest == tag.digest and not tag.error:
            same.append(tag.pk)
        else:
            if isinstance(digest, str):
                tag.digest, tag.error = digest, ""
            else:
                tag.error = digest.message[:400]
            tag.seen_at = at
            changed.append(tag)
    for part in _parts(same):
        Tag.objects.filter(pk__in=part).update(seen_at=at)
    if changed:
        moment = connection.ops.adapt_datetimefield_value(at)
        with connection.cursor() as cursor:  # a third of what bulk_update costs
            cursor.executemany(
                "UPDATE registries_app_tag SET digest = %s, error = %s, seen_at = %s"
                " WHERE id = %s",
                [(tag.digest, tag.error, moment, tag.pk) for tag in changed],
            )


def keep_pushed(tags: Iterable[Tag]) -> None:
    Tag.objects.bulk_update(tags, ["pushed"], batch_size=200)


def keep_manifests(rows: Iterable[Manifest]) -> None:
    """Manifests just read; of one that was known, what it lacked is filled in."""
    Manifest.objects.bulk_create(
        rows,
        batch_size=100,
        update_conflicts=True,
        unique_fields=["digest"],
        update_fields=MANIFEST_FIELDS,
    )


def pin(registry: Registry, name: str, *, pinned: bool) -> None:
    Repository.objects.update_or_create(
        registry=registry,
        name=name,
        defaults={"pinned": pinned},
        create_defaults={"pinned": pinned},
    )


def old(at: datetime | None, age: timedelta) -> bool:
    return at is None or at < now() - age


def _kind(name: str) -> str:
    return Tag.Kind.SIGNATURE if is_signature(name) else Tag.Kind.TAG


def _flag(pks: Collection[int], *, listed: bool) -> None:
    for part in _parts(pks):
        Repository.objects.filter(pk__in=part).update(listed=listed)


def _parts(pks: Collection[int]) -> Iterable[list[int]]:
    whole = list(pks)
    return (whole[at : at + AT_ONCE] for at in range(0, len(whole), AT_ONCE))
