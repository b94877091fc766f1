"""The pages of a container's changes, and of the image that is made of it."""

import uuid
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts_app.http import Request
from accounts_app.models import Role
from containers_app import change_page, live_reads, object_page, services
from containers_app.forms import CommitForm
from containers_app.models import Container
from containers_app.object_views import find
from containers_app.selectors import container_for
from core.errors import DashboardError, EngineFailed, NotFound, TooMany
from core.forms import refuse
from core.gate import signed_in
from core.http import is_htmx


@signed_in
@require_GET
def changes(request: Request, host: str, name: str) -> HttpResponse:
    """One level of the tree, or what words and kinds find; sizes where they are asked for.

    A page whose container changed its state fetches its head only: then no engine is asked.
    """
    found = find(request, host, name, "changes")
    if isinstance(found, HttpResponse):
        return found
    asked = change_page.read(request.GET)
    part = request.headers.get("HX-Target") == "changes"
    if is_htmx(request) and not part:
        context = object_page.context(request.user, found, "changes", partial=True)
        return _page(request, "containers_app/changes.html", context)
    context = object_page.context(request.user, found, "changes", partial=False)
    try:
        with live_reads.WALKS.place(request.user.pk):
            context |= _read(found, asked, request.GET)
    except (EngineFailed, NotFound, TooMany) as error:
        context["failed"] = error
    template = "containers_app/_changes.html" if part else "containers_app/changes.html"
    return _page(request, template, context)


def _read(found: Container, asked: change_page.Asked, params: QueryDict) -> dict[str, Any]:
    known = live_reads.changes_of(found)
    entries = change_page.entries_of(asked, known)
    page = change_page.page_of(asked, len(entries))
    shown = change_page.context(found, asked, params, known, entries, page)
    if not asked.sizes:
        return shown
    files = [
        each.path
        for each in entries[page.start : page.stop]
        if each.kind in {"added", "changed"} and not each.is_folder
    ]
    return change_page.with_sizes(shown, *live_reads.sizes_in(found, files))


def _page(request: Request, template: str, context: dict[str, Any]) -> HttpResponse:
    answer = render(request, template, context)
    answer["Vary"] = "HX-Request, HX-Target"
    return answer


@signed_in
@require_http_methods(["GET", "POST"])
def commit(request: Request, host: str, name: str) -> HttpResponse:
    """The form of an image made of a container; what is sent names that by its full id."""
    found = container_for(request.user, host, name, Role.OPERATOR)
    status = 200
    if request.method == "POST":
        form = CommitForm(request.POST)
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            key, docker_id = said.pop("key"), said.pop("container")
            try:
                job = services.commit(request.user, host, docker_id, said, idempotency_key=key)
                return redirect("jobs:page", job.pk)
            except DashboardError as error:
                status = refuse(form, error)
    else:
        form = CommitForm(initial={"key": uuid.uuid4().hex, "container": found.docker_id})
    context = {"form": form, "container": found, "host": found.host}
    return render(request, "containers_app/commit.html", context, status=status)
