"""The list of containers, and what a page asks to be done with them."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts_app.http import Request
from containers_app import listing, page, services
from core.gate import signed_in
from core.http import is_htmx, wants_json
from core.listing import read_or_tell
from core.targets import key_of, options_of, targets_of
from hosts_app.selectors import seen_hosts


@signed_in
@require_GET
def container_list(request: Request) -> HttpResponse:
    template = "components/_listing.html" if is_htmx(request) else "containers_app/list.html"
    query, params, error = read_or_tell(listing.read, request.GET)
    found = listing.listing(request.user, query, params, seen_hosts(request))
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
    action = request.POST.get("action", "")
    targets = targets_of(request.POST.getlist("target"))
    options, key = options_of(request), key_of(request)
    if len(targets) == 1:
        (host, docker_id) = targets[0]
        job = services.act(request.user, action, host, docker_id, options, idempotency_key=key)
    else:
        job = services.bulk(request.user, action, targets, options, idempotency_key=key)
    if not wants_json(request):
        return redirect("jobs:page", job.pk)
    return JsonResponse({"job": job.pk, "url": f"/jobs/{job.pk}/"}, status=202)


@signed_in
@require_http_methods(["GET", "POST"])
def prune(request: Request) -> HttpResponse:
    """The stopped containers that the filter finds, and the removal of those agreed to."""
    if request.method == "POST":
        targets = targets_of(request.POST.getlist("target"))
        password = request.POST.get("password", "")
        key = request.POST.get("key", "")[:64]
        job = services.prune(request.user, targets, password=password, idempotency_key=key)
        return redirect("jobs:page", job.pk)
    found = services.prune_preview(request.user, listing.read(request.GET))
    return render(request, "containers_app/prune.html", page.prune_context(found, request.GET))
