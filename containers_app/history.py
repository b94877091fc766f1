"""What happened to one container: the engine's events, our jobs, and deeds without a job."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from accounts_app.models import AuditEntry, User
from accounts_app.selectors import trail
from containers_app.models import Container
from core.text import visible
from engine.types import Event
from jobs_app.models import JobQuerySet
from jobs_app.rows import JobRow, rows_of
from jobs_app.selectors import jobs_for

MOST = 100  # of each source

GLYPHS = {
    "start": "running", "unpause": "running", "restart": "restarting", "die": "exited",
    "stop": "exited", "kill": "unhealthy", "oom": "failed", "pause": "paused", "create": "created",
    "destroy": "exited", "health_status: healthy": "healthy",
    "health_status: unhealthy": "unhealthy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: when, what, by whom ("" for the engine itself), and where more is told."""

    at: datetime
    glyph: str
    text: str
    detail: str = ""
    who: str = ""
    url: str = ""


def last_jobs(user: User, container: Container, most: int = 5) -> list[JobRow]:
    """Newest first, the items of bulk jobs among them."""
    return rows_of(_jobs(user, container)[:most])


def entries(user: User, container: Container, events: Iterable[Event]) -> list[Entry]:
    """All of it in one order, newest first; engine times are put on our clock."""
    skew = timedelta(seconds=container.host.skew_s)
    told = [_of_event(event, skew) for event in events]
    told += [_of_job(row) for row in rows_of(_jobs(user, container)[:MOST])]
    told += [_of_deed(entry) for entry in _deeds(container)]
    return sorted(told, key=lambda entry: entry.at, reverse=True)


def _jobs(user: User, container: Container) -> JobQuerySet:
    mine = jobs_for(user).filter(host=container.host_id, target=container.docker_id)
    return mine.order_by("-pk")


def _deeds(container: Container) -> Iterable[AuditEntry]:
    """What was done without a job: locks and reveals."""
    rows = trail().filter(host=container.host.slug, target=container.docker_id, job=None)
    return rows[:MOST]


def _of_event(event: Event, skew: timedelta) -> Entry:
    at = datetime.fromtimestamp(event.time_ns / 1e9, tz=UTC) - skew
    said = event.attributes
    detail = ""
    if event.action == "die":
        detail = _("exit code %(code)s") % {"code": said.get("exitCode", "?")}
    elif event.action == "kill":
        detail = _("signal %(signal)s") % {"signal": said.get("signal", "?")}
    elif event.action == "rename":
        detail = _("was %(name)s") % {"name": said.get("oldName", "").removeprefix("/")}
    return Entry(at, GLYPHS.get(event.action, ""), visible(event.action), visible(detail))


def _of_job(row: JobRow) -> Entry:
    detail = f"{row.state_word}: {row.error}" if row.error else row.state_word
    return Entry(row.created, row.glyph, row.title, visible(detail), row.actor, row.url)


def _of_deed(entry: AuditEntry) -> Entry:
    words = {
        "container.lock": _("Locked against removal"),
        "container.unlock": _("Lock lifted"),
        "container.reveal": _("Environment revealed"),
    }
    names = ", ".join(entry.params.get("names", ()))
    glyph = "lock" if entry.action != "container.reveal" else "unhealthy"
    return Entry(
        entry.at, glyph, words.get(entry.action, entry.action), visible(names), entry.actor
    )
