"""The page of one host: what is known of its engine, and how it was reachable."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from accounts_app.signin import step_up_due
from core.times import age
from hosts_app.listing import container_counts, history, images_of
from hosts_app.models import Host
from hosts_app.rows import GLYPHS, bytes_text, disk_rows, rows_of, skew_text
from hosts_app.selectors import may


def host_context(user: User, host: Host) -> dict[str, Any]:
    """Everything that hosts_app/page.html shows. The engine is not asked."""
    host.refresh_from_db()
    operates = may(user, host, Role.OPERATOR)
    images, image_count = images_of(host)
    return {
        "host": host,
        "row": rows_of([host], container_counts(user))[0],
        "images": _images(host, images),
        "image_count": image_count,
        "facts": _facts(host),
        "skew": skew_text(host),
        "history": _history(host),
        "disk": disk_rows(host.disk) if host.disk else [],
        "disk_total": bytes_text(sum(host.disk[key]["bytes"] for key in _PARTS))
        if host.disk
        else "",
        "may_measure": operates and host.answering,
        "may_pull": operates,
        "may_edit": user.is_administrator,
        "ask_password": user.is_administrator and step_up_due(user),
    }


_PARTS = ("images", "containers", "volumes", "build_cache")


def _facts(host: Host) -> list[tuple[str, str]]:
    """(name, value) of what the engine says about itself; empty ones are left out."""
    known = host.engine
    rootless = {True: _("yes: the engine runs without root"), False: _("no")}
    facts = [
        (_("Engine"), _version(known)),
        (_("Operating system"), str(known.get("operating_system") or "")),
        (_("Kernel"), str(known.get("kernel") or "")),
        (_("Architecture"), "/".join(filter(None, (known.get("os"), known.get("arch"))))),
        (_("CPUs"), str(known.get("cpus") or "")),
        (_("Memory"), bytes_text(known.get("memory"))),
        (_("Storage driver"), str(known.get("storage_driver") or "")),
        (_("Log driver"), str(known.get("log_driver") or "")),
        (_("Rootless"), rootless.get(known.get("rootless"), "")),
        (_("Insecure registries"), ", ".join(known.get("insecure_registries") or ())),
        (_("Engine's own name"), str(known.get("name") or "")),
    ]
    return [(name, value) for name, value in facts if value]


def _images(host: Host, images: Iterable[Any]) -> list[dict[str, Any]]:
    """What to show of each image: its names, or where it has none its id."""
    at = now() + host.clock_ahead
    return [
        {
            "names": image.tags or [image.label],
            "size": bytes_text(image.size_bytes),
            "created": age(image.created, at),
            "used": image.used,
            "url": f"/containers/?{urlencode({'host': host.slug, 'q': f'image:{image.label}'})}",
        }
        for image in images
    ]


def _version(known: dict[str, Any]) -> str:
    if not known.get("version"):
        return ""
    return _("Docker %(version)s, API %(api)s") % {
        "version": known["version"],
        "api": known.get("api", "–"),
    }


def _history(host: Host) -> list[dict[str, Any]]:
    """Newest first: each state with how long it lasted."""
    rows = history(host)
    ends = [now(), *(row.since for row in rows)]
    return [
        {
            "glyph": GLYPHS.get(row.state, "bad"),
            "word": Host.State(row.state).label,
            "since": row.since,
            "lasted": age(row.since, end),
            "error": row.error,
        }
        for row, end in zip(rows, ends, strict=False)
    ]
