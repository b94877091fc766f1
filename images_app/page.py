"""The list of images as the template wants it: finished texts and addresses."""

from typing import Any

from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts_app.models import Role, User
from core.listing import (
    address,
    column_heads,
    drawer,
    grouping_choices,
    kept,
    no_match,
    pager,
    state_chips,
)
from hosts_app.models import Host
from hosts_app.offline import banners, how_offline, no_hosts
from hosts_app.selectors import host_ids
from images_app.listing import Listing
from images_app.rows import Row, rows_of

PATH = "/images/"
ROWS_KEPT = 2500  # drawn, of 3 kB each: some fifty pages


def context(user: User, found: Listing, params: QueryDict) -> dict[str, Any]:
    """Everything that components/_listing.html shows."""
    operated = host_ids(user, Role.OPERATOR)
    rows = rows_of(found.rows, operated)
    prune_url = address(f"{PATH}prune/", params, state="", group="", sort="")
    links = [
        {"verb": "newer", "icon": "refresh-cw", "label": _("Look for newer images")},
        {"url": prune_url, "icon": "trash-2", "label": _("Remove unused ones…")},
    ]
    return {
        "groups": _groups(found, rows),
        "chips": _states(found, params),
        "chips_label": _("Use"),
        "table_label": _("Images"),
        "page": pager(PATH, params, found.page),
        "columns": _columns(found, params),
        "groupings": _groupings(found.query.group, params),
        "view_links": links if operated else [],
        "kept": kept(params, "state", "host", "group", "sort"),
        "q": found.query.q,
        "filter_error": "",
        "offline": banners(found.hosts, _offline_text),
        "empty": _empty(found, can_pull=bool(operated)),
        "can_operate": bool(operated),
        "ways": _ways() if operated else [],
        "words": words(),
    }


def words() -> dict[str, str]:
    return {
        "locked": _("Used by a container that is locked against removal"),
        "dismiss": _("Dismiss"),
        "no_tag": _("No tag"),
        "newer": _("A newer one exists"),
    }


_drawn = drawer("images_app/_row.html", words, kept=ROWS_KEPT)


def _groups(found: Listing, rows: list[Row]) -> list[dict[str, Any]]:
    if not found.groups:
        return [{"key": "", "title": "", "html": _drawn(rows)}] if rows else []
    members: dict[int, list[Row]] = {}
    for image, row in zip(found.rows, rows, strict=True):
        members.setdefault(image.host_id, []).append(row)
    hosts = {host.pk: host for host in found.hosts}
    return [
        {
            "key": hosts[pk].slug,
            "title": hosts[pk].name,
            "note": _size_of(*found.groups[pk]),
            "offline": not hosts[pk].answering,
            "html": _drawn(drawn),
        }
        for pk, drawn in members.items()
    ]


def _size_of(count: int, size: int) -> str:
    text = ngettext("%(n)d image · %(size)s", "%(n)d images · %(size)s", count)
    return text % {"n": count, "size": filesizeformat(size)}


def _states(found: Listing, params: QueryDict) -> list[dict[str, Any]]:
    labels = {
        "": _("All"),
        "used": pgettext("of images", "In use"),
        "unused": pgettext("of images", "Unused"),
        "dangling": pgettext("of images", "No tag"),
    }
    return state_chips(
        labels,
        PATH,
        params,
        pressed=found.query.state,
        counts=found.states,
        glyph=lambda key: {"used": "running", "unused": "created"}.get(key, ""),
    )


def _columns(found: Listing, params: QueryDict) -> list[dict[str, str]]:
    labels = {
        "name": _("Name"),
        "used": _("Used by"),
        "host": _("Host"),
        "digest": _("Digest"),
        "size": _("Size"),
        "created": pgettext("column", "Created"),
    }
    query = found.query
    return column_heads(
        labels,
        PATH,
        params,
        sort=query.sort,
        descending=query.descending,
        fixed={"used", "digest"},
        falling={"size", "created"},
    )


def _groupings(current: str, params: QueryDict) -> list[dict[str, Any]]:
    labels = {"none": _("No grouping"), "host": _("By host")}
    return grouping_choices(labels, PATH, params, current=current, usual="none")


def _ways() -> list[dict[str, str]]:
    """Verbs of one image that have a page of their own."""
    wanted = (
        ("run", _("Run from here"), "play", "containers:new"),
        ("push", _("Push…"), "upload", "images:push"),
        ("distribute", _("Send to hosts…"), "server", "images:distribute"),
        ("save", _("Save to a file…"), "download", "images:save"),
    )
    ways = []
    for verb, label, icon, view in wanted:
        try:
            ways.append({"do": verb, "label": label, "icon": icon, "url": reverse(view)})
        except NoReverseMatch:
            continue
    return ways


def _offline_text(host: Host) -> str:
    n = host.images.count()
    return ngettext(
        "%(host)s: %(state)s for %(age)s. Its %(n)d image is shown as last known.",
        "%(host)s: %(state)s for %(age)s. Its %(n)d images are shown as last known.",
        n,
    ) % {"n": n, **how_offline(host)}


def _empty(found: Listing, *, can_pull: bool) -> dict[str, Any] | None:
    """Why the list is empty, and the one thing to do about it."""
    if found.page.total:
        return None
    if not found.hosts:
        return no_hosts(_("Add a host with an engine, and its images appear here."))
    if found.total_known:
        return no_match(_("No image matches this filter."), PATH)
    empty = {
        "icon": "image",
        "title": _("No images yet"),
        "text": _("Containers are made from images. Pull one, and it appears here."),
    }
    pull = {"action": _("Pull an image"), "url": "/images/pull/", "primary": True}
    return empty | (pull if can_pull else {})
