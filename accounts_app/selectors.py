"""Facts about people."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts_app.models import ApiToken, AuditEntry, Role, User, UserSession
from core.errors import NotFound


def admin_exists() -> bool:
    """Whether anybody could sign in and administer this site."""
    return User.objects.filter(is_active=True, fleet_role=Role.ADMINISTRATOR).exists()


def active_user(pk: int) -> User | None:
    """The account as it is now, unless it is gone or disabled."""
    return User.objects.filter(pk=pk, is_active=True).first()


def user_named(username: str) -> User:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise NotFound(_("No such user: %(name)s") % {"name": username})
    return user


def users() -> QuerySet[User]:
    return User.objects.order_by("username")


def sessions_of(user: User) -> QuerySet[UserSession]:
    return UserSession.objects.filter(user=user).order_by("-seen")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user).order_by("-pk")


def trail() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.order_by("-pk")
