"""The list of images over all hosts, and what a page asks to be done with them."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts_app.http import Request
from core.gate import signed_in
from core.http import is_htmx, wants_json
from core.listing import read_or_tell
from core.targets import key_of, options_of, targets_of
from images_app import listing, page, services


@signed_in
@require_GET
def image_list(request: Request) -> HttpResponse:
    template = "components/_listing.html" if is_htmx(request) else "images_app/list.html"
    query, params, error = read_or_tell(listing.read, request.GET)
    found = listing.listing(request.user, query, params)
    context = page.context(request.user, found, params)
    if error:
        context |= {"filter_error": error, "q": request.GET.get("q", "")}
    answer = render(request, template, context, status=422 if error else 200)
    answer["Vary"] = "HX-Request"
    return answer


@signed_in
@require_POST
def act(request: Request) -> HttpResponse:
    """One action on one or several targets, each `host/full id`: 202 with the Job's number."""
    job = services.act(
        request.user,
        request.POST.get("action", ""),
        targets_of(request.POST.getlist("target")),
        options_of(request),
        idempotency_key=key_of(request),
    )
    if not wants_json(request):
        return redirect("jobs:page", job.pk)
    return JsonResponse({"job": job.pk, "url": f"/jobs/{job.pk}/"}, status=202)
