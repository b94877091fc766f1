"""The page that pulls an image to one host or several."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts_app.http import Request
from accounts_app.models import Role
from core.errors import DashboardError, Forbidden
from core.forms import refuse
from core.gate import signed_in
from hosts_app.selectors import hosts_for
from images_app import transfers
from images_app.transfer_forms import PullForm
from jobs_app.models import Job


@signed_in
@require_http_methods(["GET", "POST"])
def pull(request: Request) -> HttpResponse:
    hosts = list(hosts_for(request.user, Role.OPERATOR))
    if not hosts:
        raise Forbidden(
            _("You may pull images on no host."), hint=_("Ask an administrator for the role.")
        )
    if request.method == "GET":
        wanted = [host.slug for host in hosts if host.slug in request.GET.getlist("host")]
        chosen = wanted or [hosts[0].slug]
        initial = {
            "hosts": chosen,
            "reference": request.GET.get("image", ""),
            "key": uuid.uuid4().hex,
        }
        return _page(request, PullForm(hosts, initial=initial))
    form, status = PullForm(hosts, request.POST), 422
    if form.is_valid():
        try:
            return redirect("jobs:page", _asked(request, form).pk)
        except DashboardError as error:
            status = refuse(form, error)
    return _page(request, form, status)


def _asked(request: Request, form: PullForm) -> Job:
    said = form.cleaned_data
    slugs, key = said["hosts"], said["key"]
    if len(slugs) == 1:
        return transfers.pull(
            request.user, slugs[0], said["reference"], said["platform"], idempotency_key=key
        )
    return transfers.pull_on(
        request.user, slugs, said["reference"], said["platform"], idempotency_key=key
    )


def _page(request: Request, form: PullForm, status: int = 200) -> HttpResponse:
    return render(request, "images_app/pull.html", {"form": form}, status=status)
