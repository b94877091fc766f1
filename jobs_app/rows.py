"""Jobs as pages draw them: every cell a finished string."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app.models import User
from core.times import age, duration
from jobs_app.models import Job
from jobs_app.selectors import children_counts, positions, tray_jobs
from jobs_app.words import digest_word, kind_word, layer_word

STEPS = ("present", "done", "extracting", "running", "waiting")  # of a layer, the last first
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
    place: int | None  # in its queue, from 1
    cancelling: bool
    stopped: str  # how long after somebody asked to cancel it ended, if it did
    target_url: str  # of the container's page; by id, so that it is found after a rename too


def rows_of(jobs: Iterable[Job]) -> list[JobRow]:
    found = list(jobs)
    counts = children_counts([job for job in found if job.is_bulk])
    places, at = positions(found), now()
    return [_row(job, counts.get(job.pk), places.get(job.pk), at) for job in found]


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
            "state": layer["state"],
            "word": layer_word(layer["state"]),
            "size": filesizeformat(layer["total"]) if layer["total"] else "",
            "percent": round(100 * layer["done"] / layer["total"]) if layer["total"] else None,
            "text": layer.get("text", ""),
            "is_open": layer["state"] in ("running", "waiting", "extracting"),
        }
        for layer in told or ()
    ]


def summary_of(layers: Sequence[dict[str, Any]]) -> str:
    """How many layers are how far: Already there: 2 · Done: 1."""
    counts = Counter(layer["state"] for layer in layers)
    return " · ".join(f"{layer_word(state)}: {counts[state]}" for state in STEPS if counts[state])


def items_of(children: Iterable[Job]) -> list[dict[str, Any]]:
    """The items of a bulk job, each with its layers where it is a transfer."""
    found = list(children)
    items = []
    for row, job in zip(rows_of(found), found, strict=True):
        layers = layers_of(job)
        items.append({"job": row, "layers": layers, "summary": summary_of(layers)})
    return items


def results_of(job: Job) -> list[dict[str, str]]:
    """What came of a job, as facts for its page: digests and ids to copy, and if they agree."""
    said = job.result if isinstance(job.result, dict) else {}
    facts = []
    if digest := said.get("digest"):
        note = digest_word(confirmed=said["confirmed"]) if "confirmed" in said else ""
        facts.append({"label": _("Digest"), "value": str(digest), "note": note})
    if docker_id := said.get("id"):
        fact = {"label": _("ID"), "value": str(docker_id), "note": ""}
        if str(docker_id).startswith("sha256:") and job.host_name:
            fact["url"] = f"/h/{job.host_name}/i/{docker_id}/"
            fact["reference"] = str(said.get("reference") or "")
        facts.append(fact)
    facts += [
        {"label": _("Image"), "value": str(image["reference"]), "note": str(image["id"])[7:19]}
        for image in said.get("images", [])
    ]
    return facts


def _row(job: Job, counts: dict[str, int] | None, place: int | None, at: datetime) -> JobRow:
    return JobRow(
        pk=job.pk,
        url=f"/jobs/{job.pk}/",
        title=_bulk_title(job) if job.is_bulk else kind_word(job.kind),
        target=_items(counts) if counts else job.target_name or job.target[:12],
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
        place=place,
        cancelling=job.is_open and job.cancel_asked is not None,
        stopped=_stopped(job),
        target_url=_target_url(job),
    )


def _stopped(job: Job) -> str:
    if job.state != Job.State.CANCELLED or not (job.cancel_asked and job.finished and job.started):
        return ""
    return f"{max(0.0, (job.finished - job.cancel_asked).total_seconds()):.1f} s"


def _target_url(job: Job) -> str:
    if job.kind == "image.build":
        return f"/builds/{job.pk}/"
    if job.kind == "registry.make" and job.state == Job.State.SUCCEEDED:
        return f"/registries/{job.target}/-/trust/"
    if not job.kind.startswith("container.") or not job.target or not job.host_name:
        return ""
    return f"/h/{job.host_name}/c/{job.target}/"


def _bulk_title(job: Job) -> str:
    return kind_word(job.params.get("action", job.kind))


def _items(counts: dict[str, int]) -> str:
    """In the reader's language: `target_name` is in that of who asked."""
    return _("%(n)d items") % {"n": counts["total"]}


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
