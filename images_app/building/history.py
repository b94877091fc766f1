"""Builds that were asked for: which, their steps, and the log of each step."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import NotFound
from images_app.building.dockerignore import Ignore
from images_app.building.steps import STEP
from images_app.models import Build
from jobs_app.models import Job, JobLine, JobQuerySet
from jobs_app.selectors import jobs_for

KIND = "image.build"
GLYPHS = {"running": "busy", "succeeded": "healthy", "failed": "failed", "stopped": "exited"}
MOST_LINES = 5000  # of one step on its page; the job's own page has all


def builds_for(user: User) -> JobQuerySet:
    return jobs_for(user).filter(kind=KIND).order_by("-pk")


def build_for(user: User, pk: int) -> Job:
    """Raises NotFound."""
    job = builds_for(user).filter(pk=pk).first()
    if job is None:
        raise NotFound(_("No such build."), hint=_("Builds are kept for some time only."))
    return job


def dockerfile_of(job: Job) -> str:
    build = Build.objects.filter(job=job).first()
    return build.dockerfile if build else ""


def facts(job: Job) -> dict[str, Any]:
    """What a list or the head of a page says of a build."""
    found = _steps(job)
    result = job.result or {}
    return {
        "source": job.params.get("remote") or (_context_words(job) if _has_context(job) else ""),
        "typed": not job.params.get("remote") and not _has_context(job),
        "steps": len(found),
        "total": (job.detail or {}).get("total", 0),
        "cached": sum(bool(step["cached"]) for step in found),
        "image": str(result.get("id", "")),
        "tags": result.get("tags") or job.params.get("tags", []),
        "arguments": job.params.get("build_args", []),
    }


def steps(job: Job) -> list[dict[str, Any]]:
    """Each step as it is drawn; the failed or running one is open."""
    found = []
    for step in _steps(job):
        state = step["state"]
        if state == "running" and not job.is_open:
            state = "stopped"
        is_open = state in {"running", "failed"}
        found.append(
            {
                "n": step["n"],
                "text": step["text"],
                "state": state,
                "glyph": GLYPHS.get(state, "unknown"),
                "cached": step["cached"],
                "took": f"{step['seconds']:.1f} s" if state in {"succeeded", "failed"} else "",
                "open": is_open,
            }
        )
    return found


def step_lines(job: Job, n: int) -> list[tuple[int, int, str]] | None:
    """(number, time in ms, text) of the last lines of step `n`; None: there is no such step."""
    heads = _heads(job)
    if not 1 <= n <= len(heads):
        return None
    lines = JobLine.objects.filter(job=job, n__gt=heads[n - 1])
    if n < len(heads):
        lines = lines.filter(n__lt=heads[n])
    found = lines.order_by("-n").values_list("n", "at", "text")[:MOST_LINES]
    return [(number, int(at.timestamp() * 1000), text) for number, at, text in found][::-1]


def last_line(job: Job) -> int:
    return JobLine.objects.filter(job=job).aggregate(last=Max("n"))["last"] or 0


def with_folders(files: Iterable[str], ignore: Ignore) -> set[str]:
    """The paths that a build would see, and the folders above them."""
    paths: set[str] = set()
    for path in files:
        if not ignore.ignores(path):
            parts = path.split("/")
            paths.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    return paths


def _heads(job: Job) -> list[int]:
    """The line with which each step begins. What a RUN prints may look so: only 1, 2, 3 counts."""
    heads: list[int] = []
    likely = JobLine.objects.filter(job=job, text__startswith="Step ").order_by("n")
    for number, text in likely.values_list("n", "text"):
        match = STEP.fullmatch(text)
        if match and int(match["n"]) == len(heads) + 1:
            heads.append(number)
    return heads


def _steps(job: Job) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (job.detail or {}).get("steps", [])
    return found


def _has_context(job: Job) -> bool:
    return "context" in job.params


def _context_words(job: Job) -> str:
    return _("a context of %(n)d files") % {"n": job.params["context"]["files"]}
