"""What keeps Jobs honest without anybody asking: outbox, reaper, retention."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from core.live import publish_on_commit
from jobs_app.dispatch import send
from jobs_app.lifecycle import in_language_of, say
from jobs_app.models import Heartbeat, Job
from jobs_app.words import state_line

logger = logging.getLogger(__name__)

SEND_AGAIN = timedelta(seconds=10)  # a wake-up may be lost with Redis (R40)
ATTEMPTS = 5  # a job that kills its worker each time must not do so for ever


def send_waiting() -> None:
    """The outbox: wake workers for queued jobs whose message was lost or never sent."""
    waiting = Job.objects.filter(state=Job.State.QUEUED, parent=None, cancel_asked=None).filter(
        Q(sent=None) | Q(sent__lt=now() - SEND_AGAIN)
    )
    for job in waiting.order_by("pk")[:500]:
        send(job)


def take_from_the_dead() -> None:
    """The reaper: what a dead worker held runs again where that is harmless, else ends."""
    for job in Job.objects.filter(state=Job.State.RUNNING, lease__lt=now()):
        with in_language_of(job):
            _take(job)
    orphans = Job.objects.filter(state=Job.State.QUEUED, parent__state__in=Job.FINAL)
    for job in orphans.select_related("actor"):
        with in_language_of(job):
            _end(job, _("Its bulk job ended before its turn came."))


@transaction.atomic
def _take(job: Job) -> None:
    if not job.repeatable or job.attempt >= ATTEMPTS:
        _end(job, _("The worker that did this died, and doing it twice could do harm."))
        return
    taken = Job.objects.filter(
        pk=job.pk, state=Job.State.RUNNING, attempt=job.attempt, lease=job.lease
    ).update(state=Job.State.QUEUED, owner="", lease=None, sent=None)
    if taken:
        logger.warning("job %s: its worker died; it runs again", job.pk)
        say(job, _("the worker died; queued again"))
        publish_on_commit(job.host_id, "job", [job.pk])


@transaction.atomic
def _end(job: Job, error: str) -> None:
    ended = Job.objects.filter(
        pk=job.pk, state=job.state, attempt=job.attempt, lease=job.lease
    ).update(state=Job.State.INTERRUPTED, error=error, finished=now(), lease=None)
    if not ended:
        return
    logger.warning("job %s: interrupted", job.pk)
    say(job, state_line(Job.State.INTERRUPTED, error))
    if not job.is_bulk:
        audit.record(
            job.actor,
            job.kind,
            host=job.host_name,
            target=job.target,
            target_name=job.target_name,
            outcome=Job.State.INTERRUPTED,
            job=job.pk,
        )
    publish_on_commit(job.host_id, "job", [job.pk])


def forget_old() -> None:
    """Keep 90 days or 10,000 jobs, whichever is less; never forget one that has not ended."""
    ended = Job.objects.filter(state__in=Job.FINAL, parent=None)
    ended.filter(created__lt=now() - timedelta(days=settings.JOBS_KEPT_DAYS)).delete()
    first_surplus = ended.order_by("-pk").values_list("pk", flat=True)[
        settings.JOBS_KEPT : settings.JOBS_KEPT + 1
    ]
    for pk in first_surplus:
        ended.filter(pk__lte=pk).delete()


def silent(queue: str, how_long: timedelta) -> bool:
    """Whether workers of `queue` have shown no work for so long: no canary came back, and no
    lease is kept. All their threads may be busy; then canaries wait, and leases are renewed.
    """
    heard = Heartbeat.objects.filter(part=f"worker.{queue}", at__gt=now() - how_long)
    held = Job.objects.filter(queue=queue, state=Job.State.RUNNING, lease__gt=now())
    return not heard.exists() and not held.exists()


def beat(part: str, **detail: object) -> None:
    """Write down that this part of the dashboard just did some work (R43)."""
    Heartbeat.objects.update_or_create(part=part, defaults={"at": now(), "detail": detail})
