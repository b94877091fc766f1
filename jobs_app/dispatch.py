"""Waking a worker for a Job. The message carries the id and nothing else (F5)."""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from jobs_app.models import Job

logger = logging.getLogger(__name__)

PATIENCE_S = 1.0  # a queue that is frozen costs a request no more; the outbox sends again (R40)
_pool = ThreadPoolExecutor(4, thread_name_prefix="wake-up")


def send_on_commit(job: Job) -> None:
    """Queue it once this transaction stands; the outbox repeats what could not be sent (R40)."""
    transaction.on_commit(partial(send, job))


def send_next(job: Job) -> None:
    """A transfer has ended: wake a worker for those that wait for its engines, the first first."""
    if job.queue != "transfers":
        return
    for host in job.engines:
        waiting = Job.objects.filter(
            queue=job.queue,
            host_id=host,
            state=Job.State.QUEUED,
            parent=None,
            cancel_asked=None,
        )
        for each in waiting.order_by("pk")[: settings.TRANSFERS_PER_HOST]:
            send(each)


def send(job: Job) -> None:
    Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(sent=now())
    try:
        wake_up = partial(current_app.send_task, job.kind, [job.pk], queue=job.queue, retry=False)
        _pool.submit(wake_up).result(PATIENCE_S)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("job %s waits for the queue to come back: %r", job.pk, error)
