"""Who: people, their sign-ins and tokens, and the trail of what they did."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.IntegerChoices):
    """What a user may do on a host; each role includes those below it."""

    VIEWER = 1, pgettext_lazy("role", "Viewer")
    OPERATOR = 2, pgettext_lazy("role", "Operator")
    ADMINISTRATOR = 3, pgettext_lazy("role", "Administrator")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """A person with an account. `fleet_role` holds on all hosts; Grants give roles on single ones.

    `token` is set while a request or socket is authenticated by one: it can only take away.
    """

    username = models.CharField(
        _("user name"),
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(
                r"^[\w.@+-]+\Z", _("Letters, digits and the characters . @ + - _ only.")
            )
        ],
    )
    fleet_role = models.PositiveSmallIntegerField(choices=Role.choices, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True)
    shortcuts = models.BooleanField(default=True)  # single-letter keys (WCAG 2.1.4)
    created = models.DateTimeField(default=now)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()
    token: "ApiToken | None" = None

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="one_user_per_name_in_any_case")
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_administrator(self) -> bool:
        """Of all hosts, and so of people, hosts and the audit trail."""
        return self.may_everywhere(Role.ADMINISTRATOR)

    def may_everywhere(self, role: Role) -> bool:
        if not self.is_active or self.fleet_role is None or self.fleet_role < role:
            return False
        return self.token is None or (self.token.role >= role and self.token.hosts is None)


class ApiToken(models.Model):
    """A script's key to the API: a subset of its owner's rights. Only a hash of it is kept."""

    SCOPES = {"read": Role.VIEWER, "operate": Role.OPERATOR, "admin": Role.ADMINISTRATOR}

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hex
    scope = models.CharField(max_length=10, choices=[(scope, scope) for scope in SCOPES])
    hosts = models.JSONField(null=True, blank=True)  # slugs, or null for all of the owner's
    created = models.DateTimeField(default=now)
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"

    @property
    def role(self) -> Role:
        return self.SCOPES[self.scope]


class UserSession(models.Model):
    """One browser in which a user is signed in: what its owner sees, and what ends when idle."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    ip = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField(default=now)
    seen = models.DateTimeField(default=now)
    confirmed = models.DateTimeField(null=True)  # when the password was last given (step-up)

    def __str__(self) -> str:
        return f"{self.user} from {self.ip}"


class SignInFailure(models.Model):
    """A wrong password, kept as long as the limit counts it (A5)."""

    name = models.CharField(max_length=120, db_index=True)  # folded: see signin.folded
    ip = models.CharField(max_length=45, db_index=True)
    at = models.DateTimeField(default=now, db_index=True)

    def __str__(self) -> str:
        return f"{self.name} from {self.ip}"


class SetupToken(models.Model):
    """The one-time key to the setup page; only its hash is kept, and it lives an hour (A2)."""

    digest = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return f"until {self.expires}"


class AuditEntry(models.Model):
    """One line of the trail: written before the deed (`requested`), and after it (its outcome).

    Nothing points to other tables: names and ids are copied, since both may change. Rows are
    never updated or deleted (triggers see to it) and chained by `mac`.
    """

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=60, db_index=True)
    actor_id = models.BigIntegerField(null=True)
    auth = models.CharField(max_length=10)  # session | token | system | none
    session = models.CharField(max_length=16, blank=True)  # a hash
    ip = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=60, db_index=True)
    host = models.CharField(max_length=100, blank=True, db_index=True)
    target = models.CharField(max_length=255, blank=True)
    target_name = models.CharField(max_length=255, blank=True)
    params = models.JSONField(default=dict)
    outcome = models.CharField(max_length=12)
    request_id = models.CharField(max_length=12, blank=True)
    job = models.BigIntegerField(null=True)
    key_id = models.CharField(max_length=20)
    mac = models.CharField(max_length=64)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.target_name}"


class AuditHead(models.Model):
    """The newest link of the chain; its single row is what writers of the trail wait for."""

    last = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.last} {self.mac}"


class DeniedAttempt(models.Model):
    """What somebody tried and may not, counted by the hour so that nobody floods the trail."""

    hour = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=60)
    ip = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=255, blank=True)
    count = models.PositiveIntegerField(default=1)
    last = models.DateTimeField()

    class Meta:
        ordering = ["-last"]
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "actor", "ip", "action", "target"], name="one_denied_row_per_hour"
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.count} times"
