"""Registries: servers that hold repositories of images, and how we reach each."""

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import pgettext_lazy


class Registry(models.Model):
    """A registry as an administrator entered it, and what the last check found of it.

    A mirror is a registry that serves the images of another one, `mirror_of`: pulls try it
    first, the one chosen last before the others.
    """

    class Kind(models.TextChoices):
        HUB = "hub", "Docker Hub"
        GHCR = "ghcr", "GitHub (GHCR)"
        QUAY = "quay", "Quay"
        GITLAB = "gitlab", "GitLab"
        HARBOR = "harbor", "Harbor"
        DISTRIBUTION = "distribution", pgettext_lazy("registry kind", "Distribution (plain)")
        OTHER = "other", pgettext_lazy("registry kind", "Other")

    class MirrorKind(models.TextChoices):
        ROOT = "root", pgettext_lazy("mirror kind", "Same paths")
        PREFIX = "prefix", pgettext_lazy("mirror kind", "Under a prefix")
        NS = "ns", pgettext_lazy("mirror kind", "By the parameter ns")

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(max_length=255)  # http(s)://host[:port][/path]
    domain = models.CharField(max_length=255, db_index=True)  # its part of image references
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.OTHER)
    username = models.CharField(max_length=255, blank=True)
    password_sealed = models.TextField(blank=True)
    ca = models.TextField(blank=True)  # PEM; public
    cert_sealed = models.TextField(blank=True)
    key_sealed = models.TextField(blank=True)
    skip_verify = models.BooleanField(default=False)
    realms = models.JSONField(default=list, blank=True)  # origins confirmed for its sign-in
    created = models.DateTimeField(default=now)
    version = models.BigIntegerField(default=0)  # grows with every change of how it is reached

    mirror_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="mirrors"
    )
    mirror_kind = models.CharField(max_length=8, choices=MirrorKind.choices, blank=True)
    mirror_prefix = models.CharField(max_length=255, blank=True)
    mirror_chosen = models.DateTimeField(null=True, blank=True)

    capabilities = models.JSONField(default=dict, blank=True)  # what the last check found
    steps = models.JSONField(default=list, blank=True)  # the last check, step by step
    checked = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)  # why the last check failed
    budget = models.JSONField(null=True, blank=True)  # limit, remaining, window_s, at, source

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(mirror_of=None) | Q(mirror_kind__in=["root", "prefix", "ns"]),
                name="mirror_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def encrypted(self) -> bool:
        return self.url.startswith("https://")

    @property
    def signs_in(self) -> bool:
        return bool(self.username or self.password_sealed)

    @property
    def path(self) -> str:
        """A path before /v2/, under which engines cannot pull; mostly ""."""
        return self.url.partition("://")[2].partition("/")[2]
