"""Which jobs a user may see, and what they say about the things they change."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Count, Max, Q, When
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.errors import Forbidden, NotFound
from jobs_app.models import Job, JobLine, JobQuerySet

MOST_IN_TRAY = 5
BAD = frozenset({Job.State.FAILED, Job.State.UNKNOWN, Job.State.INTERRUPTED})
UNSEEN_KEPT = timedelta(days=1)  # after that the list of jobs is the place to look


def jobs_for(user: User) -> JobQuerySet:
    return Job.objects.for_user(user).select_related("host", "parent")


def job_for(user: User, job_id: int, role: Role = Role.VIEWER) -> Job:
    """The job, if `user` sees its host, and has `role` there; else NotFound or Forbidden."""
    job = jobs_for(user).filter(pk=job_id).first()
    if job is None:
        raise NotFound(_("No such job."), hint=_("Jobs are kept for some time only."))
    if not Job.objects.for_user(user, role).filter(pk=job_id).exists():
        raise Forbidden(_("You need the role %(role)s for this job.") % {"role": Role(role).label})
    return job


def positions(jobs: Iterable[Job]) -> dict[int, int]:
    """Place in the queue, from 1, of those among these jobs that wait; in one query.

    Transfers have a queue for each host, everything else has one together.
    """
    waiting = [job for job in jobs if job.state == Job.State.QUEUED]
    if not waiting:
        return {}
    queued = Job.objects.filter(
        state=Job.State.QUEUED, pk__lte=max(job.pk for job in waiting)
    ).order_by("pk")
    places: dict[int, int] = {}
    counts: Counter[tuple[str, int | None, int | None]] = Counter()
    for pk, queue, parent, host in queued.values_list("pk", "queue", "parent", "host"):
        place = (queue, parent, host if queue == "transfers" else None)
        counts[place] += 1
        places[pk] = counts[place]
    return places


def told_of(
    host_ids: Collection[int], targets: Collection[str]
) -> tuple[dict[tuple[int, str], str], dict[tuple[int, str], Job]]:
    """What rows say of jobs on them, by (host, docker id): the verb of the open job, for what is
    being changed right now; and the newest that ended, where it failed and nobody dismissed it.

    Mostly one query: every list asks, and mostly nothing has failed.
    """
    concerning = Job.objects.filter(host__in=host_ids, target__in=targets)
    wanted = Q(state__in=Job.OPEN) | Q(state__in=BAD, dismissed=None)
    # only: for each of fifty rows; the params of jobs alone can be large
    rows = concerning.filter(wanted).only("host", "target", "kind", "state", "error")
    busy: dict[tuple[int, str], str] = {}
    failed: dict[tuple[int, str], Job] = {}
    for job in rows.order_by("pk"):
        key = (job.host_id or 0, job.target)
        if job.state in BAD:
            if not job.kind.endswith(".run"):
                failed[key] = job
        elif job.kind not in Job.BESIDE:
            busy.setdefault(key, job.kind.rpartition(".")[2])
    return busy, _not_made_good(failed)


def _not_made_good(failed: dict[tuple[int, str], Job]) -> dict[tuple[int, str], Job]:
    """Those after which no other job on the same target ended."""
    if not failed:
        return {}
    ended = Job.objects.filter(
        host__in={host for host, _target in failed},
        target__in={target for _host, target in failed},
        state__in=Job.FINAL,
    ).exclude(kind__endswith=".run")
    newest = set(
        ended.values("host", "target").annotate(last=Max("pk")).values_list("last", flat=True)
    )
    return {key: job for key, job in failed.items() if job.pk in newest}


@dataclass(frozen=True, slots=True)
class Tray:
    """The foot of the navigation: a few of each, newest first, and how many there are in all."""

    opened: list[Job]
    open_count: int
    ended: list[Job]
    ended_count: int


def tray_jobs(user: User) -> Tray:
    """Open jobs, and what `user` asked for and has not seen the end of; no items of bulk jobs.

    Numbers first: every page asks, and mostly there are none.
    """
    wanted = Q(state__in=Job.OPEN) | _unseen(user)
    rows = Job.objects.for_user(user).filter(wanted, parent=None).order_by("-pk")
    states = list(rows.values_list("pk", "state"))
    opened = [pk for pk, state in states if state in Job.OPEN]
    ended = [pk for pk, state in states if state not in Job.OPEN]
    shown = opened[:MOST_IN_TRAY] + ended[:MOST_IN_TRAY]
    found = list(jobs_for(user).filter(pk__in=shown).order_by("-pk")) if shown else []
    return Tray(
        [job for job in found if job.pk in opened],
        len(opened),
        [job for job in found if job.pk not in opened],
        len(ended),
    )


def unseen_for(user: User) -> JobQuerySet:
    """What `user` asked for and has not seen the end of."""
    return Job.objects.for_user(user).filter(_unseen(user), parent=None)


def _unseen(user: User) -> Q:
    """Ended lately, and either long or not as it should; who cancelled knows that already."""
    worth_telling = Q(state__in=BAD) | Q(state=Job.State.SUCCEEDED, queue="transfers")
    lately = now() - UNSEEN_KEPT
    return Q(actor=user, seen=None, finished__gt=lately) & worth_telling


def children_counts(jobs: Iterable[Job]) -> dict[int, dict[str, int]]:
    """Bulk job → how many of its items succeeded, did not, or are still open."""
    parents = [job.pk for job in jobs]
    if not parents:  # as on most pages; Django would build the question before it sees that
        return {}
    rows = (
        Job.objects.filter(parent__in=parents)
        .values("parent")
        .annotate(
            good=Count("pk", filter=Q(state=Job.State.SUCCEEDED)),
            opened=Count("pk", filter=Q(state__in=Job.OPEN)),
            total=Count("pk"),
        )
    )
    return {
        row["parent"]: {name: row[name] for name in ("good", "opened", "total")}
        for row in rows
        if row["parent"]
    }


def lines_after(job: Job, after: int, limit: int = 1000) -> list[JobLine]:
    return list(JobLine.objects.filter(job=job, n__gt=after).order_by("n")[:limit])


def last_line(job: Job) -> int:
    """The number of the last line of its log; 0 where there is none."""
    return JobLine.objects.filter(job=job).aggregate(last=Max("n"))["last"] or 0


def targets_of(job_pks: Collection[int]) -> set[tuple[int, str]]:
    """(host, docker id) of what these jobs, or their items, change."""
    about = Job.objects.filter(Q(pk__in=job_pks) | Q(parent__in=job_pks))
    pairs = about.exclude(host=None).exclude(target="").values_list("host", "target")
    return {(host_id or 0, target) for host_id, target in pairs}


def just_ended(user: User, job_pks: Collection[int]) -> list[Job]:
    """Of these jobs, those that `user` asked for himself and that have ended."""
    mine = jobs_for(user).filter(pk__in=job_pks, actor=user, parent=None, state__in=Job.FINAL)
    return list(mine)


def children_of(job: Job) -> JobQuerySet:
    """The items of a bulk job, those that went wrong first."""
    bad_first = Case(
        When(state__in=[Job.State.FAILED, Job.State.UNKNOWN, Job.State.INTERRUPTED], then=0),
        default=1,
    )
    return job.children.select_related("host").order_by(bad_first, "pk")
