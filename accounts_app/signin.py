"""Signing in and out: limits on wrong passwords, and the record of each browser."""

import hashlib
import logging
import unicodedata
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, SignInFailure, User, UserSession
from core.errors import Forbidden, StepUpRequired, TooMany
from core.http import client_ip
from core.live import end_sockets_on_commit

logger = logging.getLogger(__name__)

BACKEND = "django.contrib.auth.backends.ModelBackend"
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
    SignInFailure.objects.filter(name=name, ip=ip).delete()
    begin_session(request, user)
    return user


@transaction.atomic
def begin_session(request: HttpRequest, user: User) -> None:
    """Sign `user` in here, under a new session key, and remember this browser."""
    audit.record(user, "session.create", outcome="succeeded")
    UserSession.objects.filter(session_key=request.session.session_key or "").delete()
    request.session.flush()  # Django keeps the key when the same person signs in once more
    login(request, user, backend=BACKEND)
    request.session.save()
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


def end_session(row: UserSession) -> None:
    """End this one session; its sockets follow."""
    Session.objects.filter(session_key=row.session_key).delete()
    row.delete()
    end_sockets_on_commit(row.user_id)


def rotate(request: HttpRequest, user: User) -> None:
    """Give this session a new key, and keep it valid after the password of `user` changed (A8)."""
    before = request.session.session_key or ""
    update_session_auth_hash(request, user)
    request.session.save()
    UserSession.objects.filter(session_key=before).update(
        session_key=request.session.session_key or ""
    )
    end_sockets_on_commit(user.pk)


def live_session(session_key: str | None, user: User) -> UserSession | None:
    """The record of this session unless it ended, was ended, or is too old or idle (A8)."""
    row = UserSession.objects.filter(session_key=session_key or "", user=user).first()
    if row is None:
        return None
    at = now()
    if at - row.created > timedelta(seconds=settings.SESSION_COOKIE_AGE):
        return None
    if at - row.seen > timedelta(seconds=settings.SESSION_IDLE_S):
        return None
    if at - row.seen > SEEN_EVERY:
        _mark_seen(row)
    return row


def _mark_seen(row: UserSession) -> None:
    try:
        UserSession.objects.filter(pk=row.pk).update(seen=now())
    except OperationalError as error:  # a full disk must not keep anybody from reading
        logger.warning("a session could not be marked as seen: %s", error)


def forget_ended_sessions() -> None:
    """Drop the records of sessions that ended by age, and what Django keeps of them."""
    at = now()
    UserSession.objects.filter(
        Q(created__lt=at - timedelta(seconds=settings.SESSION_COOKIE_AGE))
        | Q(seen__lt=at - timedelta(seconds=settings.SESSION_IDLE_S))
    ).delete()
    Session.objects.filter(expire_date__lt=at).delete()


def require_step_up(actor: User, password: str = "") -> None:
    """Let a deed go on only if `actor` gives the password, or gave it within STEP_UP (A10).

    A bearer token needs the scope admin instead; manage.py and workers have none to give. Call
    it before the transaction of the deed, since a wrong password is counted. Raises
    StepUpRequired, Forbidden, TooMany.
    """
    place = audit.origin.get()
    if actor.token is not None:
        if actor.token.role < Role.ADMINISTRATOR:
            raise Forbidden(
                _("This needs a token with the scope admin."), hint=_("Make one in Profile.")
            )
        return
    if place.auth == "system":
        return
    if not password:
        if step_up_due(actor):
            raise StepUpRequired
        return
    check_own_password(actor, password)


def step_up_due(actor: User) -> bool:
    """Whether the session that acts now would be asked for its password."""
    session = UserSession.objects.filter(
        session_key=audit.origin.get().session_key, user=actor, confirmed__gte=now() - STEP_UP
    )
    return not session.exists()


def check_own_password(actor: User, password: str) -> None:
    """Confirm the acting session with `password`. Raises StepUpRequired if wrong, TooMany."""
    place = audit.origin.get()
    name = folded(actor.username)
    _check_limit(name, place.ip, known=True)
    if not actor.check_password(password):
        SignInFailure.objects.create(name=name, ip=place.ip)
        audit.record(actor, "session.confirm", outcome="denied")
        raise StepUpRequired(wrong=True)
    UserSession.objects.filter(session_key=place.session_key, user=actor).update(confirmed=now())


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
    audit.denied(name, "session.create")
    raise TooMany(
        _("Too many wrong passwords."),
        hint=_("Wait a few minutes, then try again."),
        retry_after_s=_wait_s(oldest),
    )


def check_setup_guesses() -> None:
    """Refuse an address that has guessed too often at the setup token. Raises TooMany."""
    guesses = SignInFailure.objects.filter(ip=_setup_guesser(), at__gte=now() - WINDOW)
    if guesses.count() < FAILURES:
        return
    oldest = guesses.order_by("at").values_list("at", flat=True).first()
    raise TooMany(
        _("Too many wrong setup tokens."),
        hint=_("manage.py setup_token prints a new one."),
        retry_after_s=_wait_s(oldest),
    )


def count_setup_guess() -> None:
    SignInFailure.objects.create(name="", ip=_setup_guesser())
    audit.denied("", "setup")


def _setup_guesser() -> str:
    """Apart from the addresses of wrong passwords: setting up must not close the sign-in."""
    return f"setup {audit.origin.get().ip}"[:45]


def _wait_s(oldest: datetime | None) -> int:
    """Until the oldest failure that counts no longer does."""
    return max(1, int(((oldest or now()) + WINDOW - now()).total_seconds()) + 1)


def _is_known(request: HttpRequest, name: str) -> bool:
    value = request.get_signed_cookie(KNOWN_DEVICE, default="", max_age=KNOWN_DEVICE_S)
    return name in (value or "").split("|")
