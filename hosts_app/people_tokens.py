"""Making tokens for scripts: each can do less than, or as much as, whoever makes it."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import ApiToken, User
from accounts_app.signin import require_step_up
from accounts_app.tokens import LONGEST, new_token
from core.errors import FieldError, Invalid
from hosts_app.selectors import hosts_for

LONGEST_NAME = 100  # characters


def create_token(
    actor: User,
    name: str,
    scope: str,
    *,
    hosts: list[str] | None = None,
    expires: datetime | None = None,
    confirmation: str = "",
) -> tuple[ApiToken, str]:
    """The row, and the token itself: the only time anybody sees it (A12).

    `hosts` are slugs, None for all of the owner's; `expires` at most a year from now, which is
    also the default. A token makes only tokens that can do no more and live no longer than
    itself. Raises StepUpRequired, Forbidden, Invalid at name, scope, hosts or expires.
    """
    require_step_up(actor, confirmation)
    name = name.strip()
    wrong = _token_errors(actor, name, scope, hosts, expires)
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    if actor.token is not None:
        expires = expires or actor.token.expires
        hosts = actor.token.hosts if hosts is None else hosts
    with transaction.atomic():
        row, token = new_token(actor, name, scope, hosts=hosts, expires=expires)
        audit.record(
            actor,
            "token.create",
            target=str(row.pk),
            target_name=name,
            outcome="succeeded",
            scope=scope,
            hosts=hosts,
            expires=row.expires.isoformat(),
        )
    return row, token


def _token_errors(
    actor: User, name: str, scope: str, hosts: list[str] | None, expires: datetime | None
) -> list[FieldError]:
    wrong = []
    if not 0 < len(name) <= LONGEST_NAME:
        wrong.append(
            FieldError("name", _("From 1 to %(most)d characters.") % {"most": LONGEST_NAME})
        )
    if scope not in ApiToken.SCOPES:
        names = ", ".join(ApiToken.SCOPES)
        wrong.append(FieldError("scope", _("One of %(names)s.") % {"names": names}))
    if hosts is not None:
        wrong += _token_host_errors(actor, hosts)
    latest = min(now() + LONGEST, actor.token.expires) if actor.token else now() + LONGEST
    if expires and not now() < expires <= latest:
        wrong.append(
            FieldError(
                "expires",
                _("Between now and %(latest)s.") % {"latest": latest.date().isoformat()},
            )
        )
    return wrong


def _token_host_errors(actor: User, hosts: list[str]) -> list[FieldError]:
    if not hosts:
        return [FieldError("hosts", _("Choose at least one host."))]
    seen = set(hosts_for(actor).values_list("slug", flat=True))
    unseen = sorted(set(hosts) - seen)
    return [FieldError("hosts", _("No such host: %(name)s") % {"name": name}) for name in unseen]
