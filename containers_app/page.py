"""The list of containers as the template wants it: finished texts and addresses."""

import uuid
from typing import Any

from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts_app.models import Role, User
from containers_app.listing import Listing, group_key
from containers_app.prune import Prunable
from containers_app.rows import Row, look, rows_of, status_text
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
from hosts_app.selectors import ids_among

PATH = "/containers/"
ROWS_KEPT = 2500  # drawn, of 4 kB each: some fifty pages


def context(user: User, found: Listing, params: QueryDict) -> dict[str, Any]:
    """Everything that components/_listing.html shows."""
    hosts = found.hosts
    operated = ids_among(hosts, user, Role.OPERATOR)
    rows = rows_of(found.rows, operated)
    query = found.query
    prune_url = address("/containers/prune/", params, state="", group="", sort="")
    return {
        "groups": _groups(found, rows),
        "chips": _states(found, params),
        "chips_label": pgettext("of a container", "State"),
        "table_label": _("Containers"),
        "page": pager(PATH, params, found.page),
        "columns": _columns(found, params),
        "groupings": _groupings(query.group, params),
        "view_links": [{"url": prune_url, "icon": "trash-2", "label": _("Remove stopped ones…")}]
        if operated
        else [],
        "kept": kept(params, "state", "host", "group", "sort"),
        "q": query.q,
        "filter_error": "",
        "offline": banners(hosts, _offline_text),
        "empty": _empty(found, hosts),
        "can_run": bool(operated),
        "words": words(),
    }


def prune_context(found: list[Prunable], params: QueryDict) -> dict[str, Any]:
    """What containers_app/prune.html shows: each container that would go, and what that frees."""
    at = now()
    sizes = [each.size_bytes for each in found if each.size_bytes is not None]
    return {
        "items": [
            {
                "target": f"{each.container.host.slug}/{each.container.docker_id}",
                "name": each.container.name,
                "url": f"/h/{each.container.host.slug}/c/{each.container.name}/",
                "host": each.container.host.name,
                "image": each.container.image_ref,
                "glyph": look(each.container),
                "status": status_text(each.container, at),
                "size": "–" if each.size_bytes is None else filesizeformat(each.size_bytes),
            }
            for each in found
        ],
        "total": filesizeformat(sum(sizes)) if sizes else "",
        "key": uuid.uuid4().hex,
        "back": address(PATH, params),
    }


def words() -> dict[str, str]:
    return {
        "locked": _("Locked against removal"),
        "dismiss": _("Dismiss"),
        "newer": _("A newer image exists"),
    }


_drawn = drawer("containers_app/_row.html", words, kept=ROWS_KEPT)


def _groups(found: Listing, rows: list[Row]) -> list[dict[str, Any]]:
    if found.query.group == "none":
        return [{"key": "", "title": "", "html": _drawn(rows)}] if rows else []
    members: dict[tuple[str, str], list[Row]] = {}
    stale: set[tuple[str, str]] = set()
    for container, row in zip(found.rows, rows, strict=True):
        key = group_key(container, found.query.group)
        members.setdefault(key, []).append(row)
        if container.stale:
            stale.add(key)
    return [
        {
            "key": f"{group.key}@{group.host}",
            "title": group.key or _("No project"),
            "host": group.host,
            "logs": _logs_of(group.key, group.host) if found.query.group == "project" else "",
            "n": group.n,
            "up": group.up,
            "bad": group.bad,
            "offline": (group.key, group.host) in stale and found.query.group != "image",
            "html": _drawn(members.get((group.key, group.host), [])),
        }
        for group in found.groups
    ]


def _logs_of(project: str, host: str) -> str:
    """Where the lines of exactly that compose project come in one stream."""
    if not project or '"' in project + host:
        return ""
    return address("/logs/", QueryDict(), select=f'project:"={project}" host:"={host}"')


def _states(found: Listing, params: QueryDict) -> list[dict[str, Any]]:
    labels = {
        "": _("All"),
        "running": pgettext("container state", "Running"),
        "unhealthy": pgettext("container state", "Unhealthy"),
        "restarting": pgettext("container state", "Restarting"),
        "failed": pgettext("container state", "Failed"),
        "exited": pgettext("container state", "Exited"),
        "paused": pgettext("container state", "Paused"),
        "created": pgettext("container state", "Created"),
    }
    pressed, counts = found.query.state, found.states
    shown = {
        key: label
        for key, label in labels.items()
        if not key or key == pressed or counts[key] or key in {"running", "failed"}
    }
    return state_chips(
        shown,
        PATH,
        params,
        pressed=pressed,
        counts=counts,
        glyph=lambda key: "healthy" if key == "running" else key,
    )


def _columns(found: Listing, params: QueryDict) -> list[dict[str, str]]:
    labels = {
        "name": _("Name"),
        "state": pgettext("column", "State"),
        "host": _("Host"),
        "image": _("Image"),
        "ports": _("Ports"),
        "created": pgettext("column", "Created"),
    }
    query = found.query
    return column_heads(
        labels,
        PATH,
        params,
        sort=query.sort,
        descending=query.descending,
        fixed={"ports"},
        falling={"created"},
    )


def _groupings(current: str, params: QueryDict) -> list[dict[str, Any]]:
    labels = {
        "project": _("By project"),
        "host": _("By host"),
        "image": _("By image"),
        "none": _("No grouping"),
    }
    return grouping_choices(labels, PATH, params, current=current, usual="project")


def _offline_text(host: Host) -> str:
    n = host.containers.filter(gone=None).count()
    return ngettext(
        "%(host)s: %(state)s for %(age)s. Its %(n)d container shows the last known state.",
        "%(host)s: %(state)s for %(age)s. Its %(n)d containers show the last known state.",
        n,
    ) % {"n": n, **how_offline(host)}


def _empty(found: Listing, hosts: list[Host]) -> dict[str, Any] | None:
    """Why the list is empty, and the one thing to do about it."""
    if found.page.total:
        return None
    if not hosts:
        return no_hosts(_("Add the host that runs your containers, and they appear here."))
    if found.total_known:
        return no_match(_("No container matches this filter."), PATH)
    return {
        "icon": "box",
        "title": _("No containers yet"),
        "text": _("A container is a running copy of an image. Run one, and it appears here."),
        "action": _("Run a container"),
        "url": "/containers/new/",
        "primary": True,
    }
