"""What registries say that tags stand for now, and which images are older than that.

Nothing is said of an image without a digest of that repository (built here, say), nor of one that
came after its registry was last asked: both cannot be compared.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from core.times import age
from engine.reference import BadReference, Reference, parse
from images_app.models import Image, Newest
from registries_app.protocol.failures import RegistryFailed

FRESH = timedelta(seconds=60)  # what was asked so lately is not asked again
LONGEST = 400  # characters of a reference that is kept
TOGETHER = 500  # rows of one statement


@dataclass(frozen=True, slots=True)
class Compared:
    """The part of an image that is compared: what it is called, and since when."""

    digests: tuple[str, ...]
    since: datetime


def tags_among(references: Iterable[str]) -> dict[str, Reference]:
    """How engines write it → what is asked for; what is no name with a tag is left out."""
    found = {}
    for text in references:
        try:
            reference = parse(text)
        except BadReference:
            continue
        if not reference.digest:
            tagged = reference.with_default_tag()
            found[tagged.familiar] = tagged
    return {text: each for text, each in found.items() if len(text) <= LONGEST}


def tag_of(reference: str) -> str:
    """How engines write the tag that this names; "" where it names none."""
    return next(iter(tags_among([reference])), "")


def compared_images(pks: Iterable[int | None]) -> dict[int | None, Compared]:
    """Of these images, in one query."""
    rows = Image.objects.filter(pk__in={pk for pk in pks if pk})
    found = rows.values_list("pk", "digests", "since")
    return {pk: Compared(tuple(digests), since) for pk, digests, since in found}


def known(references: Collection[str]) -> dict[str, Newest]:
    """What was learnt of these tags, where anything was; in one query."""
    rows = Newest.objects.filter(reference__in=references).exclude(checked=None)
    return {row.reference: row for row in rows} if references else {}


def is_newer(newest: Newest | None, image: Compared) -> bool:
    """Whether its registry has another image by this tag than this one."""
    if newest is None or newest.checked is None or newest.checked < image.since:
        return False
    repository = newest.reference.rpartition(":")[0]
    mine = {
        digest
        for name, at_sign, digest in (each.partition("@") for each in image.digests)
        if at_sign and name == repository
    }
    return bool(mine) and newest.digest not in mine


def compared(image: Image) -> Compared:
    return Compared(tuple(image.digests), image.since)


def words(references: Iterable[str], image: Compared, found: Mapping[str, Newest]) -> str:
    """What a mark says: for each tag, that there is a newer one, and how old that news is."""
    if not found:
        return ""
    at = now()
    newer = [each for each in references if is_newer(found.get(each), image)]
    text = _("Its registry has a newer %(name)s (looked %(age)s ago)")
    return "\n".join(text % {"name": each, "age": age(found[each].checked, at)} for each in newer)


def outdated(images: Iterable[tuple[int, list[str], list[str], datetime]]) -> Q:
    """Of these (key, tags, digests, since), those of which a newer one is known."""
    rows = list(images)
    found = {row.reference: row for row in Newest.objects.exclude(checked=None).exclude(digest="")}
    pks = [
        pk
        for pk, tags, digests, since in rows
        if any(is_newer(found.get(tag), Compared(tuple(digests), since)) for tag in tags)
    ]
    return Q(pk__in=pks)


def unasked(references: Collection[str]) -> list[str]:
    """Of these, those that no registry was asked for a moment ago, in order."""
    lately = set(
        Newest.objects.filter(tried__gt=now() - FRESH).values_list("reference", flat=True)
    )
    return sorted(set(references) - lately)


def keep(answers: Mapping[str, str | RegistryFailed]) -> None:
    """Write down what each tag stands for; an error leaves what was known, with its age."""
    at = now()
    rows = {row.reference: row for row in Newest.objects.filter(reference__in=list(answers))}
    new: list[Newest] = []
    old: list[Newest] = []
    for reference, answer in answers.items():
        row = rows.get(reference)
        (old if row else new).append(row := row or Newest(reference=reference))
        row.tried = at
        if isinstance(answer, RegistryFailed):
            row.error = answer.message[:400]
        else:
            row.digest, row.checked, row.error = answer, at, ""
    Newest.objects.bulk_create(new, batch_size=TOGETHER, ignore_conflicts=True)
    fields = ["digest", "checked", "tried", "error"]
    Newest.objects.bulk_update(old, fields, batch_size=TOGETHER)
