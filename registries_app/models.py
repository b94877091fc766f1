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


class Index(models.Model):
    """How far a registry's repositories are known here. Of Docker Hub, only what was named."""

    registry = models.OneToOneField(Registry, models.CASCADE, related_name="index")
    named_at = models.DateTimeField(null=True)  # when the names of its repositories were read
    complete = models.BooleanField(default=True)  # all names; not only the first 10,000
    indexed_at = models.DateTimeField(null=True)  # when every tag was last looked at
    begun_at = models.DateTimeField(null=True)  # of the look that is going on, if one is
    failures = models.PositiveIntegerField(default=0)  # looks in a row that failed by themselves
    retry_at = models.DateTimeField(null=True)  # not looked at by itself before
    error = models.TextField(blank=True)  # why the names could not be read
    code = models.CharField(max_length=40, blank=True)  # the kind of that error

    def __str__(self) -> str:
        return f"index of {self.registry}"


class Repository(models.Model):
    """A repository of a registry: listed by it, or pinned by somebody who knows its name."""

    registry = models.ForeignKey(Registry, models.CASCADE, related_name="repositories")
    name = models.CharField(max_length=255)
    listed = models.BooleanField(default=False)  # by the registry, when it was last asked
    pinned = models.BooleanField(default=False)
    about = models.CharField(max_length=300, blank=True)  # in the words of its owner
    tag_count = models.PositiveIntegerField(null=True)  # None: not counted yet
    complete = models.BooleanField(default=True)  # all its tags are known, not the first 10,000
    scanned_at = models.DateTimeField(null=True)  # when the names of its tags were last read
    error = models.TextField(blank=True)  # why they could not be

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["registry", "name"], name="repository_per_registry")
        ]

    def __str__(self) -> str:
        return f"{self.registry.domain}/{self.name}"


class Tag(models.Model):
    """A tag of a repository, and the manifest that it stood for when it was last looked at."""

    class Kind(models.TextChoices):
        TAG = "tag"
        SIGNATURE = "signature"  # made by cosign, or for want of a list of referrers

    repository = models.ForeignKey(Repository, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=128)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TAG)
    digest = models.CharField(max_length=140, blank=True)  # "" before it was looked at
    seen_at = models.DateTimeField(null=True)  # when it was
    pushed = models.DateTimeField(null=True)  # where the registry's own API says it
    error = models.CharField(max_length=400, blank=True)  # why it could not be looked at

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["repository", "name"], name="tag_per_repository")
        ]
        indexes = [models.Index(fields=["digest"]), models.Index(fields=["name"])]

    def __str__(self) -> str:
        return f"{self.repository}:{self.name}"


class Manifest(models.Model):
    """A manifest by its digest, the same in every registry: read once, and kept.

    `platforms` is as details.assemble makes it; of an index that lacked parts it is made again.
    """

    digest = models.CharField(max_length=140, unique=True)
    kind = models.CharField(max_length=10)  # index, image, schema1, artifact, unreadable
    media_type = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(null=True)  # compressed bytes, each layer once
    created = models.DateTimeField(null=True)
    platforms = models.JSONField(default=list)
    attestations = models.JSONField(default=list)
    labels = models.JSONField(default=dict)
    artifact = models.CharField(max_length=200, blank=True)  # what it is, where it is no image
    subject = models.CharField(max_length=140, blank=True)  # what it belongs to
    complete = models.BooleanField(default=True)  # all its parts could be had
    raw = models.BinaryField()  # its exact bytes
    config = models.BinaryField(null=True)  # the configuration of an image
    read_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["subject"])]

    def __str__(self) -> str:
        return self.digest
