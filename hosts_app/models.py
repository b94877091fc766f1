"""Where: hosts, what we know of each, and who may do what on it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import pgettext_lazy

from accounts_app.models import Role, User

SKEW_SHOWN_S = 5.0  # R31


class HostQuerySet(models.QuerySet["Host"]):
    def for_user(self, user: User, role: Role = Role.VIEWER) -> "HostQuerySet":
        """The hosts where `user` has at least `role`; a token takes away, never gives."""
        if not user.is_active or (user.token and user.token.role < role):
            return self.none()
        hosts = self
        if user.token and user.token.hosts is not None:
            hosts = hosts.filter(slug__in=user.token.hosts)
        if user.fleet_role is not None and user.fleet_role >= role:
            return hosts
        granted = Grant.objects.filter(user=user, role__gte=role).values("host")
        return hosts.filter(pk__in=granted)


class Host(models.Model):
    """A Docker host: one engine that we can reach, and its state as last found.

    unchecked -> reachable <-> slow | hung | down | refused | tls_failed | too_old
    """

    class State(models.TextChoices):
        UNCHECKED = "unchecked", pgettext_lazy("host state", "Not checked yet")
        REACHABLE = "reachable", pgettext_lazy("host state", "Reachable")
        SLOW = "slow", pgettext_lazy("host state", "Slow")
        HUNG = "hung", pgettext_lazy("host state", "Hung: accepts, but does not answer")
        DOWN = "down", pgettext_lazy("host state", "Down")
        REFUSED = "refused", pgettext_lazy("host state", "Refused: no permission")
        TLS_FAILED = "tls_failed", pgettext_lazy("host state", "TLS failed")
        TOO_OLD = "too_old", pgettext_lazy("host state", "Engine too old")

    ANSWERING = (State.REACHABLE, State.SLOW)

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(max_length=255)  # unix:///… or tcp://host:port
    ca = models.TextField(blank=True)  # PEM; public
    cert_sealed = models.TextField(blank=True)
    key_sealed = models.TextField(blank=True)
    address = models.CharField(max_length=255, blank=True)  # for links to published ports
    labels = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(default=now)

    state = models.CharField(max_length=12, choices=State.choices, default=State.UNCHECKED)
    state_since = models.DateTimeField(default=now)
    error = models.TextField(blank=True)  # the engine's own words
    as_of = models.DateTimeField(null=True)  # when its containers were last listed whole
    latency_ms = models.FloatField(null=True)
    skew_s = models.FloatField(default=0.0)  # its clock minus ours
    engine = models.JSONField(default=dict)  # version, api, os, arch, cpus, memory, id, …
    disk = models.JSONField(null=True)  # the answer of /system/df, on demand
    disk_as_of = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0)  # grows with every change of it or of its rows

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def answering(self) -> bool:
        return self.state in self.ANSWERING

    @property
    def protected(self) -> bool:
        """A unix socket, or TLS in which both sides show certificates; else pages say so (E7)."""
        return self.url.startswith("unix://") or bool(
            self.ca and self.cert_sealed and self.key_sealed
        )

    @property
    def clock_ahead(self) -> timedelta:
        """How far its clock is ahead of ours, where that is more than a reader would overlook."""
        return timedelta(seconds=self.skew_s if abs(self.skew_s) > SKEW_SHOWN_S else 0)

    @property
    def facts(self) -> dict[str, Any]:
        """The part of `engine` that the API promises."""
        names = ("version", "api", "os", "arch", "cpus", "memory")
        return {name: self.engine.get(name) for name in names}


class HostState(models.Model):
    """One stretch of a host's reachability: how it was, from when, in the engine's words."""

    host = models.ForeignKey(Host, models.CASCADE, related_name="history")
    state = models.CharField(max_length=12, choices=Host.State.choices)
    error = models.TextField(blank=True)
    since = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-since"]

    def __str__(self) -> str:
        return f"{self.host} {self.state} since {self.since}"


class Grant(models.Model):
    """A user's role on one host. A role on all hosts is `User.fleet_role`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="grants")
    host = models.ForeignKey(Host, models.CASCADE, related_name="grants")
    role = models.PositiveSmallIntegerField(choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "host"], name="one_role_per_host"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="grant_of_a_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {Role(self.role).label} on {self.host}"
