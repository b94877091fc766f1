"""Asking for a Job, cancelling it, and asking again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from core.errors import Conflict
from core.live import publish_on_commit
from core.sealed import seal, unseal
from hosts_app.models import Host
from hosts_app.selectors import require, require_everywhere
from jobs_app.deeds import DEEDS
from jobs_app.dispatch import send_on_commit
from jobs_app.lifecycle import say
from jobs_app.models import Job, JobLine
from jobs_app.selectors import job_for, unseen_for
from jobs_app.words import state_line

CHILDREN_AT_ONCE = 200  # rows of one INSERT


@dataclass(frozen=True, slots=True)
class Wish:
    """One deed on one thing, not yet asked for; `secret` is only ever kept sealed.

    `host` is None for what is done to no engine, such as copying between registries: who asks
    must have the deed's role on all hosts.
    """

    kind: str
    host: Host | None
    target: str = ""
    target_name: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)

    @property
    def host_name(self) -> str:
        return self.host.slug if self.host else ""


@transaction.atomic
def ask(actor: User, wish: Wish, *, idempotency_key: str = "", retry_of: Job | None = None) -> Job:
    """Write the Job and its audit row, and wake a worker once both stand.

    The caller has checked that `actor` may do this. A repeat with the same key answers with
    the first Job.
    """
    if earlier := _earlier(actor, idempotency_key):
        return earlier
    job = _write(actor, wish, idempotency_key=idempotency_key, retry_of=retry_of)
    send_on_commit(job)
    return job


@transaction.atomic
def ask_many(
    actor: User,
    kind: str,
    wishes: Sequence[Wish],
    *,
    idempotency_key: str = "",
    retry_of: Job | None = None,
) -> Job:
    """A bulk Job of `kind` with one child per wish; all are written, or none."""
    if earlier := _earlier(actor, idempotency_key):
        return earlier
    hosts = {wish.host.pk if wish.host else None: wish.host for wish in wishes}
    only = wishes[0].host if len(hosts) == 1 else None
    parent = _row(
        actor,
        Wish(kind, only, params={"action": wishes[0].kind}),
        idempotency_key=idempotency_key,
        retry_of=retry_of,
    )
    parent.target_name = _("%(n)d items") % {"n": len(wishes)}
    parent.save()
    say(parent, state_line(Job.State.QUEUED))
    _write_children(actor, parent, wishes)
    for host_id in hosts:
        publish_on_commit(host_id, "job", [parent.pk])
    send_on_commit(parent)
    return parent


def cancel(actor: User, job_id: int) -> Job:
    """End it if it has not begun; else tell its worker to stop, where it can."""
    with transaction.atomic():
        job = job_for(actor, job_id, Role.OPERATOR)
        if not job.is_open:
            raise Conflict(_("This job has ended already."))
        # before the trail's head, as its worker does: else the two wait for each other
        Job.objects.select_for_update().get(pk=job.pk)
        audit.record(actor, "job.cancel", host=job.host_name, target=str(job.pk), job=job.pk)
        at = now()
        ended = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
            state=Job.State.CANCELLED, cancel_asked=at, finished=at, error=_("Cancelled.")
        )
        if not ended and not (job.is_bulk or job.queue == "transfers"):
            raise Conflict(
                _("The engine is doing this already and cannot be told to stop."),
                hint=_("Wait until it ends; it can be undone then."),
            )
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_asked=at)
        if ended:
            job.children.filter(state=Job.State.QUEUED).update(
                state=Job.State.CANCELLED, finished=at, error=_("Cancelled.")
            )
        say(job, state_line(Job.State.CANCELLED) if ended else _("asked to cancel"))
        publish_on_commit(job.host_id, "job", [job.pk])
    job.refresh_from_db()
    return job


@transaction.atomic
def retry(actor: User, job_id: int, *, idempotency_key: str = "") -> Job:
    """The same deed as a new Job; of a bulk job, only the items that did not succeed."""
    job = job_for(actor, job_id, Role.OPERATOR)
    if earlier := asked_before(actor, idempotency_key, job.kind):
        return earlier
    if job.is_open:
        raise Conflict(_("This job has not ended yet."))
    if job.kind in Job.ONCE:
        raise Conflict(
            _("What this needs is not kept: it cannot simply be repeated."),
            hint=_("Ask for it anew, from its own page."),
        )
    if job.is_bulk:
        again = job.children.exclude(state=Job.State.SUCCEEDED).select_related("host")
        wishes = [_wish(child) for child in again if not child.lost_its_host]
        if not wishes:
            raise Conflict(_("Every item of this job succeeded."))
        for wish in wishes:
            _require(actor, wish)
        return ask_many(actor, job.kind, wishes, retry_of=job, idempotency_key=idempotency_key)
    wish = _wish(job)
    _require(actor, wish)
    return ask(actor, wish, retry_of=job, idempotency_key=idempotency_key)


def mark_seen(actor: User, job_id: int | None = None) -> None:
    """`actor` knows how this job of his ended; None: how all of them did."""
    found = unseen_for(actor)
    pks = list((found.filter(pk=job_id) if job_id else found).values_list("pk", flat=True))
    if pks:
        Job.objects.filter(pk__in=pks).update(seen=now())


@transaction.atomic
def dismiss(actor: User, job_id: int) -> None:
    """Stop showing this job's error on the row of what it was about."""
    job = job_for(actor, job_id, Role.OPERATOR)
    Job.objects.filter(pk=job.pk).update(dismissed=now())
    publish_on_commit(job.host_id, "job", [job.pk])


def _require(actor: User, wish: Wish) -> None:
    """Raises Forbidden unless `actor` may do this."""
    role = DEEDS[wish.kind].role
    if wish.host:
        require(actor, wish.host, role)
    else:
        require_everywhere(actor, role)


def _wish(job: Job) -> Wish:
    if job.lost_its_host:
        raise Conflict(_("Its host is gone."))
    target = "" if job.kind.endswith(".run") else job.target  # what it made is not its target
    return Wish(
        job.kind, job.host, target, job.target_name, job.params, secret=unseal(job, "sealed")
    )


def asked_before(
    actor: User, idempotency_key: str, kind: str, *, host: str = "", target: str = ""
) -> Job | None:
    """The Job that this key asked for already, if it did.

    To be looked up before a wish is checked: what the first one changed, such as a name that is
    taken now, would refuse its repeat. Raises Conflict where the key was used for another wish.
    """
    earlier = _earlier(actor, idempotency_key)
    if earlier is None:
        return None
    said = ((kind, earlier.kind), (host, earlier.host_name), (target, earlier.target))
    if any(wanted and wanted != known for wanted, known in said):
        raise Conflict(
            _("This Idempotency-Key has asked for something else."),
            hint=_("Use a new key for each thing that you ask for."),
        )
    return earlier


def _earlier(actor: User, idempotency_key: str) -> Job | None:
    if not idempotency_key:
        return None
    return Job.objects.filter(actor=actor, idempotency_key=idempotency_key).first()


def _row(
    actor: User,
    wish: Wish,
    *,
    parent: Job | None = None,
    idempotency_key: str = "",
    retry_of: Job | None = None,
) -> Job:
    deed = DEEDS[wish.kind]
    return Job(
        kind=wish.kind,
        actor=actor,
        actor_name=actor.username,
        role=deed.role,
        host=wish.host,
        host_name=wish.host_name,
        target=wish.target,
        target_name=wish.target_name,
        params=wish.params,
        language=get_language() or "",
        repeatable=deed.repeatable,
        queue=deed.queue,
        parent=parent,
        retry_of=retry_of,
        idempotency_key=idempotency_key or None,
    )


def _write(
    actor: User,
    wish: Wish,
    *,
    parent: Job | None = None,
    idempotency_key: str = "",
    retry_of: Job | None = None,
) -> Job:
    job = _row(actor, wish, parent=parent, idempotency_key=idempotency_key, retry_of=retry_of)
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:  # the same key, asked a moment ago
        if earlier := _earlier(actor, idempotency_key):
            return earlier
        raise
    if wish.secret:
        job.sealed = seal(job, "sealed", wish.secret)
        job.save(update_fields=["sealed"])
    audit.record(
        actor,
        wish.kind,
        host=wish.host_name,
        target=wish.target,
        target_name=wish.target_name,
        job=job.pk,
        **wish.params,
    )
    say(job, state_line(Job.State.QUEUED))
    if parent is None:
        publish_on_commit(job.host_id, "job", [job.pk])
    return job


def _write_children(actor: User, parent: Job, wishes: Sequence[Wish]) -> None:
    """As `_write` for each, in few statements: everybody else waits for this transaction."""
    rows = [_row(actor, wish, parent=parent) for wish in wishes]
    children = Job.objects.bulk_create(rows, batch_size=CHILDREN_AT_ONCE)
    for child, wish in zip(children, wishes, strict=True):
        child.sealed = seal(child, "sealed", wish.secret)
    Job.objects.bulk_update([child for child in children if child.sealed], ["sealed"])
    audit.record_many(
        actor,
        [
            audit.Deed(
                wish.kind, wish.host_name, wish.target, wish.target_name, child.pk, wish.params
            )
            for child, wish in zip(children, wishes, strict=True)
        ],
    )
    JobLine.objects.bulk_create(
        [JobLine(job=child, n=1, text=state_line(Job.State.QUEUED)) for child in children],
        batch_size=CHILDREN_AT_ONCE,
    )
