"""The jobs page, a job's own page, and what can be done with it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts_app.http import Request
from core.gate import signed_in
from core.http import is_htmx
from core.listing import address, page_of, pager
from jobs_app import rows, services
from jobs_app.listing import STATES, states_with_counts, wanted
from jobs_app.rows import layers_of, results_of, rows_of
from jobs_app.selectors import children_of, job_for, lines_after, position


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
    context = {
        "job": rows_of([job])[0],
        "source": job,
        "position": position(job),
        "lines": lines_after(job, 0),
        "items": rows_of(children_of(job)),
        "layers": layers_of(job),
        "results": results_of(job),
    }
    template = "jobs_app/_page.html" if is_htmx(request) else "jobs_app/page.html"
    return render(request, template, context)


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


def _back(request: Request, pk: int) -> HttpResponse:
    """To the job; a script gets only the word that it is done, and hears the rest live."""
    if is_htmx(request) or request.headers.get("X-Requested-With"):
        return HttpResponse(status=204)
    return redirect("jobs:page", pk)
