"""The pages of builds: what was built, a new one, and one with its steps."""

import uuid
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts_app.http import Request
from accounts_app.models import Role
from core.errors import Forbidden, Invalid, NotFound
from core.forms import add_errors, pairs
from core.gate import signed_in
from core.http import is_htmx, wants_json
from core.listing import page_of, pager
from hosts_app.selectors import hosts_for
from images_app.building import builds
from images_app.building import history as build_history
from images_app.building.dockerfile import check
from images_app.building.dockerignore import BadPattern, Ignore
from images_app.building.forms import BuildForm, CheckForm, again
from jobs_app.rows import rows_of


@signed_in
@require_GET
def build_list(request: Request) -> HttpResponse:
    jobs = build_history.builds_for(request.user)
    page = page_of(request.GET, jobs.count())
    found = list(jobs[page.start : page.stop])
    context = {
        "rows": [
            {"job": row, "facts": build_history.facts(job)}
            for row, job in zip(rows_of(found), found, strict=True)
        ],
        "page": pager(request.path, request.GET, page),
        "here": request.get_full_path(),
        "may_build": hosts_for(request.user, Role.OPERATOR).exists(),
    }
    template = "images_app/_builds.html" if is_htmx(request) else "images_app/builds.html"
    return render(request, template, context)


@signed_in
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    hosts = list(hosts_for(request.user, Role.OPERATOR))
    if not hosts:
        raise Forbidden(
            _("You may build on no host."), hint=_("Ask an administrator for the role.")
        )
    if request.method == "POST":
        return _build(request, BuildForm(hosts, request.POST, request.FILES))
    initial: dict[str, Any] = {"host": request.GET.get("host", "")}
    earlier = request.GET.get("again", "")
    if earlier.isascii() and earlier.isdigit():
        job = build_history.build_for(request.user, int(earlier[:9]))
        initial = again(job, build_history.dockerfile_of(job))
    form = BuildForm(hosts, initial=initial | {"key": uuid.uuid4().hex})
    return _form(request, form)


@signed_in
@require_POST
def check_typed(request: Request) -> HttpResponse:
    """What is wrong with a Dockerfile so far, as {"problems": [{line, message, error}]}."""
    form = CheckForm(request.POST)
    form.is_valid()
    given = form.cleaned_data
    files = given.get("paths")
    try:
        ignore = Ignore(given["ignore"])
        arguments = pairs(given["build_args"], "build_args")
    except (BadPattern, Invalid):
        ignore, arguments = Ignore(""), {}
    paths = None if files is None else build_history.with_folders(files, ignore)
    text = given["dockerfile"].replace("\r\n", "\n")
    found = check(text, files=paths, target=given["target"], build_args=arguments)
    problems = [
        {"line": each.line, "message": each.message, "error": each.is_error}
        for each in found.problems
    ]
    return JsonResponse({"problems": problems, "arguments": found.arguments})


@signed_in
@require_GET
def page(request: Request, pk: int) -> HttpResponse:
    job = build_history.build_for(request.user, pk)
    context = {
        "job": rows_of([job])[0],
        "source": job,
        "facts": build_history.facts(job),
        "steps": build_history.steps(job),
        "after": build_history.last_line(job),
        "dockerfile": build_history.dockerfile_of(job),
    }
    template = "images_app/_build_head.html" if is_htmx(request) else "images_app/build.html"
    return render(request, template, context)


@signed_in
@require_GET
def step_log(request: Request, pk: int, n: int) -> HttpResponse:
    """{"lines": [[number in the job's log, time in ms, text]]} for the log view of a step."""
    job = build_history.build_for(request.user, pk)
    lines = build_history.step_lines(job, n)
    if lines is None:
        raise NotFound(_("There is no such step."))
    return JsonResponse({"lines": lines})


def _build(request: Request, form: BuildForm) -> HttpResponse:
    status, denied = 422, False
    try:
        if form.is_valid():
            job = builds.build(
                request.user,
                form.cleaned_data["host"],
                form.wanted(),
                form.cleaned_data["context"],
                idempotency_key=form.cleaned_data["key"],
            )
            url = reverse("builds:page", args=[job.pk])
            return JsonResponse({"url": url}) if wants_json(request) else redirect(url)
        if wants_json(request):
            name, messages = next(iter(form.errors.items()))
            raise Invalid.field(str(name), str(messages[0]))
    except (Invalid, Forbidden) as error:
        if wants_json(request):
            raise
        denied = isinstance(error, Forbidden)
        status = error.status
        if isinstance(error, Invalid):
            add_errors(form, error)
        else:
            form.add_error(None, f"{error.message} {error.hint}")
    answer = _form(request, form, status)
    answer.denied = denied  # type: ignore[attr-defined]  # PersonMiddleware counts these (I4)
    return answer


def _form(request: Request, form: BuildForm, status: int = 200) -> HttpResponse:
    return render(request, "images_app/build_new.html", {"form": form}, status=status)
