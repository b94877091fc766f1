"""Tokens of scripts: made, shown once, and recognised by their hash."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.utils.timezone import now

from accounts_app.models import ApiToken, User
from core.room import if_there_is_room

PREFIX = "qd_"
LONGEST = timedelta(days=365)
USED_EVERY = timedelta(minutes=1)  # how exact "last used" is


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_token(
    user: User, name: str, scope: str, *, hosts: list[str] | None, expires: datetime | None
) -> tuple[ApiToken, str]:
    """The row, and the token itself: the only time anybody sees it."""
    token = PREFIX + secrets.token_urlsafe(32)
    latest = now() + LONGEST
    row = ApiToken.objects.create(
        user=user,
        name=name,
        digest=digest(token),
        scope=scope,
        hosts=hosts,
        expires=min(expires or latest, latest),
    )
    return row, token


def user_of(token: str) -> User | None:
    """The owner, with `token` set so that every right is cut to its scope; None if unknown."""
    row = (
        ApiToken.objects.select_related("user")
        .filter(digest=digest(token), expires__gt=now(), user__is_active=True)
        .first()
    )
    if row is None:
        return None
    if row.last_used is None or now() - row.last_used > USED_EVERY:
        with if_there_is_room():
            ApiToken.objects.filter(pk=row.pk).update(last_used=now())
    row.user.token = row
    return row.user
