"""The overview: what needs attention, how the hosts are, and who changed what. Rows only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts_app.models import AuditEntry, Role, User
from accounts_app.selectors import trail
from containers_app.listing import BAD, STATES
from containers_app.models import Container
from containers_app.rows import look, status_text
from containers_app.selectors import containers_for
from core.times import age
from hosts_app.listing import container_counts
from hosts_app.models import Host
from hosts_app.rows import GLYPHS, rows_of
from hosts_app.selectors import host_ids, hosts_for
from jobs_app.models import Job, JobQuerySet
from jobs_app.rows import GLYPHS as JOB_GLYPHS
from jobs_app.rows import JobRow
from jobs_app.rows import rows_of as job_rows
from jobs_app.selectors import jobs_for

MOST_LINES = 12
RECENT = 20
JOBS_FOR = timedelta(days=1)  # how long a failed job needs attention
# containers by how bad it is: those in use first, then what failed last
KINDS = {"unhealthy": ("name",), "restarting": ("name",), "failed": ("-finished", "name")}
BAD_JOBS = (Job.State.FAILED, Job.State.INTERRUPTED, Job.State.UNKNOWN)


@dataclass(slots=True)
class Line:
    """One thing that needs attention: what, where, how it is, and what to do."""

    glyph: str
    title: str
    url: str
    place: str
    text: str
    say: str  # an engine's own words
    verb: str
    verb_url: str


@dataclass(slots=True)
class Change:
    """One thing that somebody did."""

    glyph: str
    who: str
    what: str
    target: str
    place: str
    url: str
    state: str
    at: datetime
    age: str


def context(user: User) -> dict[str, Any]:
    """Everything that dashboard/overview.html shows."""
    hosts = list(hosts_for(user))
    counts = container_counts(user)
    n = sum(total for _up, total in counts.values())
    lines, more, more_url = _attention(user, hosts)
    return {
        "hosts": rows_of(hosts, counts),
        "containers": n,
        "lines": lines,
        "more": more,
        "more_url": more_url,
        "changes": _changes(user, hosts),
        "first_steps": _first_steps(user, hosts) if not n else None,
        "may_add": user.is_administrator,
    }


# -- Needs attention ---------------------------------------------------------------------


def _attention(user: User, hosts: list[Host]) -> tuple[list[Line], int, str]:
    """The worst first, how many more there are, and where to see the first of those."""
    at = now()
    troubled = [host for host in hosts if _needs_attention(host)]
    answering = [host.pk for host in hosts if host.answering]
    bad = containers_for(user).filter(BAD, host__in=answering)
    jobs = _failed_jobs(user, at)
    lines = [_host_line(host, at) for host in troubled[:MOST_LINES]]
    left = [(len(troubled) - len(lines), "/hosts/")]
    for state, order in KINDS.items():
        found = bad.filter(STATES[state])
        shown = list(found.order_by(*order)[: MOST_LINES - len(lines)])
        lines += [_container_line(each, at) for each in shown]
        left.append((found.count() - len(shown), f"/containers/?state={state}"))
    shown_jobs = list(jobs[: MOST_LINES - len(lines)])
    lines += [_job_line(row) for row in job_rows(shown_jobs)]
    left.append((jobs.count() - len(shown_jobs), "/jobs/?state=failed"))
    more = sum(n for n, _url in left)
    return lines, more, next((url for n, url in left if n), "")


def _needs_attention(host: Host) -> bool:
    if host.state == Host.State.UNCHECKED:  # a moment after it was added
        return False
    return host.state != Host.State.REACHABLE or bool(host.error)


def _failed_jobs(user: User, at: datetime) -> JobQuerySet:
    """Jobs that went wrong within a day, unless somebody dismissed or repeated them."""
    failed = jobs_for(user).filter(parent=None, state__in=BAD_JOBS, dismissed=None)
    repeated = jobs_for(user).exclude(retry_of=None).values("retry_of")
    return failed.filter(finished__gte=at - JOBS_FOR).exclude(pk__in=repeated).order_by("-pk")


def _host_line(host: Host, at: datetime) -> Line:
    page = f"/hosts/{host.slug}/"
    return Line(
        glyph=GLYPHS.get(host.state, "bad") if host.state != "reachable" else "warn",
        title=host.name,
        url=page,
        place="",
        text=_("%(state)s · %(age)s")
        % {"state": Host.State(host.state).label, "age": age(host.state_since, at)},
        say=host.error,
        verb=_("Check host"),
        verb_url=page,
    )


def _container_line(each: Container, at: datetime) -> Line:
    page = f"/h/{each.host.slug}/c/{each.name}/"
    return Line(
        glyph=look(each),
        title=each.name,
        url=page,
        place=each.host.name,
        text=status_text(each, at + each.host.clock_ahead),
        say="",
        verb=_("Logs"),
        verb_url=f"{page}logs/",
    )


def _job_line(row: JobRow) -> Line:
    return Line(
        glyph=row.glyph,
        title=row.title,
        url=row.url,
        place=" · ".join(filter(None, (row.target, row.host))),
        text=f"{row.state_word} · {row.age}",
        say=row.error,
        verb=_("View job"),
        verb_url=row.url,
    )


# -- Recent changes ----------------------------------------------------------------------


def _changes(user: User, hosts: list[Host]) -> list[Change]:
    """The newest of jobs and of what was done without one, as far as `user` may see them."""
    at = now()
    jobs = jobs_for(user).filter(parent=None).order_by("-pk")[:RECENT]
    changes = [
        Change(
            glyph=JOB_GLYPHS[row.state],
            who=row.actor,
            what=row.title,
            target=row.target,
            place=row.host,
            url=row.url,
            state=" ".join(filter(None, (row.state_word, row.counts))),
            at=row.created,
            age=row.age,
        )
        for row in job_rows(jobs)
    ]
    changes += [_deed(entry, at) for entry in _deeds(user, hosts)]
    return sorted(changes, key=lambda change: change.at, reverse=True)[:RECENT]


def _deeds(user: User, hosts: list[Host]) -> list[AuditEntry]:
    """Of the trail: everybody sees what was done to his hosts, administrators the rest too."""
    done = trail().filter(action__in=deed_words(), outcome="succeeded", job=None)
    if not user.is_administrator:
        done = done.filter(host__in=[host.slug for host in hosts])
    return list(done[:RECENT])


def _deed(entry: AuditEntry, at: datetime) -> Change:
    return Change(
        glyph="ok",
        who=entry.actor or _("Quarterdeck"),
        what=deed_words()[entry.action],
        target=entry.target_name or entry.target[:12],
        place="" if entry.action.startswith("host.") else entry.host,
        url=f"/hosts/{entry.host}/" if entry.action in {"host.create", "host.update"} else "",
        state="",
        at=entry.at,
        age=age(entry.at, at),
    )


def deed_words() -> dict[str, str]:
    """What is done at once, without a job, as headings."""
    return {
        "host.create": _("Add host"),
        "host.update": _("Change host"),
        "host.delete": _("Remove host"),
        "container.lock": _("Lock container"),
        "container.unlock": _("Unlock container"),
        "user.create": _("Add user"),
        "user.roles": _("Change roles"),
        "user.password": _("Set password"),
        "user.disable": _("Disable user"),
        "user.enable": _("Enable user"),
        "user.delete": _("Remove user"),
    }


# -- An empty fleet ----------------------------------------------------------------------


def _first_steps(user: User, hosts: list[Host]) -> dict[str, Any]:
    """What there is to do where nothing runs yet; only what this user can do."""
    host = next((each for each in hosts if each.answering), None)
    where = f" -H {host.url}" if host and not host.url.endswith("/var/run/docker.sock") else ""
    operates = bool(host_ids(user, Role.OPERATOR))
    if not hosts:
        act = (_("Add a host"), "/hosts/new/") if user.is_administrator else None
    elif operates:
        act = (pgettext("a container", "Run one"), "/containers/new/")
    else:
        act = (_("See the hosts"), "/hosts/")
    return {
        "act": act,
        "images": f"/hosts/{host.slug}/#images" if host else "",
        "pull": f"docker{where} pull alpine:3",
        "list_images": f"docker{where} image ls",
    }
