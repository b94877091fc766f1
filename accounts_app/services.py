"""Making accounts, and what people change about their own: password, sessions, language, keys."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import ApiToken, Role, SetupToken, User, UserSession
from accounts_app.selectors import admin_exists
from accounts_app.signin import (
    check_own_password,
    check_setup_guesses,
    count_setup_guess,
    end_session,
    end_sessions,
)
from core.errors import FieldError, Forbidden, Invalid, NotFound, StepUpRequired
from core.live import end_sockets_on_commit

SETUP_TOKEN_LIVES = timedelta(minutes=60)
RESERVED_NAMES = {"new"}  # /settings/users/new/ is a page


def new_setup_token() -> str:
    """A new one-time token for the setup page, in place of all before it (A1, A2).

    It is also kept in DATA_DIR/setup-token (0600), for whoever lost the console.
    """
    token = settings.SETUP_TOKEN or secrets.token_urlsafe(24)
    with transaction.atomic():
        SetupToken.objects.all().delete()
        SetupToken.objects.create(digest=_digest(token), expires=now() + SETUP_TOKEN_LIVES)
    _write_private(settings.DATA_DIR / "setup-token", token)
    return token


def set_up(token: str, username: str, password: str) -> User:
    """The first administrator, for whoever holds the token; it works once.

    Raises NotFound when there is one already, Forbidden for a wrong or old token, TooMany for
    a guesser, Invalid.
    """
    check_setup_guesses()
    try:
        user = _set_up(token, username, password)
    except Forbidden:
        count_setup_guess()
        raise
    (settings.DATA_DIR / "setup-token").unlink(missing_ok=True)
    return user


@transaction.atomic
def _set_up(token: str, username: str, password: str) -> User:
    # of many who hold the token, this lock lets one pass: the others find the row gone
    row = SetupToken.objects.select_for_update().filter(expires__gt=now()).first()
    if admin_exists():
        raise NotFound(_("This dashboard is set up already."))
    if row is None or not hmac.compare_digest(row.digest, _digest(token.strip())):
        raise Forbidden(
            _("This setup token is wrong or too old."),
            hint=_("manage.py setup_token prints a new one."),
        )
    user = create_user(None, username, password, fleet_role=Role.ADMINISTRATOR)
    SetupToken.objects.all().delete()
    return user


def ensure_admin(username: str, password: str) -> None:
    """Create this administrator unless a user of that name exists (ADMIN_USERNAME)."""
    if not User.objects.filter(username__iexact=username).exists():
        create_user(None, username, password, fleet_role=Role.ADMINISTRATOR)


@transaction.atomic
def create_user(
    actor: User | None,
    username: str,
    password: str,
    *,
    fleet_role: Role | None = None,
    **said: Any,
) -> User:
    """A new account; the password is checked as everywhere (A4). Raises Invalid.

    `said` is what the trail keeps besides. Who may make accounts for others, and grants on
    single hosts, are the business of hosts_app.people.
    """
    user = User(username=username, fleet_role=fleet_role)
    wrong = name_errors(user) + password_errors(password, user)
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    audit.record(actor, "user.create", target_name=username, outcome="succeeded", **said)
    user.set_password(password)
    user.save()
    return user


def name_errors(user: User) -> list[FieldError]:
    """What is wrong with the name of a new account."""
    wrong = []
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            wrong += [FieldError(field, message) for message in messages]
    if not wrong and not any(char.isalnum() for char in user.username):
        wrong.append(FieldError("username", _("A name needs a letter or a digit.")))
    if user.username.lower() in RESERVED_NAMES:
        wrong.append(FieldError("username", _("This name is reserved.")))
    if User.objects.filter(username__iexact=user.username).exists():
        wrong.append(FieldError("username", _("This name is taken.")))
    return wrong


def password_errors(password: str, user: User, *, field: str = "password") -> list[FieldError]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [FieldError(field, message) for message in error.messages]
    return []


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text + "\n")


@transaction.atomic
def set_own_language(user: User, language: str) -> None:
    """Which language `user` sees; "" is the browser's."""
    if language and language not in dict(settings.LANGUAGES):
        raise Invalid.field("language", _("This language is not there yet."))
    audit.record(user, "profile.update", outcome="succeeded", language=language)
    User.objects.filter(pk=user.pk).update(language=language)


@transaction.atomic
def set_own_shortcuts(user: User, *, on: bool) -> None:
    """Whether single letters act as shortcuts (WCAG 2.1.4)."""
    audit.record(user, "profile.update", outcome="succeeded", shortcuts=on)
    User.objects.filter(pk=user.pk).update(shortcuts=on)


def change_own_password(user: User, old: str, new: str, *, revoke_tokens: bool = False) -> None:
    """A new password; every session of `user` but the one that acts ends (A9).

    Whoever calls this for a browser gives its session a new key afterwards (signin.rotate).
    Raises Invalid at the fields old and new_password, TooMany.
    """
    try:
        check_own_password(user, old)
    except StepUpRequired as error:
        raise Invalid.field("old", error.message) from error
    if wrong := password_errors(new, user, field="new_password"):
        raise Invalid(wrong[0].message, errors=wrong)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # rows first, the trail last
        audit.record(
            user, "user.password", target_name=user.username, outcome="succeeded",
            also_tokens=revoke_tokens,
        )  # fmt: skip
        user.set_password(new)
        user.save(update_fields=["password"])
        end_sessions(user, but=audit.origin.get().session_key)
        if revoke_tokens:
            revoke_all_tokens(user)


@transaction.atomic
def end_own_session(user: User, session_id: int) -> None:
    """Sign `user` out of one browser. Raises NotFound."""
    row = UserSession.objects.filter(user=user, pk=session_id).first()
    if row is None:
        raise NotFound(_("This session has ended already."))
    audit.record(user, "session.delete", target=str(row.pk), outcome="succeeded")
    end_session(row)


@transaction.atomic
def end_own_other_sessions(user: User) -> int:
    """Sign `user` out of every browser but the one that acts; how many those were."""
    audit.record(user, "session.delete", target="others", outcome="succeeded")
    return end_sessions(user, but=audit.origin.get().session_key)


@transaction.atomic
def revoke_token(user: User, token_id: int) -> None:
    """End one of the tokens of `user`; its next request is refused (A12).

    A token below the scope admin ends only itself. Raises NotFound, Forbidden.
    """
    row = ApiToken.objects.filter(user=user, pk=token_id).first()
    if row is None:
        raise NotFound(_("There is no such token."))
    if user.token and user.token.role < Role.ADMINISTRATOR and user.token.pk != row.pk:
        raise Forbidden(_("This token may end only itself."))
    audit.record(
        user, "token.delete", target=str(row.pk), target_name=row.name, outcome="succeeded"
    )
    row.delete()
    end_sockets_on_commit(user.pk)


def revoke_all_tokens(user: User) -> int:
    """End every token of `user`, inside the caller's audited transaction; how many there were."""
    count, _kinds = ApiToken.objects.filter(user=user).delete()
    end_sockets_on_commit(user.pk)
    return count
