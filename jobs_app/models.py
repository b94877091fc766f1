"""What was asked, and what became of it."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import pgettext_lazy

from accounts_app.models import Role, User
from hosts_app.models import Host

LONG = timedelta(seconds=10)  # what takes longer is told when it ends, wherever one is by then


class JobQuerySet(models.QuerySet["Job"]):
    def for_user(self, user: User, role: Role = Role.VIEWER) -> "JobQuerySet":
        """Jobs on hosts that `user` sees; those of several hosts, or of none, where they are
        his own."""
        hosts = Host.objects.for_user(user, role)
        if user.may_everywhere(role):
            return self
        return self.filter(Q(host__in=hosts) | Q(host=None, actor=user))

    def open(self) -> "JobQuerySet":
        return self.filter(state__in=Job.OPEN)


class Job(models.Model):
    """One thing somebody asked an engine to do, from the request to its end.

    queued -> running -> succeeded | failed | cancelled | interrupted | unknown
    queued -> cancelled
    running -> queued, when its worker died and doing it again does no harm (`repeatable`)

    `kind` is the name of the Celery task that does it. A worker holds the job by a lease that
    it renews; `owner` and `attempt` fence off a worker that comes back from the dead.
    """

    class State(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("job state", "Queued")
        RUNNING = "running", pgettext_lazy("job state", "Running")
        SUCCEEDED = "succeeded", pgettext_lazy("job state", "Succeeded")
        FAILED = "failed", pgettext_lazy("job state", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("job state", "Cancelled")
        INTERRUPTED = "interrupted", pgettext_lazy("job state", "Interrupted")
        UNKNOWN = "unknown", pgettext_lazy("job state", "Outcome unknown")

    # kinds of which not all is kept that a retry would need
    ONCE = frozenset({"image.build", "image.load", "image.import"})
    # kinds beside which a thing can be changed as ever: it does not count as busy with them
    BESIDE = frozenset({"container.commit"})
    OPEN = (State.QUEUED, State.RUNNING)
    FINAL = (
        State.SUCCEEDED,
        State.FAILED,
        State.CANCELLED,
        State.INTERRUPTED,
        State.UNKNOWN,
    )

    kind = models.CharField(max_length=60)
    key = models.UUIDField(default=uuid.uuid4, unique=True)  # label of what it creates (R7)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=60)
    role = models.PositiveSmallIntegerField(choices=Role.choices)  # needed at start again (B10)
    host = models.ForeignKey(Host, models.SET_NULL, null=True, related_name="+")  # or of none
    host_name = models.CharField(max_length=100, blank=True)
    target = models.CharField(max_length=255, blank=True)  # Docker's own id or reference
    target_name = models.CharField(max_length=255, blank=True)
    params = models.JSONField(default=dict)
    language = models.CharField(max_length=12, blank=True)  # what is said of it is said in this
    sealed = models.TextField(blank=True)  # what of the params is secret, see core.sealed
    repeatable = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    progress = models.FloatField(null=True)  # 0 to 1
    text = models.TextField(blank=True)
    detail = models.JSONField(null=True)  # of what the progress is made: layers, steps
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    created = models.DateTimeField(default=now)
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    retry_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    idempotency_key = models.CharField(max_length=200, null=True)
    cancel_asked = models.DateTimeField(null=True)
    seen = models.DateTimeField(null=True)  # when who asked for it learnt how it ended
    dismissed = models.DateTimeField(null=True)  # its error is no longer shown on the row

    queue = models.CharField(max_length=20, default="interactive")
    sent = models.DateTimeField(null=True)  # when a wake-up was last put on the queue
    owner = models.CharField(max_length=80, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    lease = models.DateTimeField(null=True)  # until when the owner counts as alive
    version = models.BigIntegerField(default=0)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "lease"]),
            models.Index(fields=["host", "target", "state"]),
            models.Index(fields=["created"]),
            models.Index(fields=["actor", "finished"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"], name="one_job_per_idempotency_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_name or self.target} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def engines(self) -> list[int]:
        """Keys of the hosts that it keeps busy: its own, and that from which an image is sent."""
        found = {self.host_id, self.params.get("from_host")} - {None}
        return sorted(pk for pk in found if isinstance(pk, int))

    @property
    def is_bulk(self) -> bool:
        return self.kind.endswith((".bulk", ".prune"))

    @property
    def is_long(self) -> bool:
        """Whether nobody waits for it on the page where he asked for it."""
        took = self.finished - self.started if self.finished and self.started else timedelta()
        return self.queue == "transfers" or took > LONG

    @property
    def lost_its_host(self) -> bool:
        """The host that it was about is no longer known; a job of no host has lost none."""
        return self.host_id is None and self.host_name != ""


class JobLine(models.Model):
    """One line of a job's log, numbered from 1."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="lines")
    n = models.PositiveIntegerField()
    at = models.DateTimeField(default=now)
    text = models.TextField()

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["job", "n"], name="one_line_per_number")]

    def __str__(self) -> str:
        return self.text


class Heartbeat(models.Model):
    """A part of the dashboard that proved by work that it lives (R43): worker, watcher, …"""

    part = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField(default=now)
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.part} at {self.at}"
