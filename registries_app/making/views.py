"""Pages of registries that are made here: the form, and which engines trust one."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts_app.http import Request
from accounts_app.models import Role
from core.errors import DashboardError, FieldError, Invalid
from core.forms import refuse
from core.gate import administrator, signed_in
from hosts_app.selectors import hosts_for
from jobs_app.models import Job
from registries_app.making import making
from registries_app.making.forms import MakeForm
from registries_app.making.making import Made
from registries_app.making.trust import ca_file, daemon_json

OURS = {"password": "registry_password", "confirmation": "password"}


@administrator
@require_http_methods(["GET", "POST"])
def make(request: Request) -> HttpResponse:
    hosts = list(hosts_for(request.user, Role.ADMINISTRATOR))
    if request.method == "GET":
        initial = {"host": request.GET.get("host", ""), "key": uuid.uuid4().hex}
        return _page(request, MakeForm(hosts, initial=initial))
    form, status = MakeForm(hosts, request.POST), 422
    if form.is_valid():
        try:
            return redirect("jobs:page", _asked(request, form).pk)
        except Invalid as error:
            errors = [
                FieldError(OURS.get(each.field, each.field), each.message) for each in error.errors
            ]
            status = refuse(form, Invalid(error.message, hint=error.hint, errors=errors))
        except DashboardError as error:
            status = refuse(form, error)
    return _page(request, form, status)


@signed_in
@require_GET
def trust(request: Request, slug: str) -> HttpResponse:
    registry, trusts = making.trust(request.user, slug)
    needed = {each.state for each in trusts}
    words = {
        "trusts": (_("trusts it"), "healthy"),
        "plain": (_("wants encryption: it has to be told that this registry has none"), "failed"),
        "ca": (_("does not know the authority that signed its certificate"), "failed"),
        "unreachable": (_("cannot reach it"), "unhealthy"),
        "silent": (_("does not answer"), "unknown"),
    }
    rows = [
        {"trust": each, "word": words[each.state][0], "glyph": words[each.state][1]}
        for each in trusts
    ]
    context = {
        "registry": registry,
        "rows": rows,
        "daemon_json": daemon_json(registry) if "plain" in needed else "",
        "ca_file": ca_file(registry) if "ca" in needed else "",
    }
    return render(request, "registries_app/trust.html", context)


def _asked(request: Request, form: MakeForm) -> Job:
    said = form.cleaned_data
    wanted = Made(
        said["name"],
        said["image"],
        said["volume"],
        said["port"],
        said["delete_enabled"],
        said["username"],
        said["registry_password"],
        said["address"],
    )
    return making.make(
        request.user,
        said["host"],
        wanted,
        confirmation=form.confirmation(),
        idempotency_key=said["key"],
    )


def _page(request: Request, form: MakeForm, status: int = 200) -> HttpResponse:
    return render(request, "registries_app/make.html", {"form": form}, status=status)
