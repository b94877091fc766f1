"""Images as a page draws them: every cell a finished string, so that templates stay plain."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.text import visible
from core.times import age
from images_app import newer
from images_app.models import Image
from images_app.selectors import Using, users_of
from jobs_app.models import Job
from jobs_app.selectors import told_of

NAMED_USERS = 2  # containers that a row names; it counts the others
LONGEST_TITLE = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list. Equal rows look the same, so what was drawn once can be kept."""

    pk: int
    id: str
    host: str
    label: str
    prefix: str
    name: str
    tag: str
    tags: tuple[str, ...]
    more_tags: tuple[str, ...]
    digest: str
    digests: str
    url: str
    cls: str
    glyph: str
    status: str
    size: str
    created: str
    busy: str
    stale: bool
    locked: bool
    dangling: bool
    newer: str
    can_operate: bool
    error: str
    error_job: int | None

    def patch(self) -> list[Any]:
        """What the socket sends when only the state changed."""
        return [self.pk, self.cls, self.glyph, self.status, self.busy, self.error]


def rows_of(images: Iterable[Image], operated: Collection[int]) -> list[Row]:
    """Rows for these images; `operated` are the hosts on which the reader is an operator."""
    found = list(images)
    hosts, ids = {each.host_id for each in found}, [each.docker_id for each in found]
    (busy, errors), users = told_of(hosts, ids), users_of(found)
    newest = newer.known({tag for each in found for tag in each.tags})
    at = now()
    return [
        _row(
            each,
            users.get(each.pk, []),
            busy.get((each.host_id, each.docker_id), ""),
            errors.get((each.host_id, each.docker_id)),
            at,
            operates=each.host_id in operated,
            news=newer.words(each.tags, newer.compared(each), newest),
        )
        for each in found
    ]


def _row(
    each: Image,
    users: list[Using],
    busy: str,
    failed: Job | None,
    at: datetime,
    *,
    operates: bool,
    news: str,
) -> Row:
    cls, glyph = ("busy", "busy") if busy else look(each, users)
    label = visible(each.label, LONGEST_TITLE)
    prefix, name, tag = parts_of(label)
    tags = tuple(visible(tag, LONGEST_TITLE) for tag in each.tags)
    return Row(
        pk=each.pk,
        id=each.docker_id,
        host=each.host.slug,
        label=label,
        prefix=prefix,
        name=name,
        tag=tag,
        tags=tags,
        more_tags=tags[1:],
        digest=short_digest(each),
        digests=visible("\n".join(each.digests), LONGEST_TITLE),
        url=f"/h/{each.host.slug}/i/{name_of(each)}/",
        cls=cls,
        glyph=glyph,
        status=busy_words().get(busy, busy) if busy else status_text(users),
        size=filesizeformat(each.size_bytes),
        created=age(each.created, at + each.host.clock_ahead),
        busy=busy,
        stale=each.stale,
        locked=any(user.locked for user in users),
        dangling=not each.tags,
        newer=news,
        can_operate=operates,
        error=failed.error if failed else "",
        error_job=failed.pk if failed else None,
    )


def name_of(each: Image) -> str:
    """How its address calls an image: by a tag where it has one, else by its id."""
    return str(each.tags[0]) if each.tags else each.short_id


def parts_of(reference: str) -> tuple[str, str, str]:
    """(registry and path, name, tag with its colon) of a name, for drawing: the outer are dim."""
    path, at_sign, digest = reference.partition("@")
    head, slash, last = path.rpartition("/")
    name, colon, tag = last.partition(":")
    return f"{head}{slash}", name, f"{colon}{tag}" + (f"{at_sign}{digest[:19]}" if digest else "")


def short_digest(each: Image) -> str:
    """The beginning of its first digest; "" for what never was in a registry."""
    digest = str(each.digests[0]).partition("@")[2] if each.digests else ""
    return digest[:19]


def look(each: Image, users: list[Using]) -> tuple[str, str]:
    """The class of a row and its glyph: in use by what runs, by what is stopped, or by nothing."""
    if each.stale:
        return "unknown", "unknown"
    if users:
        return "used", "running" if any(user.running for user in users) else "exited"
    return ("unused" if each.tags else "dangling"), "created"


def status_text(users: list[Using]) -> str:
    """ "web, db and 3 more": which containers use it, as the inventory knows."""
    if users:
        names = ", ".join(visible(user.name, 80) for user in users[:NAMED_USERS])
        more = len(users) - NAMED_USERS
        if more <= 0:
            return names
        text = ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more)
        return text % {"names": names, "n": more}
    return pgettext("of an image", "Unused")


def busy_words() -> dict[str, str]:
    """What a row says while a job for it is open."""
    return {"remove": _("Removing…"), "tag": _("Tagging…"), "untag": _("Untagging…")}
