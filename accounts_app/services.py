"""Making the first administrator, and what people may change about accounts."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, SetupToken, User
from accounts_app.selectors import admin_exists
from core.errors import FieldError, Forbidden, Invalid, NotFound

SETUP_TOKEN_LIVES = timedelta(minutes=60)


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

    Raises NotFound when there is one already, Forbidden for a wrong or old token, Invalid.
    """
    with transaction.atomic():
        if admin_exists():
            raise NotFound(_("This dashboard is set up already."))
        row = SetupToken.objects.select_for_update().filter(expires__gt=now()).first()
        if row is None or not hmac.compare_digest(row.digest, _digest(token.strip())):
            raise Forbidden(
                _("This setup token is wrong or too old."),
                hint=_("manage.py setup_token prints a new one."),
            )
        user = create_user(None, username, password, fleet_role=Role.ADMINISTRATOR)
        SetupToken.objects.all().delete()
    (settings.DATA_DIR / "setup-token").unlink(missing_ok=True)
    return user


def ensure_admin(username: str, password: str) -> None:
    """Create this administrator unless a user of that name exists (ADMIN_USERNAME)."""
    if not User.objects.filter(username__iexact=username).exists():
        create_user(None, username, password, fleet_role=Role.ADMINISTRATOR)


@transaction.atomic
def create_user(
    actor: User | None, username: str, password: str, *, fleet_role: Role | None = None
) -> User:
    """A new account; the password is checked as everywhere (A4). Raises Invalid."""
    user = User(username=username, fleet_role=fleet_role)
    wrong = []
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            wrong += [FieldError(field, message) for message in messages]
    if User.objects.filter(username__iexact=username).exists():
        wrong.append(FieldError("username", _("This name is taken.")))
    wrong += password_errors(password, user)
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    audit.record(actor, "user.create", target_name=username, outcome="succeeded")
    user.set_password(password)
    user.save()
    return user


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


def set_own_language(user: User, language: str) -> None:
    User.objects.filter(pk=user.pk).update(language=language)
