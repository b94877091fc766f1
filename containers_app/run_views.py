"""The page that runs a new container."""

import uuid

from django import forms as django_forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts_app.http import Request
from accounts_app.models import Role
from containers_app import services
from containers_app.forms import RunPage, arguments
from core.errors import Forbidden, Invalid
from core.gate import signed_in
from hosts_app.selectors import hosts_for
from images_app.selectors import tags_on


@signed_in
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    hosts = list(hosts_for(request.user, Role.OPERATOR))
    if not hosts:
        raise Forbidden(
            _("You may run containers on no host."), hint=_("Ask an administrator for the role.")
        )
    if request.method == "POST":
        return _run(request, RunPage(hosts, request.POST))
    wanted = request.GET.get("host", "")
    first = next((host.slug for host in hosts if host.slug == wanted), hosts[0].slug)
    image = request.GET.get("image", "")
    page = RunPage(hosts, host=first, image=image, key=uuid.uuid4().hex)
    return _page(request, page, first)


@signed_in
@require_POST
def split(request: Request) -> HttpResponse:
    """The command as the list of arguments that it is."""
    context: dict[str, object] = {}
    try:
        context["arguments"] = arguments(request.POST.get("command", ""))
    except django_forms.ValidationError as error:
        context["wrong"] = error.messages[0]
    return render(request, "containers_app/_arguments.html", context)


def _run(request: Request, page: RunPage) -> HttpResponse:
    host, status, denied = request.POST.get("host", ""), 422, False
    try:
        page.require_known_fields()
        if page.is_valid():
            job = services.run(
                request.user,
                host,
                page.said(),
                idempotency_key=page.form.cleaned_data["key"],
            )
            return redirect("jobs:page", job.pk)
    except Invalid as error:
        page.form.is_valid()
        page.add_errors(error)
    except Forbidden as error:
        page.form.add_error(None, f"{error.message} {error.hint}")
        status, denied = 403, True
    answer = _page(request, page, host, status)
    answer.denied = denied  # type: ignore[attr-defined]  # PersonMiddleware counts these (I4)
    return answer


def _page(request: Request, page: RunPage, host: str, status: int = 200) -> HttpResponse:
    context = {
        "form": page.form,
        "env": page.sets["env"],
        "ports": page.sets["ports"],
        "mounts": page.sets["mounts"],
        "tags": tags_on(request.user, host),
    }
    return render(request, "containers_app/new.html", context, status=status)
