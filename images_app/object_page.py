"""The head of an image's pages: names, verbs, tabs; and who uses it, as the inventory knows."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.template.defaultfilters import filesizeformat
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.text import visible
from core.times import age
from hosts_app.selectors import host_ids
from images_app.compare import address_of
from images_app.models import Image
from images_app.rows import name_of, parts_of, rows_of
from images_app.selectors import images_for

MOST_USERS = 200  # containers listed on the page; the list of containers has them all


def context(user: User, image: Image, tab: str, reference: str) -> dict[str, Any]:
    """What images_app/object.html shows around the body of each tab.

    `reference` is the name that was asked for: an image of several is called by that one.
    """
    name = reference if reference in image.tags else name_of(image)
    operated = host_ids(user, Role.OPERATOR)
    return {
        "object": head(image, name),
        "row": rows_of([image], operated)[0] if image.pk else None,
        "host": image.host,
        "can_operate": image.host_id in operated,
        "reveal_url": reverse("image:reveal", args=[image.host.slug, image.docker_id]),
        "can_administer": image.pk and image.host_id in host_ids(user, Role.ADMINISTRATOR),
        "verbs": _verbs(image, name),
        "object_tabs": _tabs(image, name, tab),
        "tab": tab,
        "as_of": image.host.as_of,
        **uses(user, image),
    }


def uses(user: User, image: Image) -> dict[str, Any]:
    """Containers made from it, and the other hosts that have it."""
    users = list(image.containers.filter(gone=None).order_by("name")) if image.pk else []
    elsewhere = images_for(user).filter(docker_id=image.docker_id).exclude(host=image.host_id)
    return {
        "users": [_user(image, each) for each in users[:MOST_USERS]],
        "users_count": len(users),
        "elsewhere": [
            {"host": each.host.name, "url": page_of(each), "n": each.containers.count()}
            for each in elsewhere[:MOST_USERS]
        ],
    }


def page_of(image: Image, name: str = "") -> str:
    return reverse("image:page", args=[image.host.slug, name or name_of(image)])


def head(image: Image, called: str) -> dict[str, Any]:
    prefix, name, tag = parts_of(called)
    return {
        "pk": image.pk or 0,
        "id": image.docker_id,
        "short": image.short_id,
        "label": visible(called, 400),
        "prefix": prefix,
        "name": name,
        "tag": tag,
        "tags": [visible(each, 400) for each in image.tags],
        "digests": [visible(each, 500) for each in image.digests],
        "host": image.host.slug,
        "host_name": image.host.name,
        "url": page_of(image, called),
        "size": filesizeformat(image.size_bytes),
        "created": image.created,
        "age": age(image.created, now()),
        "stale": image.stale,
        "dangling": not image.tags,
    }


def _verbs(image: Image, called: str) -> list[dict[str, Any]]:
    """What can be done from here by a page of its own; a page that is not built is left out."""
    name = called if image.tags else image.docker_id
    wanted: Iterable[tuple[str, str, str, dict[str, str]]] = (
        (_("Run"), "play", "containers:new", {"host": image.host.slug, "image": name}),
        (_("Pull again"), "refresh-cw", "images:pull",
         {"host": image.host.slug, "reference": name} if image.tags else {}),
        (_("Push"), "upload", "images:push", {"host": image.host.slug, "reference": name}),
        (_("Send to host"), "server", "images:distribute",
         {"host": image.host.slug, "reference": name}),
        (_("Save"), "download", "images:save", {"host": image.host.slug, "reference": name}),
    )  # fmt: skip
    verbs = []
    for label, icon, view, said in wanted:
        if not said:
            continue
        try:
            url = f"{reverse(view)}?{urlencode(said)}"
        except NoReverseMatch:
            continue
        verbs.append(
            {"label": label, "icon": icon, "url": url, "primary": view == "containers:new"}
        )
    return verbs


def _tabs(image: Image, name: str, current: str) -> list[dict[str, Any]]:
    said = [image.host.slug, name]
    labels = {"page": _("Overview"), "inspect": _("Inspect")}
    tabs: list[dict[str, Any]] = [
        {"key": key, "label": label, "url": reverse(f"image:{key}", args=said)}
        for key, label in labels.items()
    ]
    tabs.append({"key": "compare", "label": _("Compare"), "url": address_of("/".join(said))})
    return [{**each, "current": each["key"] == current} for each in tabs]


def _user(image: Image, each: Any) -> dict[str, Any]:
    """A container of the image; its kind of row belongs to an app above ours."""
    glyph = each.health if each.health in {"healthy", "unhealthy"} else each.state
    if each.failed:
        glyph = "failed"
    if image.stale or (each.state != "running" and each.health):
        glyph = "unknown" if image.stale else each.state
    return {
        "name": each.name,
        "glyph": glyph,
        "status": visible(each.status),
        "url": f"/h/{image.host.slug}/c/{each.name}/",
    }
