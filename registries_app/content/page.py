"""Repositories, and the images of one, as their pages show them: finished texts and addresses."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts_app.models import Role, User
from core.bars import segments
from core.listing import Page, address, column_heads, kept, pager
from core.text import visible
from core.times import age
from hosts_app.selectors import host_ids
from registries_app.content.rows import STATES, Listing, Row
from registries_app.models import Index, Registry, Repository
from registries_app.protocol.tags import Branch, moves, tree
from registries_app.rows import budget_row
from registries_app.usage import Use

MOST_NAMES = 500  # repositories in the list beside the page; beyond it one has to look for them
OPEN_UNTIL = 60  # names: longer trees are drawn folded
PRINTED = 12  # digits of a digest
MOST_REMOVED = 100  # tags of one image that its menu offers to remove
MOST_TAGS = 8  # of one image in its row; its own page has them all
NOTES = ("signature", "attestation", "SBOM", "provenance", "referrers")


def short(digest: str) -> str:
    algorithm, _colon, digits = digest.partition(":")
    return f"{algorithm}:{digits[:PRINTED]}"


def repository_url(registry: Registry, name: str) -> str:
    return f"/registries/{registry.slug}/{name}/"


def image_url(registry: Registry, name: str, reference: str) -> str:
    return f"{repository_url(registry, name)}-/{quote(reference, safe=':')}/"


def pull_name(registry: Registry, name: str, reference: str = "") -> str:
    """As it is pulled; an image of a registry under a path cannot be."""
    familiar = name.removeprefix("library/") if registry.domain == "docker.io" else ""
    whole = familiar or f"{registry.domain}/{name}"
    mark = "@" if ":" in reference else ":"
    return f"{whole}{mark}{reference}" if reference else whole


# -- The list of repositories -------------------------------------------------------------------


def repositories(
    registry: Registry, found: QuerySet[Repository], params: QueryDict, index: Index
) -> dict[str, Any]:
    """The left side: a tree of the names that match."""
    words, at = params.get("find", ""), params.get("at", "")
    hide = params.get("hide") == "1"
    rows = found
    for word in words.split():
        rows = rows.filter(name__icontains=word)
    empty = rows.filter(tag_count=0).count()
    if hide:
        rows = rows.exclude(tag_count=0)
    total = rows.count()
    shown = list(rows.order_by("-pinned", "name")[:MOST_NAMES])
    by_name = {row.name: row for row in shown}
    pinned = [_line(registry, row, at, whole=True) for row in shown if row.pinned]
    root = tree(sorted(name for name, row in by_name.items() if not row.pinned))
    unfolded = total <= OPEN_UNTIL or bool(words)
    return {
        "pinned": pinned,
        "root": _branch(registry, root, by_name, at, unfolded=unfolded),
        "find": words,
        "hide": hide,
        "empty_count": empty,
        "total": total,
        "more": max(0, total - MOST_NAMES),
        "at": at,
        "index": index,
        "as_of": index.named_at,
        "uncounted": any(row.scanned_at is None and not row.error for row in shown),
    }


def hits(registry: Registry, found: Mapping[str, str]) -> list[dict[str, Any]]:
    """Repositories that are not in the list, but that Docker Hub finds."""
    rows = [Repository(registry=registry, name=name, about=about) for name, about in found.items()]
    return [_line(registry, row, "", whole=True) for row in rows[:100]]


def _branch(
    registry: Registry, branch: Branch, rows: dict[str, Repository], at: str, *, unfolded: bool
) -> dict[str, Any]:
    inside = branch.name.rpartition("/")[0]
    while not branch.names and len(branch.branches) == 1 and branch.name:  # a/b/ in one step
        branch = next(iter(branch.branches.values()))
    return {
        "name": branch.name.removeprefix(f"{inside}/") if inside else branch.name,
        "count": branch.count,
        "open": unfolded or at.startswith(f"{branch.name}/"),
        "branches": [
            _branch(registry, each, rows, at, unfolded=unfolded)
            for each in sorted(branch.branches.values(), key=lambda each: each.name)
        ],
        "lines": [_line(registry, rows[name], at) for name in branch.names],
    }


def _line(registry: Registry, row: Repository, at: str, *, whole: bool = False) -> dict[str, Any]:
    path, slash, name = row.name.rpartition("/")
    return {
        "path": f"{path}{slash}" if whole else "",
        "name": name,
        "full": row.name,
        "url": repository_url(registry, row.name),
        "about": visible(row.about, 120),
        "count": row.tag_count,
        "partial": not row.complete,
        "error": row.error,
        "empty": row.tag_count == 0,
        "current": row.name == at,
        "pinned": row.pinned,
    }


# -- The page of a repository -------------------------------------------------------------------


def head(user: User, registry: Registry, name: str, row: Repository | None) -> dict[str, Any]:
    path, slash, last = name.rpartition("/")
    return {
        "registry": registry,
        "repository": row,
        "name": name,
        "path": f"{path}{slash}",
        "last": last,
        "url": repository_url(registry, name),
        "pinned": bool(row and row.pinned),
        "can_pin": user.may_everywhere(Role.OPERATOR),
        "can_pull": bool(host_ids(user, Role.OPERATOR)),
        "budget": budget_row(registry),
    }


def images(
    registry: Registry, name: str, found: Listing, page: Page, shown: list[Row], params: QueryDict
) -> dict[str, Any]:
    """The table of a repository, and what stands over it."""
    path = repository_url(registry, name)
    query = found.query
    first = next((tag for row in found.found for tag in row.names if tag == "latest"), "")
    first = first or next((row.names[0] for row in found.found), "")
    return {
        "rows": [_row(registry, name, row) for row in shown],
        "page": pager(path, params, page),
        "columns": column_heads(
            {
                "tag": _("Tags"), "digest": _("Digest"), "platforms": _("Platforms"),
                "size": _("Size"), "created": _("Created"), "used": _("Used by"),
            },
            path,
            params,
            sort=query.sort,
            descending=query.descending,
            fixed={"digest", "platforms", "used"},
            falling={"tag", "size", "created"},
        ),
        "sorts": _sorts(path, params, found),
        "chips": _chips(path, params, found),
        "q": query.q,
        "kept": kept(params, "state", "sort"),
        "pull": pull_name(registry, name, first),
        "facts": _facts(found),
        "uses_text": in_use(found.uses),
        "path_url": path,
        "clear_url": address(path, params, q="", state=""),
        "filtered": bool(query.q or query.state),
    }  # fmt: skip


def _facts(found: Listing) -> list[str]:
    facts = [
        ngettext("%(n)d tag", "%(n)d tags", found.tags) % {"n": found.tags},
        ngettext("%(n)d image", "%(n)d images", found.images) % {"n": found.images},
    ]
    if found.unknown:
        text = ngettext(
            "%(n)d tag not looked at yet", "%(n)d tags not looked at yet", found.unknown
        )
        facts.append(text % {"n": found.unknown})
    newest = max((row.created for row in found.found if row.created), default=None)
    if newest:
        facts.append(_("newest made %(age)s ago") % {"age": age(newest, now())})
    pushed = max((row.pushed for row in found.found if row.pushed), default=None)
    if pushed:
        facts.append(_("last push %(age)s ago") % {"age": age(pushed, now())})
    return facts


def _sorts(path: str, params: QueryDict, found: Listing) -> list[dict[str, Any]]:
    current = f"{'-' if found.query.descending else ''}{found.query.sort}"
    labels = {
        "-tag": _("Highest version first"), "tag": _("Lowest version first"),
        "-created": _("Newest first"), "created": _("Oldest first"),
        "-pushed": _("Last pushed first"), "-size": _("Largest first"),
    }  # fmt: skip
    if not any(row.pushed for row in found.found):
        labels.pop("-pushed")
    return [
        {"label": label, "url": address(path, params, sort=key), "current": key == current}
        for key, label in labels.items()
    ]


def _chips(path: str, params: QueryDict, found: Listing) -> list[dict[str, Any]]:
    labels = {
        "": _("All"), "used": _("In use"), "behind": _("Behind their tag"),
        "multi": _("Multi-platform"), "signed": _("Signed"),
    }  # fmt: skip
    return [
        {
            "key": key or "all",
            "label": label,
            "n": found.states[key or "all"],
            "url": address(path, params, state=key),
            "pressed": found.query.state == key,
        }
        for key, label in labels.items()
        if key in {"", *STATES}
    ]


def _row(registry: Registry, name: str, row: Row) -> dict[str, Any]:
    found = row.manifest
    platforms = found.platforms if found else []
    marks = list(row.marks)
    for each in found.attestations if found else []:
        marks += [mark for mark in each["names"] if mark not in marks]
    reference = row.digest or row.names[0]
    return {
        "digest": row.digest,
        "short": short(row.digest) if row.digest else "",
        "tags": [{"name": tag, "moves": moves(tag)} for tag in row.names[:MOST_TAGS]],
        "more_tags": max(0, len(row.names) - MOST_TAGS),
        "tag_query": urlencode([("tag", tag) for tag in row.names[:MOST_REMOVED]]),
        "title": row.names[0],
        "url": image_url(registry, name, reference),
        "marks": [mark_name(mark) for mark in marks],
        "kind": found.kind if found else "",
        "artifact": visible(found.artifact, 80) if found and found.kind == "artifact" else "",
        "platforms": [_platform_line(registry, name, each) for each in platforms],
        "names": platform_names(platforms),
        "size": filesizeformat(row.size) if row.size else "",
        "created": row.created,
        "age": age(row.created, now()) if row.created else "",
        "pushed": age(row.pushed, now()) if row.pushed else "",
        "labels": notable(found.labels if found else {}),
        "used": in_use(row.used_by),
        "behind": _behind(row.behind),
        "uses": [use_line(use) for use in row.used_by[:20]],
        "late": [use_line(use) for use in row.behind[:20]],
        "error": visible(row.error, 300),
        "looked": bool(found),
        "attested": [_attested(registry, name, each) for each in found.attestations]
        if found
        else [],
    }


def _attested(registry: Registry, name: str, each: dict[str, Any]) -> dict[str, str]:
    """A statement about one of its platforms: which, and where it is read."""
    return {
        "names": ", ".join(mark_name(mark) for mark in each["names"]),
        "of": each["of"],
        "url": image_url(registry, name, each["digest"]),
    }


def platform_names(platforms: Iterable[dict[str, Any]]) -> list[str]:
    """linux/ and arm64's only variant go without saying; each once, however many entries."""
    names = [each["platform"].removeprefix("linux/") for each in platforms if each["platform"]]
    return list(dict.fromkeys("arm64" if name == "arm64/v8" else name for name in names))


def _platform_line(registry: Registry, name: str, each: dict[str, Any]) -> dict[str, Any]:
    layers = [(n, size, short(digest)) for n, (digest, size) in enumerate(each["layers"], 1)]
    return {
        "platform": visible(each["platform"] or _("unknown platform"), 100),
        "digest": each["digest"],
        "short": short(each["digest"]),
        "size": filesizeformat(each["size"]) if each["size"] is not None else "",
        "bar": segments(layers),
        "missing": each["missing"],
        "url": image_url(registry, name, each["digest"]),
    }


def notable(labels: dict[str, str]) -> list[tuple[str, str]]:
    """What people look for first: version, revision, source, title."""
    names = ("version", "revision", "source", "title")
    found = [(key, labels.get(f"org.opencontainers.image.{key}", "")) for key in names]
    return [(key, visible(value, 120)) for key, value in found if value]


def mark_name(mark: str) -> str:
    """Signatures and statements by a word that a reader knows."""
    words = {
        "signature": _("signature"),
        "attestation": _("attestation"),
        "SBOM": _("SBOM"),
        "provenance": _("provenance"),
        "referrers": _("referrers"),
        "Helm chart": _("Helm chart"),
        "scan report": _("scan report"),
    }
    return words.get(mark, visible(mark, 80))


def in_use(uses: Iterable[Use]) -> str:
    """3 containers on 2 hosts; "" for none."""
    known = list(uses)
    if not known:
        return ""
    hosts = len({use.host.pk for use in known})
    containers = ngettext("%(n)d container", "%(n)d containers", len(known)) % {"n": len(known)}
    places = ngettext("%(n)d host", "%(n)d hosts", hosts) % {"n": hosts}
    return _("%(containers)s · %(hosts)s") % {"containers": containers, "hosts": places}


def _behind(uses: list[Use]) -> str:
    if not uses:
        return ""
    text = ngettext("%(n)d running is behind", "%(n)d running are behind", len(uses))
    return text % {"n": len(uses)}


def use_line(use: Use) -> dict[str, Any]:
    return {
        "name": use.container_name,
        "host": use.host.name,
        "url": use.page,
        "running": use.running,
        "reference": visible(use.reference, 300),
        "digest": short(use.image_digest) if use.image_digest else "",
    }


def way(view: str, **said: str) -> str:
    """The address of another part's page, with these parameters; "" where it is not built."""
    try:
        return f"{reverse(view)}?{urlencode(said)}"
    except NoReverseMatch:
        return ""


def told(at: datetime | None) -> str:
    return age(at, now()) if at else ""
