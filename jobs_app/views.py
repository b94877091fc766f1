"""The jobs page, a job's own page, and what can be done with it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts_app.http import Request
from core.gate import signed_in
from core.http import is_htmx
from core.listing import address, page_of, pager
from core.room import if_there_is_room
from jobs_app import rows, services
from jobs_app.listing import STATES, states_with_counts, wanted
from jobs_app.models import Job
from jobs_app.rows import items_of, layers_of, results_of, rows_of, summary_of
from jobs_app.selectors import children_of, job_for, last_line, lines_after

LINES_SHOWN = 1000  # of a log at once


@signed_in
@require_GET
def job_list(request: Request) -> HttpResponse:
    jobs = wanted(request.user, request.GET)
    page = page_of(request.GET, jobs.count())
    context = {
        "jobs": rows_of(jobs[page.start : page.stop]),
        "page": pager(request.path, request.GET, page),
        "states": [
            state | {"url": address(request.path, request.GET, state=state["key"])}
            for state in states_with_counts(request.user, request.GET.get("state", ""))
        ],
        "known_states": STATES,
        "here": request.get_full_path(),
    }
    template = "jobs_app/_list.html" if is_htmx(request) else "jobs_app/list.html"
    return render(request, template, context)


@signed_in
@require_GET
def tray(request: Request) -> HttpResponse:
    return render(request, "jobs_app/_tray.html", rows.tray(request.user))


@signed_in
@require_GET
def job_page(request: Request, pk: int) -> HttpResponse:
    job = job_for(request.user, pk)
    with if_there_is_room():
        services.mark_seen(request.user, pk)
    after = _after(request, job)
    context = {
        "job": rows_of([job])[0],
        "source": job,
        "lines": lines_after(job, after, LINES_SHOWN),
        "after": after,
        "more": last_line(job) > after + LINES_SHOWN,
        "earlier": max(0, after - LINES_SHOWN) if after else None,
        "items": items_of(children_of(job)),
        "layers": layers_of(job),
        "summary": summary_of(layers_of(job)),
        "results": results_of(job),
    }
    template = "jobs_app/_page.html" if is_htmx(request) else "jobs_app/page.html"
    return render(request, template, context)


def _after(request: Request, job: Job) -> int:
    """The line after which the log is shown: as the address says, else so that the last is."""
    said = request.GET.get("after", "")
    if said.isascii() and said.isdigit():
        return int(said[:9])
    return max(0, last_line(job) - LINES_SHOWN)


@signed_in
@require_POST
def seen(request: Request, pk: int) -> HttpResponse:
    """A page has told how this job of its reader ended."""
    services.mark_seen(request.user, pk)
    return HttpResponse(status=204)


@signed_in
@require_POST
def all_seen(request: Request) -> HttpResponse:
    services.mark_seen(request.user)
    return _back(request)


@signed_in
@require_POST
def cancel(request: Request, pk: int) -> HttpResponse:
    services.cancel(request.user, pk)
    return _back(request, pk)


@signed_in
@require_POST
def retry(request: Request, pk: int) -> HttpResponse:
    return _back(request, services.retry(request.user, pk).pk)


@signed_in
@require_POST
def dismiss(request: Request, pk: int) -> HttpResponse:
    services.dismiss(request.user, pk)
    return _back(request, pk)


def _back(request: Request, pk: int | None = None) -> HttpResponse:
    """To the job, or to all; a script gets only the word that it is done, the rest it hears."""
    if is_htmx(request) or request.headers.get("X-Requested-With"):
        return HttpResponse(status=204)
    return redirect("jobs:page", pk) if pk else redirect("jobs:list")
