"""The pages of images on their way: pull, push, send to other hosts, save to the browser."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts_app.http import Request
from core.errors import DashboardError
from core.forms import refuse
from core.gate import signed_in
from hosts_app.models import Host
from images_app.selectors import names_on, tags_on
from images_app.transferring import distribute as sending
from images_app.transferring import transfers
from images_app.transferring.forms import (
    DistributeForm,
    PullForm,
    PushForm,
    SaveForm,
    chosen,
    own_hosts,
)
from jobs_app.models import Job
from registries_app.models import Registry
from registries_app.selectors import registries_for

TAR = "application/x-tar"


@signed_in
@require_http_methods(["GET", "POST"])
def pull(request: Request) -> HttpResponse:
    hosts = own_hosts(request.user)
    if request.method == "GET":
        wanted = [host.slug for host in hosts if host.slug in request.GET.getlist("host")]
        initial = {
            "hosts": wanted or [hosts[0].slug],
            "reference": request.GET.get("reference") or request.GET.get("image", ""),
            "key": uuid.uuid4().hex,
        }
        return _page(request, "pull", PullForm(hosts, initial=initial))
    return _asked(request, "pull", PullForm(hosts, request.POST), _pull)


@signed_in
@require_http_methods(["GET", "POST"])
def push(request: Request) -> HttpResponse:
    hosts = own_hosts(request.user)
    registries = [(each.domain, label) for each, label in _registries(request)]
    if request.method == "GET":
        initial = _initial(request, hosts, "source")
        return _page(request, "push", PushForm(hosts, registries, initial=initial))
    return _asked(request, "push", PushForm(hosts, registries, request.POST), _push)


@signed_in
@require_http_methods(["GET", "POST"])
def distribute(request: Request) -> HttpResponse:
    hosts = own_hosts(request.user)
    ways = [(each.slug, label) for each, label in _registries(request)]
    if request.method == "GET":
        initial = _initial(request, hosts, "reference")
        initial["targets"] = request.GET.getlist("targets")
        initial["reference"] = " ".join(request.GET.getlist("reference"))
        return _page(request, "distribute", DistributeForm(hosts, ways, initial=initial))
    return _asked(request, "distribute", DistributeForm(hosts, ways, request.POST), _distribute)


@signed_in
@require_http_methods(["GET", "POST"])
def save(request: Request) -> HttpResponseBase:
    """A form to choose images; sent, it answers with their archive."""
    hosts = own_hosts(request.user)
    data = request.GET if request.method == "GET" else request.POST
    host = chosen(hosts, data.get("host", ""))
    names = names_on(request.user, host.slug)
    if request.method == "GET":
        initial = {"host": host.slug, "reference": request.GET.getlist("reference")}
        return _page(request, "save", SaveForm(hosts, names, initial=initial))
    form, status = SaveForm(hosts, names, request.POST), 422
    if form.is_valid():
        try:
            said = form.cleaned_data
            saved = transfers.save(request.user, said["host"], said["reference"])
        except DashboardError as error:
            status = refuse(form, error)
        else:
            answer = StreamingHttpResponse(saved, content_type=TAR)
            answer["Content-Disposition"] = 'attachment; filename="images.tar"'
            return answer
    return _page(request, "save", form, status)


@signed_in
@require_GET
def names(request: Request) -> HttpResponse:
    """The names to choose from on a host, as options of a list."""
    tags = tags_on(request.user, request.GET.get("host", ""))
    return render(request, "images_app/_names.html", {"tags": tags})


def _registries(request: Request) -> list[tuple[Registry, str]]:
    """Those that engines can push to, as a person chooses among them."""
    found = registries_for(request.user)
    return [
        (each, f"{each.name} ({each.domain})")
        for each in found
        if each.mirror_of_id is None and each.domain and not each.path
    ]


def _initial(request: Request, hosts: list[Host], field: str) -> dict[str, Any]:
    return {
        "host": chosen(hosts, request.GET.get("host", "")).slug,
        field: request.GET.get("reference", ""),
        "key": uuid.uuid4().hex,
    }


def _asked(
    request: Request, page: str, form: forms.Form, ask: Callable[[Request, dict[str, Any]], Job]
) -> HttpResponse:
    """To the job that was asked for, or the form again with what is wrong."""
    status = 422
    if form.is_valid():
        try:
            return redirect("jobs:page", ask(request, form.cleaned_data).pk)
        except DashboardError as error:
            status = refuse(form, error)
    return _page(request, page, form, status)


def _pull(request: Request, said: dict[str, Any]) -> Job:
    slugs, names, key = said["hosts"], said["reference"].split(), said["key"]
    if len(slugs) == len(names) == 1:
        return transfers.pull(
            request.user, slugs[0], names[0], said["platform"], idempotency_key=key
        )
    return transfers.pull_several(
        request.user, slugs, names, said["platform"], idempotency_key=key
    )


def _push(request: Request, said: dict[str, Any]) -> Job:
    name = said["reference"] or said["source"]
    if said["registry"]:
        name = transfers.name_at(said["registry"], name)
    return transfers.push(
        request.user, said["host"], name, said["source"], idempotency_key=said["key"]
    )


def _distribute(request: Request, said: dict[str, Any]) -> Job:
    return sending.distribute(
        request.user,
        said["host"],
        said["reference"].split(),
        said["targets"],
        said["via"],
        idempotency_key=said["key"],
    )


def _page(request: Request, name: str, form: forms.Form, status: int = 200) -> HttpResponse:
    host = str(form["host"].value() or "") if "host" in form.fields else ""
    context = {
        "form": form,
        "tags": tags_on(request.user, host) if host else [],
        "may_add_hosts": request.user.is_administrator,
    }
    return render(request, f"images_app/{name}.html", context, status=status)
