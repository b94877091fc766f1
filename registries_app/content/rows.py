"""The rows of a repository: one for each digest, with all its tags; filtered, sorted, paged."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import Invalid
from core.listing import Page, Term, parse, sort_field
from engine.reference import BadReference
from engine.reference import parse as parse_reference
from registries_app.models import Manifest, Registry, Repository, Tag
from registries_app.protocol.tags import Key, moves, natural, signed_digest
from registries_app.selectors import manifests_of, tags_of
from registries_app.usage import Use, seen_by, uses_of

COLUMNS = {"tag": "tag", "created": "created", "pushed": "pushed", "size": "size"}
FILTERS = {"tag", "digest"}
VERSION = re.compile(r"v?\d")
DIGEST_WORD = re.compile(r"(?<!\S)(sha(?:256|512):[0-9a-f]+)")  # its colon makes it no filter
SUFFIXES = {".sig": "signature", ".att": "attestation", ".sbom": "SBOM"}


@dataclass(slots=True)
class Row:
    """An image, or a tag of which nobody has looked yet what it stands for (`digest` "")."""

    digest: str
    tags: list[Tag] = field(default_factory=list)  # as they are shown: what stays, then moves
    marks: list[str] = field(default_factory=list)  # by tags of signatures: what belongs to it
    manifest: Manifest | None = None  # of the rows shown only
    used_by: list[Use] = field(default_factory=list)
    behind: list[Use] = field(default_factory=list)  # running, of its tag, but another image
    size: int | None = None
    created: datetime | None = None
    multi: bool = False

    @property
    def names(self) -> list[str]:
        return [tag.name for tag in self.tags]

    @property
    def pushed(self) -> datetime | None:
        return max((tag.pushed for tag in self.tags if tag.pushed), default=None)

    @property
    def error(self) -> str:
        return next((tag.error for tag in self.tags if tag.error), "")


STATES: dict[str, Callable[[Row], bool]] = {
    "used": lambda row: bool(row.used_by),
    "behind": lambda row: bool(row.behind),
    "multi": lambda row: row.multi,
    "signed": lambda row: bool(row.marks),
}


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for, checked."""

    q: str = ""
    state: str = ""
    sort: str = "tag"
    descending: bool = False
    terms: tuple[Term, ...] = ()


def read(params: Mapping[str, Any] | QueryDict, default: str = "tag") -> Query:
    """Raises Invalid, with the wrong field named."""
    state = str(params.get("state", ""))
    if state and state not in STATES:
        raise Invalid.field("state", _("One of %(names)s.") % {"names": ", ".join(STATES)})
    column, descending = sort_field(str(params.get("sort", "")), COLUMNS, default)
    words = str(params.get("q", ""))
    quoted = DIGEST_WORD.sub(r'"\1"', words)
    return Query(words, state, column, descending, tuple(parse(quoted, FILTERS)))


@dataclass(frozen=True, slots=True)
class Listing:
    """All rows that the words match, in order, and what stands over them."""

    query: Query
    found: list[Row]  # of every state
    rows: list[Row]  # of the state asked for
    tags: int  # of the whole repository, without those of signatures
    images: int  # digests known
    unknown: int  # tags of which nobody has looked yet what they stand for
    uses: list[Use]  # of the whole repository, on hosts that the reader sees
    states: dict[str, int]

    def shown(self, page: Page) -> list[Row]:
        return self.rows[page.start : page.stop]


def listing(user: User, repository: Repository, query: Query) -> Listing:
    """From what is written down: nobody is asked."""
    registry = repository.registry
    tags = list(tags_of(registry, repository.name))
    rows = _grouped(tags)
    facts = {each[0]: each[1:] for each in manifests_of(repository)}
    known = {row.digest: row for row in rows if row.digest}
    for digest, row in known.items():
        row.created, row.size, kind = facts.get(digest, (None, None, ""))
        row.multi = kind == "index"
    uses = used(user, registry, repository.name, known.values())
    found = [row for row in rows if _matches(row, query.terms)]
    counted = {name: sum(map(match, found)) for name, match in STATES.items()}
    chosen = [row for row in found if STATES[query.state](row)] if query.state else found
    return Listing(
        query=query,
        found=found,
        rows=_ordered(chosen, query),
        tags=sum(tag.kind == Tag.Kind.TAG for tag in tags),
        images=len(known),
        unknown=sum(not row.digest for row in rows),
        uses=uses,
        states={"all": len(found)} | counted,
    )


def describe(rows: Sequence[Row]) -> None:
    """Fill in all that is known of the images of these rows, which are shown."""
    kept = Manifest.objects.defer("raw", "config").in_bulk(
        [row.digest for row in rows if row.digest], field_name="digest"
    )
    for row in rows:
        row.manifest = kept.get(row.digest)


def used(user: User, registry: Registry, name: str, rows: Iterable[Row]) -> list[Use]:
    """Who uses these images, put to their rows; only what `user` may see."""
    by_digest = {row.digest: row for row in rows}
    by_reference = {
        f"{registry.domain}/{name}:{tag.name}": row
        for row in by_digest.values()
        for tag in row.tags
    }
    found = seen_by(user, uses_of(by_digest, by_reference))
    for use in found:
        row = by_digest.get(use.image_digest)
        if row:
            row.used_by.append(use)
        named = by_reference.get(full_of(use.reference))
        if named and use.running and use.image_digest and named.digest != use.image_digest:
            named.behind.append(use)
    return found


def full_of(reference: str) -> str:
    """docker.io/library/nginx:latest for nginx; "" for what names no image."""
    try:
        return str(parse_reference(reference).with_default_tag())
    except BadReference:
        return ""


def _grouped(tags: Iterable[Tag]) -> list[Row]:
    groups: dict[str, Row] = {}
    alone: list[Row] = []
    marks: defaultdict[str, list[str]] = defaultdict(list)
    for tag in tags:
        if tag.kind == Tag.Kind.SIGNATURE:
            suffix = tag.name[len("sha256-") + 64 :]
            marks[signed_digest(tag.name)].append(SUFFIXES.get(suffix, "referrers"))
        elif tag.digest:
            groups.setdefault(tag.digest, Row(tag.digest)).tags.append(tag)
        else:
            alone.append(Row("", [tag]))
    for digest, row in groups.items():
        ranks = {name: n for n, name in enumerate(told_order(row.names))}
        row.tags.sort(key=lambda tag: ranks[tag.name])
        row.marks = sorted(set(marks.get(digest, ())))
    return [*groups.values(), *alone]


def told_order(names: Iterable[str]) -> list[str]:
    """Tags of one image: what stays before what moves, versions before words."""
    found = sorted(names, key=natural, reverse=True)
    return sorted(found, key=lambda name: (moves(name), VERSION.match(name) is None))


def _matches(row: Row, terms: Iterable[Term]) -> bool:
    return all(_hit(row, term) != term.exclude for term in terms)


def _hit(row: Row, term: Term) -> bool:
    text = term.text.lower()
    by_digest = row.digest.startswith((text, f"sha256:{text}")) if row.digest else False
    if term.key == "digest":
        return by_digest
    by_name = any(text in tag.name.lower() for tag in row.tags)
    return by_name or (not term.key and by_digest)


def _ordered(rows: list[Row], query: Query) -> list[Row]:
    """By the column asked for, then by tag; what has no value there comes last either way."""
    if query.sort == "tag":
        return sorted(rows, key=_by_tag, reverse=query.descending)
    by_tag = sorted(rows, key=_by_tag, reverse=True)
    with_value = [row for row in by_tag if getattr(row, query.sort) is not None]
    without = [row for row in by_tag if getattr(row, query.sort) is None]
    with_value.sort(key=lambda row: getattr(row, query.sort), reverse=query.descending)
    return with_value + without


def _by_tag(row: Row) -> Key:
    return natural(row.tags[0].name)
