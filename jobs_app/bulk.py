"""Many deeds as one Job: its children run several at a time on each host."""

import logging
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from jobs_app.lifecycle import Cancelled, Failed, LostLease, audit_end, report, say
from jobs_app.models import Job
from jobs_app.words import state_line

logger = logging.getLogger(__name__)

PER_HOST = 16  # deeds at a time on one engine; more only queue inside dockerd
IN_ALL = 64  # threads of one bulk job
TRANSFERS = 4  # at a time of one bulk job, on whatever hosts: disks and networks are what is short
LOOK_S = 0.25  # how often progress is told and a wish to cancel is heard


def run_children(parent: Job, *, kind: str = "") -> None:
    """Do every child that has not ended yet; fail unless all of them succeed.

    `kind`: only those of this kind, which others wait for; they may fail.

    Children that a dead worker held are still its own until their leases run out: then they
    are queued again, or ended.
    """
    try:
        while children := _open_children(parent, kind):
            waiting = [child for child in children if child.state == Job.State.QUEUED]
            if waiting:
                _run_all(parent, waiting)
            else:
                time.sleep(LOOK_S)
                _tell(parent)
    except Cancelled:
        _cancel_waiting(parent)
        raise
    if not kind:
        _judge(parent)


def end_waiting(children: Iterable[Job], error: str) -> None:
    """What these waited for did not come: each fails, if it has not begun."""
    for child in children:
        with transaction.atomic():
            ended = Job.objects.filter(pk=child.pk, state=Job.State.QUEUED).update(
                state=Job.State.FAILED, error=error, finished=now()
            )
            if ended:
                say(child, state_line(Job.State.FAILED, str(error)))
                audit_end(child, Job.State.FAILED, error)


def _open_children(parent: Job, kind: str) -> list[Job]:
    found = parent.children.filter(state__in=Job.OPEN).order_by("pk")
    return list(found.filter(kind=kind) if kind else found)


def _run_all(parent: Job, children: list[Job]) -> None:
    by_host: defaultdict[int | None, list[Job]] = defaultdict(list)
    for child in children:
        by_host[child.host_id].append(child)
    at_a_time = min(PER_HOST, max(2, IN_ALL // max(1, len(by_host))))
    lines = [_Line(those, at_a_time) for those in by_host.values()]
    if parent.queue == "transfers":
        at_a_time, lines = TRANSFERS, [_Line(children, settings.TRANSFERS_PER_HOST)]
    with ExitStack() as pools:
        waiting: set[Future[None]] = set()
        for line in lines:
            threads = min(at_a_time, len(line.children))
            pool = pools.enter_context(ThreadPoolExecutor(threads))
            waiting |= {pool.submit(_run, line) for _ in range(threads)}
        try:
            while waiting:
                ended, waiting = wait(waiting, timeout=LOOK_S)
                for future in ended:
                    future.result()
                _tell(parent)
        except (Cancelled, LostLease):
            for line in lines:  # whoever took over does what has not begun
                line.close()
            _cancel_streams(parent)
            raise


class _Line:
    """Children in their order, of which each host gets at most `per_host` at a time."""

    def __init__(self, children: Iterable[Job], per_host: int) -> None:
        self.children = deque(children)
        self._per_host = per_host
        self._busy: Counter[int | None] = Counter()
        self._guard = threading.Lock()
        self._closed = False

    def take(self) -> Job | None:
        """The first whose host has room, if there is one."""
        with self._guard:
            for child in tuple(self.children):
                if self._busy[child.host_id] < self._per_host:
                    self.children.remove(child)
                    self._busy[child.host_id] += 1
                    return child
        return None

    def give_back(self, child: Job, *, undone: bool) -> None:
        """`undone`: others keep its host busy, so it stands in the line again, at its end."""
        with self._guard:
            self._busy[child.host_id] -= 1
            if undone and not self._closed:
                self.children.append(child)

    def close(self) -> None:
        with self._guard:
            self._closed = True
            self.children.clear()


def _run(line: _Line) -> None:
    """One deed after the other, over one connection to the database."""
    try:
        while line.children:
            child, undone = line.take(), False
            if child is None:
                time.sleep(LOOK_S)
                continue
            try:
                current_app.tasks[child.kind].run(child.pk)
                undone = child.queue == "transfers" and _waits(child)
            except Exception:  # this loop must survive: the others are still to be done
                logger.exception("job %s stumbled", child.pk)
            finally:
                line.give_back(child, undone=undone)
            if undone:
                time.sleep(LOOK_S)
    finally:
        connection.close()


def _waits(child: Job) -> bool:
    return Job.objects.filter(pk=child.pk, state=Job.State.QUEUED, cancel_asked=None).exists()


def _tell(parent: Job) -> None:
    counts = _counts(parent)
    total = sum(counts.values())
    ended = total - counts[Job.State.QUEUED] - counts[Job.State.RUNNING]
    text = _("%(ended)d of %(total)d") % {"ended": ended, "total": total}
    under_way = parent.children.filter(state=Job.State.RUNNING).exclude(progress=None)
    parts = sum(share or 0.0 for share in under_way.values_list("progress", flat=True))
    report(parent, progress=(ended + parts) / max(1, total), text=text)


def _cancel_streams(parent: Job) -> None:
    """Running transfers hear of a wish to cancel; other deeds cannot be told to stop."""
    asked = Job.objects.filter(pk=parent.pk).values_list("cancel_asked", flat=True).first()
    running = parent.children.filter(state=Job.State.RUNNING, queue="transfers")
    if asked:
        running.filter(cancel_asked=None).update(cancel_asked=asked)


def _cancel_waiting(parent: Job) -> None:
    parent.children.filter(state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, error=_("Cancelled."), finished=now()
    )


def _judge(parent: Job) -> None:
    counts = _counts(parent)
    good = counts[Job.State.SUCCEEDED]
    bad = sum(counts.values()) - good
    parent.result = {"succeeded": good, "failed": bad}
    if bad:
        raise Failed(_("%(good)d succeeded, %(bad)d did not.") % {"good": good, "bad": bad})


def _counts(parent: Job) -> Counter[str]:
    return Counter(parent.children.values_list("state", flat=True))
