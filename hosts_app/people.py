"""People and what they may do: accounts made by administrators, roles everywhere and on hosts."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from accounts_app.selectors import user_named
from accounts_app.selectors import users as all_users
from accounts_app.services import create_user, password_errors, revoke_all_tokens
from accounts_app.signin import end_sessions, require_step_up
from core.errors import Conflict, FieldError, Forbidden, Invalid
from core.live import end_sockets_on_commit
from hosts_app.models import Grant, Host

EVERYWHERE = "*"  # in place of a host's slug: all hosts, also those to come
Roles = Mapping[str, Role]  # host slug or EVERYWHERE → role there
ROLE_WORDS = {role.name.lower(): role for role in Role}  # viewer, operator, administrator


# -- Reading -------------------------------------------------------------------------------


def users(actor: User) -> QuerySet[User]:
    """Every account, by name, with its grants. Raises Forbidden."""
    _require_administrator(actor)
    return all_users().prefetch_related("grants__host")


def user_for(actor: User, username: str) -> User:
    """One account. Raises Forbidden, NotFound."""
    _require_administrator(actor)
    return user_named(username)


def roles_of(user: User) -> dict[str, Role]:
    """Where `user` has which role, by slug; all hosts are EVERYWHERE."""
    roles = {EVERYWHERE: Role(user.fleet_role)} if user.fleet_role is not None else {}
    grants = sorted(user.grants.select_related("host"), key=lambda grant: grant.host.slug)
    return roles | {grant.host.slug: Role(grant.role) for grant in grants}


def is_last_administrator(user: User) -> bool:
    """Whether nobody else could administer this site."""
    administers = user.is_active and user.fleet_role == Role.ADMINISTRATOR
    return administers and not _other_administrators(user).exists()


# -- Changing ------------------------------------------------------------------------------


def create(
    actor: User, username: str, password: str, roles: Roles, *, confirmation: str = ""
) -> User:
    """A new account with these roles. `confirmation` is the actor's own password (step-up).

    Raises Forbidden, StepUpRequired, Invalid at username, password or grants.
    """
    _require_administrator(actor)
    require_step_up(actor, confirmation)
    with transaction.atomic():
        hosts = _hosts(roles)
        user = create_user(
            actor,
            username.strip(),
            password,
            fleet_role=roles.get(EVERYWHERE),
            roles=_words(roles),
        )
        _grant(user, hosts, roles)
    return user


def set_roles(actor: User, username: str, roles: Roles, *, confirmation: str = "") -> User:
    """Give `username` exactly these roles; a change ends all their sessions (A8, A9).

    Raises Forbidden, StepUpRequired, NotFound, Invalid at grants, Conflict.
    """
    return change(actor, username, roles=roles, confirmation=confirmation)


def set_active(actor: User, username: str, *, active: bool, confirmation: str = "") -> User:
    """Enable, or disable: sessions end at once, and tokens have no effect any more (A9)."""
    return change(actor, username, active=active, confirmation=confirmation)


def set_password(
    actor: User,
    username: str,
    password: str,
    *,
    revoke_tokens: bool = False,
    confirmation: str = "",
) -> User:
    """A new password for somebody else; their sessions end, and if asked their tokens (A9)."""
    return change(
        actor,
        username,
        password=password,
        revoke_tokens=revoke_tokens,
        confirmation=confirmation,
    )


def change(
    actor: User,
    username: str,
    *,
    roles: Roles | None = None,
    active: bool | None = None,
    password: str | None = None,
    revoke_tokens: bool = False,
    confirmation: str = "",
) -> User:
    """Whatever of this is given, all or nothing. What changes nothing is no error.

    Raises Forbidden, StepUpRequired, NotFound, Invalid at grants or password, and Conflict
    where it would leave no administrator or take the actor's own rights.
    """
    _require_administrator(actor)
    require_step_up(actor, confirmation)
    with transaction.atomic():
        user = _locked(actor, username)
        if password is not None:
            _set_password(actor, user, password, revoke_tokens=revoke_tokens)
        if roles is not None:
            _set_roles(actor, user, roles)
        if active is not None and active != user.is_active:
            _set_active(actor, user, active=active)
    return user


def end_all_sessions(actor: User, username: str, *, confirmation: str = "") -> int:
    """Sign somebody out of every browser; how many there were (A9)."""
    _require_administrator(actor)
    require_step_up(actor, confirmation)
    with transaction.atomic():
        user = _locked(actor, username)
        audit.record(
            actor, "session.delete", target="all", target_name=user.username, outcome="succeeded"
        )
        return end_sessions(user)


def revoke_tokens(actor: User, username: str, *, confirmation: str = "") -> int:
    """End every token of somebody; how many there were."""
    _require_administrator(actor)
    require_step_up(actor, confirmation)
    with transaction.atomic():
        user = _locked(actor, username)
        audit.record(
            actor, "token.delete", target="all", target_name=user.username, outcome="succeeded"
        )
        return revoke_all_tokens(user)


def delete(actor: User, username: str, *, confirmation: str = "") -> None:
    """Remove an account with its sessions, tokens and grants; what it did stays in the trail.

    Raises Forbidden, StepUpRequired, NotFound, Conflict.
    """
    _require_administrator(actor)
    require_step_up(actor, confirmation)
    with transaction.atomic():
        user = _locked(actor, username)
        _refuse_own(actor, user, _("You cannot delete your own account."))
        _refuse_last(user)
        audit.record(
            actor,
            "user.delete",
            target=str(user.pk),
            target_name=user.username,
            outcome="succeeded",
        )
        end_sessions(user)
        user.delete()


# -- How -----------------------------------------------------------------------------------


def _require_administrator(actor: User) -> None:
    if not actor.is_administrator:
        raise Forbidden(
            _("Only administrators of all hosts may do this."),
            hint=_("Ask one of them."),
        )


def _locked(actor: User, username: str) -> User:
    """The account, which nobody else changes until we commit."""
    found = user_for(actor, username)
    # all administrators with it: two who demote each other at once would leave nobody
    administrators = User.objects.filter(fleet_role=Role.ADMINISTRATOR)
    list(administrators.select_for_update().order_by("pk").values_list("pk"))
    return User.objects.select_for_update().get(pk=found.pk)


def _other_administrators(user: User) -> QuerySet[User]:
    return User.objects.filter(is_active=True, fleet_role=Role.ADMINISTRATOR).exclude(pk=user.pk)


def _refuse_last(user: User) -> None:
    if is_last_administrator(user):
        raise Conflict(
            _("%(name)s is the last administrator of all hosts.") % {"name": user.username},
            hint=_("Make somebody else administrator of all hosts first."),
        )


def _refuse_own(actor: User, user: User, message: str) -> None:
    if actor.pk == user.pk:
        raise Conflict(message, hint=_("Ask another administrator of all hosts."))


def _set_password(actor: User, user: User, password: str, *, revoke_tokens: bool) -> None:
    if actor.pk == user.pk and actor.token is None:
        raise Conflict(
            _("You cannot set your own password here."), hint=_("Change it in Profile.")
        )
    if wrong := password_errors(password, user):
        raise Invalid(wrong[0].message, errors=wrong)
    audit.record(
        actor,
        "user.password",
        target=str(user.pk),
        target_name=user.username,
        outcome="succeeded",
        also_tokens=revoke_tokens,
    )
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user)
    if revoke_tokens:
        revoke_all_tokens(user)


def _set_roles(actor: User, user: User, roles: Roles) -> None:
    hosts = _hosts(roles)
    before = roles_of(user)
    if dict(roles) == before:
        return
    if roles.get(EVERYWHERE) != Role.ADMINISTRATOR:
        if user.fleet_role == Role.ADMINISTRATOR:
            _refuse_own(actor, user, _("You cannot take your own administration of all hosts."))
        _refuse_last(user)
    audit.record(
        actor,
        "user.roles",
        target=str(user.pk),
        target_name=user.username,
        outcome="succeeded",
        before=_words(before),
        after=_words(roles),
    )
    user.fleet_role = roles.get(EVERYWHERE)
    user.save(update_fields=["fleet_role"])
    user.grants.all().delete()
    _grant(user, hosts, roles)
    end_sessions(user)


def _set_active(actor: User, user: User, *, active: bool) -> None:
    if not active:
        _refuse_own(actor, user, _("You cannot disable your own account."))
        _refuse_last(user)
    audit.record(
        actor,
        "user.enable" if active else "user.disable",
        target=str(user.pk),
        target_name=user.username,
        outcome="succeeded",
    )
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        end_sessions(user)
    end_sockets_on_commit(user.pk)


def _hosts(roles: Roles) -> list[Host]:
    """The hosts named in `roles`. Raises Invalid at grants."""
    slugs = set(roles) - {EVERYWHERE}
    hosts = list(Host.objects.filter(slug__in=slugs))
    unknown = sorted(slugs - {host.slug for host in hosts})
    if unknown:
        errors = [
            FieldError("grants", _("No such host: %(name)s") % {"name": name}) for name in unknown
        ]
        raise Invalid(errors[0].message, errors=errors)
    return hosts


def _grant(user: User, hosts: list[Host], roles: Roles) -> None:
    Grant.objects.bulk_create(Grant(user=user, host=host, role=roles[host.slug]) for host in hosts)


def _words(roles: Roles) -> dict[str, str]:
    return {place: role.name.lower() for place, role in roles.items()}
