"""Waking a worker for a Job. The message carries the id and nothing else (F5)."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from jobs_app.models import Job

logger = logging.getLogger(__name__)


def send_on_commit(job: Job) -> None:
    """Queue it once this transaction stands; the outbox repeats what could not be sent (R40)."""
    transaction.on_commit(partial(send, job))


def send(job: Job) -> None:
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(sent=now())
    try:
        current_app.send_task(job.kind, [job.pk], queue=job.queue, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("job %s waits for the queue to come back: %s", job.pk, error)
