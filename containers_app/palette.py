"""What the palette finds: any container, any registry and any host, wherever it is."""

from typing import Any

from django.db.models import Q

from accounts_app.models import User
from containers_app.rows import look
from containers_app.selectors import containers_for
from hosts_app.selectors import hosts_for
from registries_app.selectors import registries_for

MOST = 20  # of each kind


def entries(user: User, words: str, kind: str = "") -> list[dict[str, str]]:
    """What has every word somewhere; `kind` "host" leaves only hosts."""
    parts = words.split()
    if kind == "host":
        return _hosts(user, parts)
    found = _containers(user, parts) + _registries(user, parts) if parts else []
    return found + _hosts(user, parts)


def _containers(user: User, parts: list[str]) -> list[dict[str, str]]:
    rows = containers_for(user)
    for part in parts:
        rows = rows.filter(
            Q(name__icontains=part)
            | Q(host__name__icontains=part)
            | Q(image_ref__icontains=part)
            | Q(project__icontains=part)
            | Q(docker_id__startswith=part.lower())
        )
    return [
        {
            "kind": "container",
            "label": row.name,
            "hint": row.host.name,
            "glyph": look(row),
            "url": f"/h/{row.host.slug}/c/{row.name}/",
        }
        for row in rows.order_by("name")[:MOST]
    ]


def _registries(user: User, parts: list[str]) -> list[dict[str, str]]:
    rows = registries_for(user)
    for part in parts:
        rows = rows.filter(Q(name__icontains=part) | Q(url__icontains=part))
    return [
        {
            "kind": "registry",
            "label": row.name,
            "hint": row.domain,
            "glyph": "unknown" if row.error or not row.checked else "healthy",
            "url": f"/registries/{row.slug}/",
        }
        for row in rows[:MOST]
    ]


def _hosts(user: User, parts: list[str]) -> list[dict[str, Any]]:
    rows = hosts_for(user)
    for part in parts:
        rows = rows.filter(Q(name__icontains=part) | Q(slug__icontains=part))
    return [
        {
            "kind": "host",
            "label": row.name,
            "hint": str(row.get_state_display()),
            "glyph": "healthy" if row.answering else "unknown",
            "url": f"/containers/?host={row.slug}",
        }
        for row in rows[:MOST]
    ]
