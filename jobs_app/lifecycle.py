"""The worker's side of a Job: it is claimed once, kept by a lease, and ends exactly once."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Max, Q
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role
from core.errors import DashboardError
from core.live import publish_on_commit
from engine.errors import EngineError
from hosts_app.models import Host
from jobs_app.models import Job, JobLine
from jobs_app.words import state_line

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)  # a worker that is silent for so long is dead (R41)
HEARTBEAT_S = 2.0
LINES_KEPT = 2000  # progress lines of one job (R47)
LINES_AT_ONCE = 200  # rows of one INSERT
TRANSFERS = "transfers"  # the queue whose jobs keep an engine's disk and network busy


class Failed(Exception):
    """The deed did not succeed; the text is what the reader is told."""


class Cancelled(Exception):
    """Somebody asked to cancel, and the deed stopped."""


class OutcomeUnknown(Exception):
    """The engine was asked, and nobody could learn whether it did it (R5)."""


class Interrupted(Exception):
    """The engine or the connection to it died while it was at work (R3)."""


class LostLease(Exception):
    """Another worker took this job over: whatever we still do must have no effect."""


_held: set[int] = set()  # ids of the jobs this process holds
_guard = threading.Lock()
_keeper: threading.Thread | None = None


@lru_cache(maxsize=1)
def _name_of(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{uuid.uuid4().hex[:8]}"


def owner() -> str:
    """The name of this process on its leases; a forked child has another."""
    return _name_of(os.getpid())


@contextmanager
def running(job_id: int) -> Iterator[Job | None]:
    """Run a block as the job: claim it, keep its lease, and write how it ended.

    Yields None if another worker has it or it has ended (messages may come twice). Ends as
    failed on an EngineError, a DashboardError or Failed, else as the exception is called; any
    other error fails it too and is raised again, since it is our bug.
    """
    job = _claim(job_id)
    if job is None:
        yield None
        return
    with in_language_of(job):
        yield from _run(job)


def in_language_of(job: Job) -> AbstractContextManager[None]:
    """What a worker says of a job is kept, and read by who asked for it."""
    return translation.override(job.language or settings.LANGUAGE_CODE)


def _run(job: Job) -> Iterator[Job | None]:
    if not _still_allowed(job):
        yield None
        return
    try:
        yield job
    except Cancelled:
        finish(job, Job.State.CANCELLED, _("Cancelled."))
    except OutcomeUnknown as error:
        finish(job, Job.State.UNKNOWN, str(error))
    except Interrupted as error:
        finish(job, Job.State.INTERRUPTED, str(error))
    except (EngineError, Failed, DashboardError) as error:
        finish(job, Job.State.FAILED, str(error))
    except LostLease:
        logger.warning("job %s was taken over; this attempt has no effect", job.pk)
    except Exception as error:
        finish(job, Job.State.FAILED, f"internal error: {type(error).__name__}")
        raise
    else:
        finish(job, Job.State.SUCCEEDED)
    finally:
        _let_go(job)


def finish(job: Job, state: Job.State, error: str = "") -> None:
    """Write the end, unless the job ended already or is another worker's by now (R6)."""
    with transaction.atomic():
        ended = _mine(job).update(
            state=state,
            error=error,
            finished=now(),
            lease=None,
            result=job.result,
            progress=1.0 if state == Job.State.SUCCEEDED else job.progress,
        )
        if not ended:
            return
        audit_end(job, state, error)
        say(job, state_line(state, error), kept=None)
        _tell_pages(job)
    job.state = state


def report(job: Job, *, progress: float | None = None, text: str = "", detail: Any = None) -> None:
    """Tell how far it is. Raises LostLease, and Cancelled when somebody asked for that."""
    if not _mine(job).update(progress=progress, text=text, detail=detail):
        raise LostLease
    if (job.progress, job.text, job.detail) != (progress, text, detail):
        job.progress, job.text, job.detail = progress, text, detail
        _tell_pages(job)
    check_cancelled(job)


def check_cancelled(job: Job) -> None:
    if Job.objects.filter(pk=job.pk).exclude(cancel_asked=None).exists():
        raise Cancelled


def check_mine(job: Job) -> None:
    """Raises LostLease, and Cancelled when somebody asked for that."""
    asked = _mine(job).values_list("cancel_asked", flat=True).first()
    if asked:
        raise Cancelled
    if not _mine(job).exists():
        raise LostLease


def say(job: Job, *texts: str, kept: int | None = LINES_KEPT) -> None:
    """Append lines to the job's log, of which the last `kept` stay (None: all)."""
    last = JobLine.objects.filter(job=job).aggregate(last=Max("n"))["last"] or 0
    JobLine.objects.bulk_create(
        [JobLine(job=job, n=n, text=text) for n, text in enumerate(texts, last + 1)],
        batch_size=LINES_AT_ONCE,
    )
    if kept is not None and last + len(texts) > kept:
        JobLine.objects.filter(job=job, n__lte=last + len(texts) - kept).delete()


def _running(job: Job) -> str:
    if job.attempt == 1:
        return state_line(Job.State.RUNNING)
    return _("running, attempt %(n)d") % {"n": job.attempt}


def _claim(job_id: int) -> Job | None:
    at = now()
    with transaction.atomic():
        queued = Job.objects.filter(pk=job_id, state=Job.State.QUEUED, cancel_asked=None)
        job = queued.select_related("host", "actor").first()
        if job is None or not has_turn(job):
            return None
        claim = {
            "state": Job.State.RUNNING,
            "started": job.started or at,
            "owner": owner(),
            "attempt": job.attempt + 1,
            "lease": at + LEASE,
        }
        if not queued.filter(attempt=job.attempt).update(**claim):
            return None
        for name, value in claim.items():
            setattr(job, name, value)
        with in_language_of(job):
            say(job, _running(job))
        _tell_pages(job)
    _keep(job)
    return job


def has_turn(job: Job) -> bool:
    """Whether its engine takes one more transfer now; of those that wait for it, the first may.

    The items of a bulk job do not look at who waits: its thread must not wait for a thread.
    """
    if job.queue != TRANSFERS or job.host_id is None or job.is_bulk:
        return True
    engines = job.engines
    # so that two workers do not take the last place both; no lock that rows of the host need
    hosts = Host.objects.select_for_update(no_key=True).filter(pk__in=engines)
    list(hosts.order_by("pk").values_list("pk"))
    return all(_has_room(pk, job) for pk in engines)


def _has_room(host: int, job: Job) -> bool:
    """Whether this engine, of which a job may keep two busy, has a place for `job`."""
    others = Job.objects.filter(queue=TRANSFERS, state__in=Job.OPEN).exclude(pk=job.pk)
    others = others.filter(Q(host_id=host) | Q(params__from_host=host))
    others = others.exclude(kind__endswith=".bulk").exclude(kind__endswith=".prune")
    before = others.filter(state=Job.State.RUNNING).count()
    if job.parent_id is None:
        waiting = others.filter(state=Job.State.QUEUED, parent=None, cancel_asked=None)
        before += waiting.filter(pk__lt=job.pk).count()
    return bool(before < settings.TRANSFERS_PER_HOST)


def _tell_pages(job: Job) -> None:
    """An item of a bulk job is told with it, four times a second: two hints each cost more than
    the deed."""
    if job.parent_id is None:
        publish_on_commit(job.host_id, "job", [job.pk])


def _mine(job: Job) -> Any:
    """The row while we still hold it: the fence against a worker back from the dead."""
    return Job.objects.filter(
        pk=job.pk, state=Job.State.RUNNING, owner=owner(), attempt=job.attempt
    )


def _still_allowed(job: Job) -> bool:
    """Rights may have changed since it was asked: then it fails (B10)."""
    try:
        _require_rights(job)
    except Failed as error:
        finish(job, Job.State.FAILED, str(error))
        _let_go(job)
        return False
    return True


def _require_rights(job: Job) -> None:
    actor = job.actor  # as it was read when the job was claimed, a moment ago
    if actor is None or not actor.is_active:
        raise Failed(_("Rights changed: the account that asked for this is gone or disabled."))
    role = Role(job.role)
    if job.host_id:
        allowed = Host.objects.for_user(actor, role).filter(pk=job.host_id).exists()
    elif job.is_bulk or job.host_name:  # its items are judged one by one; a host that is gone
        allowed = True
    else:
        allowed = actor.may_everywhere(role)
    if not allowed:
        raise Failed(_("Rights changed: the account that asked for this may no longer do it."))


def audit_end(job: Job, state: Job.State, error: str) -> None:
    if job.is_bulk:  # each of its items has its own rows
        return
    audit.record(
        job.actor,
        job.kind,
        host=job.host_name,
        target=job.target,
        target_name=job.target_name,
        outcome=state,
        job=job.pk,
        error=error,
    )


# -- The lease ---------------------------------------------------------------------------


def _keep(job: Job) -> None:
    """Have the keeper thread of this process renew the lease until the job ends."""
    global _keeper  # noqa: PLW0603 - one keeper per process
    with _guard:
        _held.add(job.pk)
        if _keeper is None or not _keeper.is_alive():  # a forked child inherits a dead one
            _keeper = threading.Thread(target=_renew_for_ever, name="leases", daemon=True)
            _keeper.start()


def _let_go(job: Job) -> None:
    with _guard:
        _held.discard(job.pk)


def _renew_for_ever() -> None:
    while True:
        with _guard:
            held = list(_held)
        if held:
            try:
                renew(held, now())
            except OperationalError as error:
                logger.warning("leases were not renewed: %s", error)
            finally:
                connection.close()
        time.sleep(HEARTBEAT_S)


def renew(job_ids: list[int], at: datetime) -> None:
    """Renew only what has not run out: a worker that slept too long must not take it back."""
    Job.objects.filter(
        pk__in=job_ids, owner=owner(), state=Job.State.RUNNING, lease__gt=at
    ).update(lease=at + LEASE)
