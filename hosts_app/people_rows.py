"""People as pages draw them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import now

from accounts_app.models import ApiToken, Role, User, UserSession
from accounts_app.selectors import sessions_of, tokens_of
from hosts_app.people import EVERYWHERE, roles_of


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role and where: `host` is "" for all hosts."""

    host: str
    role: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line of the list of users."""

    username: str
    url: str
    active: bool
    roles: list[RoleRow]
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One browser in which somebody is signed in."""

    pk: int
    device: str
    ip: str
    created: datetime
    seen: datetime
    here: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token, without what it is: nobody can see that again."""

    pk: int
    name: str
    scope: str
    hosts: list[str] | None
    created: datetime
    expires: datetime
    expired: bool
    last_used: datetime | None


def person_rows(users: Iterable[User]) -> list[PersonRow]:
    return [
        PersonRow(
            username=user.username,
            url=f"/settings/users/{user.username}/",
            active=user.is_active,
            roles=role_rows(roles_of(user)),
            last_login=user.last_login,
        )
        for user in users
    ]


def role_rows(roles: dict[str, Role]) -> list[RoleRow]:
    return [
        RoleRow("" if place == EVERYWHERE else place, str(role.label))
        for place, role in roles.items()
    ]


def session_rows(user: User, session_key: str | None) -> list[SessionRow]:
    return [_session(row, session_key) for row in sessions_of(user)]


def token_rows(user: User) -> list[TokenRow]:
    at = now()
    return [_token(row, at) for row in tokens_of(user)]


def _session(row: UserSession, session_key: str | None) -> SessionRow:
    return SessionRow(
        pk=row.pk,
        device=device(row.agent),
        ip=row.ip or "",
        created=row.created,
        seen=row.seen,
        here=row.session_key == session_key,
    )


def _token(row: ApiToken, at: datetime) -> TokenRow:
    return TokenRow(
        pk=row.pk,
        name=row.name,
        scope=row.scope,
        hosts=row.hosts,
        created=row.created,
        expires=row.expires,
        expired=row.expires <= at,
        last_used=row.last_used,
    )


BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"), ("python", "Python"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device(agent: str) -> str:
    """ "Firefox, Linux" from a User-Agent; what it says itself where we know neither."""
    names = [
        next((word for sign, word in signs if sign.lower() in agent.lower()), "")
        for signs in (BROWSERS, SYSTEMS)
    ]
    return ", ".join(filter(None, names)) or agent[:60]
