"""The pages that send an archive: load images, import a root file system."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts_app.http import Request
from core.gate import signed_in
from images_app.transferring.forms import ImportForm, LoadForm, chosen, own_hosts


@signed_in
@require_GET
def load(request: Request) -> HttpResponse:
    return _page(request, "load", LoadForm)


@signed_in
@require_GET
def import_image(request: Request) -> HttpResponse:
    return _page(request, "import", ImportForm)


def _page(request: Request, name: str, kind: type[LoadForm]) -> HttpResponse:
    hosts = own_hosts(request.user)
    host = chosen(hosts, request.GET.get("host", "")).slug
    initial = {"host": host, "reference": request.GET.get("reference", "")}
    context = {
        "form": kind(hosts, initial=initial),
        "largest": settings.IMAGE_UPLOAD_LIMIT,
        "url": f"/api/v1/hosts/{host}/images/{name}",
    }
    return render(request, f"images_app/{name}.html", context)
