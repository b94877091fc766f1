"""What the palette finds in registries, as far as they were read: repositories, tags, digests."""

from functools import reduce

from django.db.models import F, Q, Value
from django.db.models.functions import Concat
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts_app.models import User
from registries_app.finding.finding import HEX
from registries_app.models import Repository, Tag
from registries_app.selectors import registries_for

MOST = 7  # of repositories, and of tags: as many as the palette shows of a group
SHORTEST = 2  # letters; one alone is in every name


def entries(user: User, words: str) -> list[dict[str, str]]:
    """Repositories, then images by tag or digest, with every word; the last leads to all."""
    parts = words.lower().split()
    if not parts or max(map(len, parts)) < SHORTEST or not registries_for(user).exists():
        return []
    found = _repositories(parts) + _tags(parts)
    return [*found[: MOST + 2], _everywhere(words)] if found else []


def _repositories(parts: list[str]) -> list[dict[str, str]]:
    rows = Repository.objects.filter(Q(listed=True) | Q(pinned=True)).select_related("registry")
    for part in parts:
        rows = rows.filter(Q(name__icontains=part) | Q(registry__domain__icontains=part))
    return [
        _entry(row.name, row.registry.name, f"/registries/{row.registry.slug}/{row.name}/")
        for row in rows.order_by("-pinned", "name")[:MOST]
    ]


def _tags(parts: list[str]) -> list[dict[str, str]]:
    """By its digest's beginning, or by words of which one at least is in the tag itself."""
    digest = HEX.fullmatch(parts[0])
    rows = Tag.objects.filter(kind=Tag.Kind.TAG).select_related("repository__registry")
    if digest and len(parts) == 1:
        named = Q(digest__startswith=f"sha256:{digest[1]}") | Q(name__icontains=parts[0])
        rows = rows.filter(named)
    else:
        whole = Concat(F("repository__name"), Value(":"), F("name"))
        rows = rows.annotate(whole=whole)
        rows = rows.filter(*(Q(whole__icontains=part) for part in parts))
        in_tag = (Q(name__icontains=part.rpartition(":")[2]) for part in parts)
        rows = rows.filter(reduce(Q.__or__, in_tag))
    return [_image(row) for row in rows.order_by("repository__name", "name")[:MOST]]


def _image(row: Tag) -> dict[str, str]:
    registry, name = row.repository.registry, row.repository.name
    tail = f"-/{row.digest or row.name}/"
    return _entry(
        f"{name}:{row.name}", registry.name, f"/registries/{registry.slug}/{name}/{tail}"
    )


def _entry(label: str, hint: str, url: str) -> dict[str, str]:
    return {"kind": "repository", "label": label, "hint": hint, "glyph": "created", "url": url}


def _everywhere(words: str) -> dict[str, str]:
    return {
        "kind": "page",
        "label": _("Search registries and hosts for “%(words)s”") % {"words": words},
        "hint": "",
        "glyph": "created",
        "url": f"/registries/-/search/?{urlencode({'q': words})}",
    }
