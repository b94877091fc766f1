"""Containers of hosts as their engines last described them."""

from django.conf import settings
from django.db import models

from accounts_app.models import Role, User
from hosts_app.models import Host
from images_app.models import Image


class ContainerQuerySet(models.QuerySet["Container"]):
    def for_user(self, user: User, role: Role = Role.VIEWER) -> "ContainerQuerySet":
        return self.filter(host__in=Host.objects.for_user(user, role))


class Container(models.Model):
    """A container on one host. The engine owns it; we only remember.

    `gone` rows are tombstones: kept for a day so that an open page can say what happened.
    """

    host = models.ForeignKey(Host, models.CASCADE, related_name="containers")
    docker_id = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    image_ref = models.CharField(max_length=512)  # as given when it was created
    image_id = models.CharField(max_length=80)
    image_row = models.ForeignKey(Image, models.SET_NULL, null=True, related_name="containers")
    state = models.CharField(max_length=12)  # Docker's word
    status = models.CharField(max_length=100)  # Docker's sentence, as of `seen`
    health = models.CharField(max_length=12, blank=True)
    exit_code = models.IntegerField(null=True)
    project = models.CharField(max_length=255, blank=True)
    service = models.CharField(max_length=255, blank=True)
    labels = models.JSONField(default=dict)
    ports = models.JSONField(default=list)  # [{container, protocol, host, address}]
    port_words = models.CharField(max_length=400, blank=True)  # ",8080,80,": for the filter
    created = models.DateTimeField()
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    confirmed = models.DateTimeField()  # when this row was last read alone or changed
    version = models.BigIntegerField(default=0)
    gone = models.DateTimeField(null=True)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    locked_at = models.DateTimeField(null=True)

    objects = ContainerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "docker_id"], name="container_per_host")
        ]
        indexes = [
            models.Index(fields=["host", "name"]),
            models.Index(fields=["gone", "state"]),
            models.Index(fields=["project"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"

    @property
    def locked(self) -> bool:
        return self.locked_at is not None

    @property
    def stale(self) -> bool:
        return not self.host.answering

    @property
    def failed(self) -> bool:
        """Dead, or ended with another exit code than 0."""
        return self.state == "dead" or (self.state == "exited" and self.exit_code not in {0, None})
