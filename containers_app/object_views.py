"""The pages of one container, and what is asked from them that is no job."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts_app.http import Request
from containers_app import facts, history, live_reads, object_page, services
from containers_app.logs import page as log_page
from containers_app.models import Container
from containers_app.selectors import FULL_ID, container_for, tombstone_for
from core.errors import EngineFailed, Invalid, NotFound
from core.gate import signed_in
from core.http import is_htmx, wants_json
from core.tree import nodes


@signed_in
@require_GET
def overview(request: Request, host: str, name: str) -> HttpResponse:
    found = find(request, host, name, "page")
    if isinstance(found, HttpResponse):
        return found
    context = object_page.context(request.user, found, "page", partial=is_htmx(request))
    context["jobs"] = history.last_jobs(request.user, found)
    try:
        detail = live_reads.detail(found)
    except (EngineFailed, NotFound) as error:
        context |= {"failed": error, **facts.of_row(found)}
    else:
        context |= facts.of(detail, rootless=bool(found.host.engine.get("rootless")))
    return _page(request, "containers_app/overview.html", context)


@signed_in
@require_GET
def inspect(request: Request, host: str, name: str) -> HttpResponse:
    found = find(request, host, name, "inspect")
    if isinstance(found, HttpResponse):
        return found
    context = object_page.context(request.user, found, "inspect", partial=is_htmx(request))
    try:
        context["nodes"] = nodes(live_reads.inspected(found))
    except (EngineFailed, NotFound) as error:
        context["failed"] = error
    return _page(request, "containers_app/inspect.html", context)


@signed_in
@require_GET
def events(request: Request, host: str, name: str) -> HttpResponse:
    found = find(request, host, name, "events")
    if isinstance(found, HttpResponse):
        return found
    context = object_page.context(request.user, found, "events", partial=is_htmx(request))
    told = []
    try:
        told = live_reads.events_of(found)
    except (EngineFailed, NotFound) as error:
        context["failed"] = error
    context["entries"] = history.entries(request.user, found, told)
    return _page(request, "containers_app/events.html", context)


@signed_in
@require_GET
def logs(request: Request, host: str, name: str) -> HttpResponse:
    """The frame of the log view; its lines come through the socket."""
    found = find(request, host, name, "logs")
    if isinstance(found, HttpResponse):
        return found
    context = object_page.context(request.user, found, "logs", partial=is_htmx(request))
    context["levels"] = log_page.levels()
    return _page(request, "containers_app/logs.html", context)


@signed_in
@require_POST
def reveal(request: Request, host: str, name: str) -> HttpResponse:
    """Values of the variables named, as JSON that nobody stores; `name` is the full id."""
    values = services.reveal(
        request.user,
        host,
        name,
        request.POST.getlist("names"),
        password=request.POST.get("password", ""),
    )
    return JsonResponse({"values": values})


@signed_in
@require_POST
def lock(request: Request, host: str, name: str) -> HttpResponse:
    """Lock it against removal, or lift that; `name` is the full id."""
    container_for(request.user, host, name)
    wish = request.POST.get("locked", "")
    if wish not in {"0", "1"}:
        raise Invalid.field("locked", _("Either 0 or 1."))
    deed = services.lock if wish == "1" else services.unlock
    container = deed(request.user, host, name)
    if wants_json(request):
        return JsonResponse({"locked": container.locked})
    return redirect(object_page.page_of(container))


def find(request: Request, host: str, reference: str, tab: str) -> Container | HttpResponse:
    """The container; or the way to its own address; or the page of one that is gone."""
    try:
        found = container_for(request.user, host, reference)
    except NotFound:
        gone = tombstone_for(request.user, host, reference)
        if gone is None:
            raise
        context = object_page.gone_context(request.user, gone)
        if is_htmx(request):
            return render(request, "containers_app/_gone.html", context)
        return render(request, "containers_app/gone.html", context, status=404)
    by_id = FULL_ID.match(reference) and is_htmx(request)  # a page that follows its container
    if found.name != reference and not by_id:
        return redirect(f"containers:{tab}", host, found.name)
    return found


def _page(request: Request, template: str, context: dict[str, object]) -> HttpResponse:
    answer = render(request, template, context)
    answer["Vary"] = "HX-Request"
    return answer
