"""The pages of one image of one host."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts_app.http import Request
from core.errors import EngineFailed, NotFound
from core.gate import signed_in
from core.http import is_htmx
from core.tree import nodes
from images_app import facts, live_reads, object_page, services
from images_app.models import Image
from images_app.rows import name_of


@signed_in
@require_GET
def overview(request: Request, host: str, reference: str) -> HttpResponse:
    try:
        found = _find(request, host, reference, "page")
    except NotFound:
        if is_htmx(request):  # an open page keeps what it shows, and is told that it is gone
            return HttpResponse(status=204)
        raise
    if isinstance(found, HttpResponse):
        return found
    context = object_page.context(request.user, found, "page", reference)
    if is_htmx(request) and request.headers.get("HX-Target") == "users":  # the rest is the same
        return render(request, "images_app/_users.html", context)
    try:
        detail, steps = live_reads.whole(found)
    except (EngineFailed, NotFound) as error:
        context["failed"] = error
    else:
        context |= facts.of(detail, steps)
    return render(request, "images_app/overview.html", context)


@signed_in
@require_GET
def inspect(request: Request, host: str, reference: str) -> HttpResponse:
    found = _find(request, host, reference, "inspect")
    if isinstance(found, HttpResponse):
        return found
    context = object_page.context(request.user, found, "inspect", reference)
    try:
        context["nodes"] = nodes(live_reads.inspected(found))
    except (EngineFailed, NotFound) as error:
        context["failed"] = error
    return render(request, "images_app/inspect.html", context)


@signed_in
@require_POST
def reveal(request: Request, host: str, reference: str) -> HttpResponse:
    """Values of the variables named, as JSON that nobody stores; `reference` is the full id."""
    values = services.reveal(
        request.user,
        host,
        reference,
        request.POST.getlist("names"),
        password=request.POST.get("password", ""),
    )
    return JsonResponse({"values": values})


def _find(request: Request, host: str, reference: str, view: str) -> Image | HttpResponse:
    """The image, or the way to its own address: by tag where it has one."""
    found = live_reads.find(request.user, host, reference)
    if reference not in found.tags and reference != name_of(found):
        return redirect(f"image:{view}", host, name_of(found))
    return found
