"""Hosts and people as the API tells them, and the bodies of what it is asked to do."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from accounts_app.models import ApiToken, Role, User
from core.api import Body, Filters, Out
from engine.probe import Step
from engine.types import Connection
from hosts_app.models import Host
from hosts_app.people import ROLE_WORDS, roles_of
from hosts_app.spec import HostSpec

RoleWord = Literal["viewer", "operator", "administrator"]
Scope = Literal["read", "operate", "admin"]
YOUR_PASSWORD = "Your own, with a session that did not give it within ten minutes (step-up)"  # noqa: S105


class EngineOut(Out):
    version: str | None
    api: str | None
    os: str | None
    arch: str | None
    cpus: int | None
    memory: int | None = Field(description="Bytes")


class HostOut(Out):
    """A host, and how it was when we last looked."""

    slug: str
    name: str
    url: str
    state: str = Field(
        description="reachable, slow, hung, down, refused, tls_failed, too_old or unchecked"
    )
    engine: EngineOut
    labels: dict[str, str]
    address: str = Field(description="For links to published ports")
    as_of: datetime | None = Field(description="When its containers were last listed whole")
    error: str = Field(description="The engine's words")


class HostFilters(Filters):
    state: str = Field("", description="One of the states of a host.")
    label: str = Field("", description="A label, `key` or `key=value`.")


class HostBody(Body):
    """A new host. Nothing is saved before its engine has answered, unless `save_anyway`."""

    name: str
    url: str = Field(description="unix:///… or tcp://host:port")
    ca: str = Field("", description="PEM")
    cert: str = Field("", description="PEM")
    key: str = Field("", description="PEM; never told again")
    address: str = ""
    labels: dict[str, str] = {}
    save_anyway: bool = False
    unprotected_ok: bool = Field(
        default=False,
        description="To confirm tcp:// without mutual TLS: who reaches it owns the host",
    )
    password: str = Field("", description=YOUR_PASSWORD)


class HostPatch(Body):
    """What is left out stays as it is."""

    name: str | None = None
    url: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    address: str | None = None
    labels: dict[str, str] | None = None
    save_anyway: bool = False
    unprotected_ok: bool = False
    password: str = Field("", description=YOUR_PASSWORD)


class Confirmation(Body):
    password: str = Field("", description=YOUR_PASSWORD)


class StepOut(Out):
    step: str = Field(description="address, connection, tls, ping, version or list")
    ok: bool
    ms: int
    detail: str


class StepsOut(Out):
    steps: list[StepOut]


def host_out(host: Host) -> HostOut:
    return HostOut(
        slug=host.slug,
        name=host.name,
        url=host.url,
        state=host.state,
        engine=EngineOut(**host.facts),
        labels=host.labels,
        address=host.address,
        as_of=host.as_of,
        error=host.error,
    )


def steps_out(steps: Iterable[Step]) -> StepsOut:
    return StepsOut(
        steps=[
            StepOut(step=each.step, ok=each.ok, ms=each.ms, detail=each.detail) for each in steps
        ]
    )


def spec_of(wanted: HostBody) -> HostSpec:
    connection = Connection(wanted.url, ca=wanted.ca, cert=wanted.cert, key=wanted.key)
    return HostSpec(wanted.name, connection, wanted.address, wanted.labels)


def changed_spec(host: Host, wanted: HostPatch) -> HostSpec:
    """The host with what `wanted` says; secrets that it leaves out are kept by the service."""
    said: dict[str, Any] = wanted.model_dump(exclude_none=True)
    connection = Connection(
        said.get("url", host.url),
        ca=said.get("ca", ""),
        cert=said.get("cert", ""),
        key=said.get("key", ""),
    )
    return HostSpec(
        said.get("name", host.name),
        connection,
        said.get("address", host.address),
        said.get("labels", host.labels),
    )


# -- People --------------------------------------------------------------------------------


class Grant(Out):
    host: str = Field(description="A slug, or * for all hosts")
    role: RoleWord


class GrantBody(Body):
    host: str = Field(description="A slug, or * for all hosts")
    role: RoleWord


class UserOut(Out):
    username: str
    active: bool
    grants: list[Grant]
    created: datetime
    last_login: datetime | None


class UserBody(Body):
    username: str
    password: str
    grants: list[GrantBody] = []
    confirmation: str = Field("", description=YOUR_PASSWORD)


class UserPatch(Body):
    """What is left out stays as it is; `grants` replaces them all."""

    password: str | None = None
    grants: list[GrantBody] | None = None
    active: bool | None = None
    revoke_tokens: bool = False
    confirmation: str = Field("", description=YOUR_PASSWORD)


class TokenOut(Out):
    """A token without its text, which is told once, when it is made."""

    id: int
    name: str
    scope: Scope
    hosts: list[str] | None
    created: datetime
    expires: datetime
    last_used: datetime | None


class TokenBody(Body):
    name: str
    scope: Scope
    hosts: list[str] | None = Field(None, description="Slugs; null for all that you may")
    expires: str | None = Field(None, description="ISO 8601; a year from now at most")
    password: str = Field("", description=YOUR_PASSWORD)


class NewToken(Out):
    id: int
    token: str
    expires: datetime


class Me(Out):
    username: str
    administrator: bool = Field(description="Of all hosts, with what is used to ask")
    grants: list[Grant]
    language: str
    token: TokenOut | None = Field(description="The one that asks, if one does")


def roles_in(grants: Iterable[GrantBody]) -> dict[str, Role]:
    return {grant.host: ROLE_WORDS[grant.role] for grant in grants}


def grants_out(user: User) -> list[Grant]:
    words = {role: word for word, role in ROLE_WORDS.items()}
    return [
        Grant.model_validate({"host": place, "role": words[role]})
        for place, role in roles_of(user).items()
    ]


def user_out(user: User) -> UserOut:
    return UserOut(
        username=user.username,
        active=user.is_active,
        grants=grants_out(user),
        created=user.created,
        last_login=user.last_login,
    )


def token_out(token: ApiToken) -> TokenOut:
    return TokenOut.model_validate(
        {
            "id": token.pk,
            "name": token.name,
            "scope": token.scope,
            "hosts": token.hosts,
            "created": token.created,
            "expires": token.expires,
            "last_used": token.last_used,
        }
    )
