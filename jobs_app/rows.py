"""Jobs as pages draw them: every cell a finished string."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app.models import User
from core.times import age, duration
from jobs_app.models import Job
from jobs_app.selectors import children_counts, tray_jobs
from jobs_app.words import digest_word, kind_word, layer_word

GLYPHS = {
    "queued": "created",
    "running": "busy",
    "succeeded": "healthy",
    "failed": "failed",
    "cancelled": "exited",
    "interrupted": "unhealthy",
    "unknown": "unknown",
}


@dataclass(slots=True)
class JobRow:
    """One line of the jobs page or of the tray."""

    pk: int
    url: str
    title: str
    target: str
    host: str
    state: str
    state_word: str
    glyph: str
    percent: int | None
    text: str
    error: str
    actor: str
    created: datetime
    age: str
    took: str
    is_open: bool
    is_bulk: bool
    can_retry: bool
    counts: str
    target_url: str  # of the container's page; by id, so that it is found after a rename too


def rows_of(jobs: Iterable[Job]) -> list[JobRow]:
    found = list(jobs)
    counts = children_counts([job for job in found if job.is_bulk])
    at = now()
    return [_row(job, counts.get(job.pk), at) for job in found]


def tray(user: User) -> dict[str, Any]:
    """What jobs_app/_tray.html shows."""
    found = tray_jobs(user)
    return {
        "tray": rows_of(found.opened),
        "tray_count": found.open_count,
        "ended": rows_of(found.ended),
        "ended_count": found.ended_count,
    }


def layers_of(job: Job) -> list[dict[str, Any]]:
    """What a transfer has told of each layer; nothing for other jobs."""
    told = job.detail.get("layers") if isinstance(job.detail, dict) else None
    return [
        {
            "id": layer["id"],
            "word": layer_word(layer["state"]),
            "size": filesizeformat(layer["total"]) if layer["total"] else "",
            "percent": round(100 * layer["done"] / layer["total"]) if layer["total"] else None,
            "is_open": layer["state"] in ("running", "waiting", "extracting"),
        }
        for layer in told or ()
    ]


def results_of(job: Job) -> list[dict[str, str]]:
    """What came of a job, as facts for its page: digests and ids to copy, and if they agree."""
    said = job.result if isinstance(job.result, dict) else {}
    facts = []
    if digest := said.get("digest"):
        note = digest_word(confirmed=said["confirmed"]) if "confirmed" in said else ""
        facts.append({"label": _("Digest"), "value": str(digest), "note": note})
    if docker_id := said.get("id"):
        facts.append({"label": _("ID"), "value": str(docker_id), "note": ""})
    return facts


def _row(job: Job, counts: dict[str, int] | None, at: datetime) -> JobRow:
    return JobRow(
        pk=job.pk,
        url=f"/jobs/{job.pk}/",
        title=_bulk_title(job) if job.is_bulk else kind_word(job.kind),
        target=job.target_name or job.target[:12],
        host=job.host_name,
        state=job.state,
        state_word=str(Job.State(job.state).label),
        glyph=GLYPHS[job.state],
        percent=None if job.progress is None else round(job.progress * 100),
        text=job.text if job.is_open else "",
        error=job.error,
        actor=job.actor_name,
        created=job.created,
        age=age(job.created, at),
        took=duration(job.started, job.finished or at) if job.started else "",
        is_open=job.is_open,
        is_bulk=job.is_bulk,
        can_retry=job.state in Job.FINAL
        and job.state != Job.State.SUCCEEDED
        and job.kind not in Job.ONCE,
        counts=_counts_text(counts) if counts else "",
        target_url=_target_url(job),
    )


def _target_url(job: Job) -> str:
    if job.kind == "image.build":
        return f"/builds/{job.pk}/"
    if not job.kind.startswith("container.") or not job.target or not job.host_name:
        return ""
    return f"/h/{job.host_name}/c/{job.target}/"


def _bulk_title(job: Job) -> str:
    return kind_word(job.params.get("action", job.kind))


def _counts_text(counts: dict[str, int]) -> str:
    bad = counts["total"] - counts["good"] - counts["opened"]
    if counts["opened"]:
        return _("%(done)d of %(total)d") % {
            "done": counts["total"] - counts["opened"],
            "total": counts["total"],
        }
    if not bad:
        return _("%(good)d succeeded") % {"good": counts["good"]}
    return _("%(good)d succeeded, %(bad)d did not") % {"good": counts["good"], "bad": bad}
