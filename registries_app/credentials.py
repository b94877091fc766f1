"""Stored sign-ins, unsealed for the one registry that each belongs to (E6)."""

from core.sealed import unseal
from registries_app.budget import paused_s
from registries_app.models import Registry
from registries_app.protocol import limits
from registries_app.protocol.targets import HUB_DOMAIN, Target
from registries_app.selectors import registry_for_reference

HUB_KEY = "https://index.docker.io/v1/"  # what engines call Docker Hub in sign-ins


def target_of(registry: Registry) -> Target:
    """How it is connected to. Raises CannotUnseal.

    A pause that it asked another process for holds in this one from now on.
    """
    mirrored = registry.mirror_of if registry.mirror_kind == Registry.MirrorKind.NS else None
    target = Target(
        url=registry.url,
        username=registry.username,
        password=unseal(registry, "password_sealed"),
        ca=registry.ca,
        cert=unseal(registry, "cert_sealed"),
        key=unseal(registry, "key_sealed"),
        skip_verify=registry.skip_verify,
        realms=tuple(registry.realms),
        ns=mirrored.domain if mirrored else "",
    )
    if seconds := paused_s(registry):
        limits.pause(target, seconds)
    return target


def engine_auth(reference: str) -> dict[str, str] | None:
    """What an engine is told to sign in with for this image; None where nothing is stored.

    Raises BadReference and CannotUnseal.
    """
    registry = registry_for_reference(reference)
    if registry is None or not registry.signs_in:
        return None
    return {
        "username": registry.username,
        "password": unseal(registry, "password_sealed"),
        "serveraddress": HUB_KEY if registry.domain == HUB_DOMAIN else registry.domain,
    }
