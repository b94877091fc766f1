"""What the palette finds: any container and any host, wherever it is."""

from typing import Any

from django.db.models import Q

from accounts_app.models import User
from containers_app.rows import look
from containers_app.selectors import containers_for
from hosts_app.selectors import hosts_for

MOST = 20  # of each kind


def entries(user: User, words: str, kind: str = "") -> list[dict[str, str]]:
    """Containers and hosts that have every word somewhere; `kind` "host" leaves only hosts."""
    parts = words.split()
    if kind == "host":
        return _hosts(user, parts)
    return (_containers(user, parts) if parts else []) + _hosts(user, parts)


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
