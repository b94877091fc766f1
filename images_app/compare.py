"""Two images of hosts beside each other: what is asked for, and how a page shows the result."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts_app.models import User
from core.compare import Comparison, Layer, Side, bytes_of, compare
from core.errors import Invalid
from core.facts import argv
from core.text import visible
from engine.types import ImageDetail
from images_app.layers import Step
from images_app.models import Image
from images_app.selectors import images_for

MOST_CHOICES = 500  # names offered to choose from
MOST_SUGGESTED = 12


def place_of(text: str, field: str) -> tuple[str, str]:
    """(host, reference) of `host/reference`, as addresses and the form name an image."""
    host, slash, reference = text.strip().partition("/")
    if not slash or not host or not reference:
        raise Invalid.field(field, _("A host and an image of it: lab/nginx:1.27"))
    return host, reference


def side_of(found: ImageDetail, steps: Sequence[Step]) -> Side:
    by_digest = {step.layer: step for step in steps if step.layer}
    layers = []
    for digest in found.layers:
        step = by_digest.get(digest)
        layers.append(Layer(digest, step.size_bytes, step.text) if step else Layer(digest))
    return Side(
        platform=found.platform,
        entrypoint=found.entrypoint,
        command=found.command,
        working_dir=found.working_dir,
        user=found.user,
        stop_signal=found.stop_signal,
        health_check=found.health_check,
        ports=tuple(f"{port.container}/{port.protocol}" for port in found.exposed_ports),
        volumes=found.volumes,
        environment=found.env,
        labels=found.labels,
        layers=tuple(layers),
    )


def shown(left: Side, right: Side) -> dict[str, Any]:
    """What images_app/_comparison.html shows."""
    found = compare(left, right)
    return {"same": found.same, "parts": _parts(found), "layers": _layers(found)}


def _parts(found: Comparison) -> list[dict[str, Any]]:
    words = {
        "platform": _("Platform"),
        "entrypoint": _("Entrypoint"),
        "command": _("Command"),
        "working_dir": _("Working directory"),
        "user": _("User"),
        "stop_signal": _("Stop signal"),
        "health_check": _("Health check"),
        "ports": _("Exposed ports"),
        "volumes": _("Volumes"),
        "environment": _("Environment"),
        "labels": _("Labels"),
    }
    kinds = {"added": _("only right"), "removed": _("only left"), "changed": _("changed")}
    return [
        {
            "part": words[change.part],
            "name": visible(change.name, 400),
            "kind": change.kind,
            "word": kinds[change.kind],
            "left": _text(change.left),
            "right": _text(change.right),
            "hidden": change.part == "environment",
        }
        for change in found.changes
    ]


def _text(value: str | tuple[str, ...] | None) -> str:
    if value is None:
        return ""
    return argv(value) if isinstance(value, tuple) else visible(value)


def _layers(found: Comparison) -> dict[str, Any]:
    return {
        "rows": [
            {"both": bool(left and right), "left": _layer(left), "right": _layer(right)}
            for left, right in found.rows
        ],
        "shared": _sum(found.shared),
        "left": _sum(found.only_left),
        "right": _sum(found.only_right),
    }


def _layer(layer: Layer | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    size = layer.size_bytes
    return {
        "digest": layer.digest,
        "short": layer.digest.removeprefix("sha256:")[:12],
        "size": "?" if size is None else filesizeformat(size),
        "made_by": layer.made_by,
    }


def _sum(layers: Sequence[Layer]) -> dict[str, Any]:
    size, n = bytes_of(layers), len(layers)
    return {
        "n": n,
        "text": ngettext("%(n)d layer", "%(n)d layers", n) % {"n": n},
        "size": "" if size is None else filesizeformat(size),
    }


# -- What to compare with -----------------------------------------------------------------------


def choices(user: User) -> list[str]:
    """`host/tag` of what the user sees, to choose from by typing."""
    rows = images_for(user).order_by("host__slug", "pk").values_list("host__slug", "tags")
    names = [f"{host}/{tag}" for host, tags in rows[:MOST_CHOICES] for tag in tags]
    return names[:MOST_CHOICES]


def suggestions(user: User, image: Image) -> list[dict[str, str]]:
    """Other tags of the same repository, and the same tag on other hosts: the likely ones."""
    mine = {tag.rpartition(":")[0] for tag in image.tags}
    others = images_for(user).exclude(docker_id=image.docker_id).defer("labels")
    found = [
        f"{other.host.slug}/{tag}"
        for other in others
        for tag in other.tags
        if tag.rpartition(":")[0] in mine
    ]
    left = f"{image.host.slug}/{image.tags[0] if image.tags else image.docker_id}"
    return [
        {"label": name, "url": address_of(left, name)} for name in sorted(found)[:MOST_SUGGESTED]
    ]


def address_of(left: str, right: str = "") -> str:
    said = {"left": left, "right": right}
    return (
        f"{reverse('image:compare')}?{urlencode({k: v for k, v in said.items() if v}, safe='/:')}"
    )
