"""Images of hosts as their engines last described them."""

from django.db import models
from django.utils.timezone import now

from accounts_app.models import Role, User
from hosts_app.models import Host
from jobs_app.models import Job


class ImageQuerySet(models.QuerySet["Image"]):
    def for_user(self, user: User, role: Role = Role.VIEWER) -> "ImageQuerySet":
        return self.filter(host__in=Host.objects.for_user(user, role))


class Image(models.Model):
    """An image on one host. The engine owns it; we only remember."""

    host = models.ForeignKey(Host, models.CASCADE, related_name="images")
    docker_id = models.CharField(max_length=80)  # sha256:…
    tags = models.JSONField(default=list)
    digests = models.JSONField(default=list)
    labels = models.JSONField(default=dict)
    size_bytes = models.BigIntegerField()
    created = models.DateTimeField()
    version = models.BigIntegerField(default=0)
    since = models.DateTimeField(default=now)  # when it got the digests that it has

    objects = ImageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "docker_id"], name="image_per_host")
        ]

    def __str__(self) -> str:
        return f"{self.label} on {self.host}"

    @property
    def label(self) -> str:
        """What a person calls it: its first tag, else the short id."""
        return self.tags[0] if self.tags else self.short_id

    @property
    def short_id(self) -> str:
        return self.docker_id.removeprefix("sha256:")[:12]

    @property
    def stale(self) -> bool:
        return not self.host.answering


class Newest(models.Model):
    """What a registry said that a tag stands for, and how the last question ended."""

    reference = models.CharField(max_length=400, unique=True)  # as engines write it: nginx:1.27
    digest = models.CharField(max_length=140, blank=True)
    checked = models.DateTimeField(null=True)  # when it said so
    tried = models.DateTimeField(default=now)  # when it was last asked
    error = models.CharField(max_length=400, blank=True)  # why it did not answer then

    def __str__(self) -> str:
        return self.reference


class Build(models.Model):
    """What of a build Job is kept to look at, and to build again; its values are in the Job."""

    job = models.OneToOneField(Job, models.CASCADE, related_name="build")
    dockerfile = models.TextField(blank=True)  # "" where the engine fetches it by itself
    spool = models.CharField(max_length=60, blank=True)  # its context on our disk, until the end

    def __str__(self) -> str:
        return f"build {self.job_id}"
