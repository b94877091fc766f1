"""Registries as the API tells them, and the bodies of what it is asked to do."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from core.api import Body, Filters, Out
from engine.probe import Step
from registries_app.models import Registry
from registries_app.spec import RegistrySpec

Kind = Literal["hub", "ghcr", "quay", "gitlab", "harbor", "distribution", "other"]
YOUR_PASSWORD = "Your own, with a session that did not give it within ten minutes (step-up)"  # noqa: S105
REALMS = "Origins, other than its own, that its sign-in may go to: https://auth.example"


class Mirror(Out):
    of: str = Field(description="The slug of the registry whose images it serves")
    kind: str = Field(description="root, prefix or ns")
    prefix: str


class RegistryOut(Out):
    """A registry, and what the last check found that it can do. Never a secret."""

    slug: str
    name: str
    url: str
    kind: str
    username: str
    capabilities: dict[str, Any] = Field(
        description="v2, auth (none, basic, bearer), lists, pages, tags, head, deletes, untags, "
        "referrers; what could not be found out is left out; {} before a check"
    )
    mirror: Mirror | None


class RegistryFilters(Filters):
    kind: str = Field("", description="One of the kinds of a registry.")


class MirrorBody(Body):
    of: str
    kind: Literal["root", "prefix", "ns"]
    prefix: str = ""


class RegistryBody(Body):
    """A new registry. It is saved, then checked; a failed check does not undo it."""

    name: str
    url: str = Field(description="https://host:port, or http:// for one without encryption")
    kind: Kind = "other"
    username: str = ""
    password: str = Field("", description="Never told again")
    ca: str = Field("", description="PEM")
    cert: str = Field("", description="PEM")
    key: str = Field("", description="PEM; never told again")
    skip_verify: bool = False
    realms: list[str] = Field([], description=REALMS)
    mirror: MirrorBody | None = None
    confirmation: str = Field("", description=YOUR_PASSWORD)


class RegistryPatch(Body):
    """What is left out stays as it is; an empty secret removes it."""

    name: str | None = None
    url: str | None = None
    kind: Kind | None = None
    username: str | None = None
    password: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    skip_verify: bool | None = None
    realms: list[str] | None = Field(None, description=REALMS)
    mirror: MirrorBody | None = None
    confirmation: str = Field("", description=YOUR_PASSWORD)


class Confirmed(Body):
    confirmation: str = Field("", description=YOUR_PASSWORD)


class CheckStep(Out):
    step: str = Field(
        description="address, connection, tls, v2, sign_in, lists, pages, tags, head, deletes, "
        "untags or referrers"
    )
    ok: bool
    ms: int
    detail: str


class CheckOut(Out):
    steps: list[CheckStep]


def registry_out(registry: Registry) -> RegistryOut:
    of = registry.mirror_of
    return RegistryOut(
        slug=registry.slug,
        name=registry.name,
        url=registry.url,
        kind=registry.kind,
        username=registry.username,
        capabilities=registry.capabilities,
        mirror=Mirror(of=of.slug, kind=registry.mirror_kind, prefix=registry.mirror_prefix)
        if of
        else None,
    )


def check_out(steps: Iterable[Step]) -> CheckOut:
    return CheckOut(
        steps=[
            CheckStep(step=each.step, ok=each.ok, ms=each.ms, detail=each.detail) for each in steps
        ]
    )


def spec_of(
    wanted: RegistryBody | RegistryPatch, registry: Registry | None = None
) -> RegistrySpec:
    """`wanted`, over what `registry` is; secrets that a change leaves out are None: kept."""
    said: dict[str, Any] = wanted.model_dump(exclude={"confirmation", "mirror"}, exclude_none=True)
    before: dict[str, Any] = {}
    if registry:
        names = ("name", "url", "kind", "username", "ca", "skip_verify", "realms")
        before = {name: getattr(registry, name) for name in names}
        before["mirror_of"] = registry.mirror_of.slug if registry.mirror_of else ""
        before["mirror_kind"] = registry.mirror_kind
        before["mirror_prefix"] = registry.mirror_prefix
    if "mirror" in wanted.model_fields_set:
        mirror = wanted.mirror
        before["mirror_of"] = mirror.of if mirror else ""
        before["mirror_kind"] = mirror.kind if mirror else ""
        before["mirror_prefix"] = mirror.prefix if mirror else ""
    whole = before | said
    return RegistrySpec(**whole | {"realms": tuple(whole.get("realms", ()))})
