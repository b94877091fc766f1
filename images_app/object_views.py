"""The pages of one image of one host."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts_app.http import Request
from core.errors import EngineFailed, NotFound
from core.gate import signed_in
from core.http import is_htmx
from core.tree import nodes
from images_app import facts, live_reads, object_page
from images_app.models import Image
from images_app.rows import name_of


@signed_in
@require_GET
def overview(request: Request, host: str, reference: str) -> HttpResponse:
    found = _find(request, host, reference, "page")
    if isinstance(found, HttpResponse):
        return found
    context = object_page.context(request.user, found, "page", reference)
    if is_htmx(request):  # who uses it has changed; the rest never does
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


def _find(request: Request, host: str, reference: str, view: str) -> Image | HttpResponse:
    """The image, or the way to its own address: by tag where it has one."""
    found = live_reads.find(request.user, host, reference)
    if reference not in found.tags and reference != name_of(found):
        return redirect(f"image:{view}", host, name_of(found))
    return found
