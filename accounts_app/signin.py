"""Signing in and out: limits on wrong passwords, and the record of each browser."""

import hashlib
import unicodedata
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import SignInFailure, User, UserSession
from core.errors import TooMany
from core.http import client_ip
from core.live import end_sockets_on_commit

FAILURES = 10
WINDOW = timedelta(minutes=15)
STEP_UP = timedelta(minutes=10)  # how long a given password counts (A10)
SEEN_EVERY = timedelta(minutes=1)  # a write per minute and session at most
KNOWN_DEVICE = "known"  # name of the signed cookie of a browser that has signed in before
KNOWN_DEVICE_S = 90 * 24 * 3600


def folded(name: str) -> str:
    """One spelling for all that look alike: `admín`, `ADMIN` and `admin ` share a counter (A5)."""
    parts = unicodedata.normalize("NFKD", name.strip()).casefold()
    return "".join(char for char in parts if not unicodedata.combining(char))[:120]


def sign_in(request: HttpRequest, username: str, password: str) -> User | None:
    """The user, now signed in; None for a wrong name or password. Raises TooMany before hashing.

    A name locked from elsewhere stays open for a browser that has signed in with it (A6).
    """
    name, ip = folded(username), client_ip(request)
    _check_limit(name, ip, known=_is_known(request, name))
    user = authenticate(request, username=username.strip(), password=password)
    if user is None:
        SignInFailure.objects.create(name=name, ip=ip)
        audit.record(None, "session.create", target_name=username[:60], outcome="denied")
        return None
    with transaction.atomic():
        audit.record(user, "session.create", outcome="succeeded")
        SignInFailure.objects.filter(name=name, ip=ip).delete()
        login(request, user)
        request.session.save()
        begin_session(request, user)
    return user


def begin_session(request: HttpRequest, user: User) -> None:
    """Remember this browser; call after `login`, which gave it a new session key."""
    UserSession.objects.create(
        user=user,
        session_key=request.session.session_key or "",
        ip=client_ip(request) or None,
        agent=request.headers.get("User-Agent", "")[:200],
        confirmed=now(),
    )


def sign_out(request: HttpRequest) -> None:
    user = request.user
    if isinstance(user, User):
        with transaction.atomic():
            audit.record(user, "session.delete", outcome="succeeded")
            UserSession.objects.filter(session_key=request.session.session_key).delete()
            end_sockets_on_commit(user.pk)
    logout(request)


def end_sessions(user: User, *, but: str | None = None) -> int:
    """End every session of `user` except the one with key `but`; sockets follow (A9)."""
    ended = UserSession.objects.filter(user=user).exclude(session_key=but or "")
    keys = list(ended.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    ended.delete()
    end_sockets_on_commit(user.pk)
    return len(keys)


def live_session(session_key: str | None, user: User) -> UserSession | None:
    """The record of this session unless it ended, was ended, or was idle too long (A8)."""
    row = UserSession.objects.filter(session_key=session_key or "", user=user).first()
    if row is None:
        return None
    idle = now() - row.seen
    if idle > timedelta(seconds=settings.SESSION_IDLE_S):
        return None
    if idle > SEEN_EVERY:
        UserSession.objects.filter(pk=row.pk).update(seen=now())
    return row


def confirmed(user: User, session_key: str | None, password: str) -> bool:
    """Whether the deed may go on: the password is right, or was given a moment ago (A10)."""
    session = UserSession.objects.filter(session_key=session_key or "", user=user)
    if password:
        if not user.check_password(password):
            return False
        session.update(confirmed=now())
        return True
    return session.filter(confirmed__gte=now() - STEP_UP).exists()


def session_hash(session_key: str | None) -> str:
    return hashlib.sha256((session_key or "").encode()).hexdigest()[:16]


def _check_limit(name: str, ip: str, *, known: bool) -> None:
    since = now() - WINDOW
    SignInFailure.objects.filter(at__lt=since).delete()
    by_ip = SignInFailure.objects.filter(ip=ip, at__gte=since)
    by_name = SignInFailure.objects.filter(name=name, at__gte=since)
    if known:  # then only what this very address did wrong counts against it
        by_name = by_name.filter(ip=ip)
    if max(by_ip.count(), by_name.count()) < FAILURES:
        return
    oldest = (by_ip | by_name).order_by("at").values_list("at", flat=True).first()
    wait_s = int(((oldest or now()) + WINDOW - now()).total_seconds()) + 1
    audit.denied(name, "session.create")
    raise TooMany(
        _("Too many wrong passwords."),
        hint=_("Wait a few minutes, then try again."),
        retry_after_s=max(1, wait_s),
    )


def _is_known(request: HttpRequest, name: str) -> bool:
    value = request.get_signed_cookie(KNOWN_DEVICE, default="", max_age=KNOWN_DEVICE_S)
    return name in (value or "").split("|")
