"""What each product of a registry is like: its address, and what it wants for a sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from registries_app.models import Registry
from registries_app.protocol.targets import ADDRESSES

MIRROR = "mirror"  # no kind of its own: a plain registry that serves the images of another


@dataclass(frozen=True, slots=True)
class Preset:
    """`kind` is what is stored; `url` is "" where every installation has its own."""

    key: str
    label: str
    kind: str
    url: str
    about: str
    sign_in: str


def presets() -> list[Preset]:
    return [
        Preset(
            "hub",
            "Docker Hub",
            "hub",
            ADDRESSES["hub"],
            _("Lists no repositories over this protocol; its own API lists those of a namespace."),
            _("Your Docker ID, and an access token. Signed in, it gives more pulls."),
        ),
        Preset(
            "ghcr",
            "GitHub (GHCR)",
            "ghcr",
            ADDRESSES["ghcr"],
            _("Lists no repositories: pin those that you use."),
            _("Your GitHub name, and a classic token with read:packages."),
        ),
        Preset(
            "quay",
            "Quay",
            "quay",
            ADDRESSES["quay"],
            _("Public repositories need no sign-in."),
            _("A robot account, such as team+deploy, and its token."),
        ),
        Preset(
            "gitlab",
            "GitLab",
            "gitlab",
            "https://registry.gitlab.com",
            _("Of your own GitLab, the address of its registry; its sign-in goes to GitLab."),
            _("A deploy token, or a personal one with read_registry."),
        ),
        Preset(
            "harbor",
            "Harbor",
            "harbor",
            "",
            _("Its own API lists the repositories of the projects that you may see."),
            _("A robot account, such as robot$deploy, and its secret."),
        ),
        Preset(
            "distribution",
            _("Plain registry"),
            "distribution",
            "",
            _("Distribution, zot, Nexus, Forgejo and others that speak the plain protocol."),
            _("As its administrator gave it; many want none."),
        ),
        Preset(
            MIRROR,
            _("Mirror"),
            "distribution",
            "",
            _("Serves the images of another registry; pulls try it first, then the other."),
            _("That of the mirror. The sign-in of the other registry is never sent to it."),
        ),
    ]


def preset_of(said: Mapping[str, Any]) -> Preset:
    """The one that fits what a form says."""
    key = MIRROR if said.get("mirror_of") else said.get("kind")
    found = {each.key: each for each in presets()}
    return found.get(str(key), found["distribution"])


def chosen(said: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What a form holds after a preset was chosen: nothing typed is lost.

    The address changes where it is empty, or that of another preset.
    """
    known = {each.key: each for each in presets()}
    wanted = known.get(key, known["distribution"])
    held = {name: said[name] for name in said}
    url = str(held.get("url") or "").strip()
    if not url or url in {each.url for each in known.values()}:
        held["url"] = wanted.url
    held["kind"] = wanted.kind if wanted.kind in Registry.Kind.values else "other"
    held["preset"] = wanted.key
    return held
