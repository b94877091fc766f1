"""The head of a container's pages: state, verbs, ports as links, tabs."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts_app.models import Role, User
from containers_app.models import Container
from containers_app.rows import rows_of
from containers_app.selectors import successor_of
from core.times import age
from hosts_app.selectors import host_ids

SECURE = {443, 6443, 8443, 9443}  # container ports that speak TLS by custom


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port as text; `url` where a browser of anybody could reach it."""

    text: str
    url: str


def context(user: User, container: Container, tab: str, *, partial: bool) -> dict[str, Any]:
    """What containers_app/object.html shows around the body of each tab.

    `partial`: only what a script puts in place of the old.
    """
    shell = "object_partial.html" if partial else "object.html"
    return {
        "shell": f"containers_app/{shell}",
        "object": rows_of([container], host_ids(user, Role.OPERATOR))[0],
        "host": container.host,
        "image_url": f"/h/{container.host.slug}/i/{container.image_id}/"
        if container.image_row_id
        else "",
        "ports": ports_of(container),
        "reveal_url": reverse(
            "containers:reveal", args=[container.host.slug, container.docker_id]
        ),
        "can_administer": container.host_id in host_ids(user, Role.ADMINISTRATOR),
        "locked_by": container.locked_by.username if container.locked_by else "",
        "object_tabs": _tabs(container, tab),
        "tab": tab,
        "as_of": container.host.as_of,
    }


def gone_context(user: User, gone: Container) -> dict[str, Any]:
    """What containers_app/gone.html says of a container that is no more (R15, R16)."""
    assert gone.gone, "a tombstone knows when"
    successor = successor_of(user, gone)
    seconds = max(0, int((now() - gone.gone).total_seconds()))
    minutes = seconds // 60
    if minutes:
        text = ngettext(
            "Removed %(n)d minute ago, or gone from its host.",
            "Removed %(n)d minutes ago, or gone from its host.",
            minutes,
        ) % {"n": minutes}
    else:
        text = _("Removed a moment ago, or gone from its host.")
    return {
        "name": gone.name,
        "gone": gone,
        "text": text,
        "age": age(gone.gone, now()),
        "successor": page_of(successor) if successor else "",
    }


def ports_of(container: Container) -> list[PublishedPort]:
    """Published ports, each once, whatever its address families."""
    found: dict[str, PublishedPort] = {}
    for port in container.ports:
        if not port["host"]:
            continue
        protocol = "" if port["protocol"] == "tcp" else f"/{port['protocol']}"
        text = f"{port['host']}→{port['container']}{protocol}"
        url = _url(container.host.address, port)
        if text not in found or url:
            found[text] = PublishedPort(text, url)
    return list(found.values())


def page_of(container: Container) -> str:
    return reverse("containers:page", args=[container.host.slug, container.name])


def _url(address: str, port: dict[str, Any]) -> str:
    local = port["address"].startswith("127.") or port["address"] == "::1"
    if not address or local or port["protocol"] != "tcp":
        return ""
    host = f"[{address}]" if ":" in address and not address.startswith("[") else address
    secure = port["container"] in SECURE or port["host"] in SECURE
    return f"{'https' if secure else 'http'}://{host}:{port['host']}/"


def _tabs(container: Container, current: str) -> list[dict[str, Any]]:
    labels = {
        "page": _("Overview"),
        "logs": _("Logs"),
        "changes": _("Changes"),
        "inspect": _("Inspect"),
        "events": _("Events"),
    }
    tabs = []
    for key, label in labels.items():
        try:
            url = reverse(f"containers:{key}", args=[container.host.slug, container.name])
        except NoReverseMatch:  # a tab that is not built does not show
            continue
        tabs.append({"key": key, "label": label, "url": url, "current": key == current})
    return tabs
