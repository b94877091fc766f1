"""The audit trail as pages: who did what, what was refused, and all of it to take away."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts_app import audit, audit_listing
from accounts_app.http import Request
from core.errors import Invalid
from core.gate import administrator
from core.listing import page_of, pager

CHECKED = 200  # newest rows whose links every look at the page checks
FORMATS = {
    "jsonl": ("application/x-ndjson", audit_listing.as_json_lines),
    "csv": ("text/csv; charset=utf-8", audit_listing.as_csv),
}


@administrator
@require_GET
def trail_page(request: Request) -> HttpResponse:
    params, errors = _readable(request.GET, audit_listing.wanted)
    rows = audit_listing.wanted(params)
    page = page_of(params, rows.count())
    context = {
        "rows": rows[page.start : page.stop],
        "page": pager(request.path, params, page),
        "outcomes": audit_listing.outcomes(),
        "filters": {name: request.GET.get(name, "") for name in audit_listing.FILTERS},
        "filtered": any(request.GET.get(name) for name in audit_listing.FILTERS),
        "errors": errors,
        "broken": audit.first_broken(newest=CHECKED),
        "checked": CHECKED,
        "tab": "trail",
    }
    return render(request, "accounts_app/audit.html", context, status=422 if errors else 200)


@administrator
@require_GET
def denied_page(request: Request) -> HttpResponse:
    params, errors = _readable(request.GET, audit_listing.wanted_denied)
    rows = audit_listing.wanted_denied(params)
    page = page_of(params, rows.count())
    context = {
        "rows": rows[page.start : page.stop],
        "page": pager(request.path, params, page),
        "filters": {"q": request.GET.get("q", "")},
        "filtered": bool(request.GET.get("q")),
        "errors": errors,
        "tab": "denied",
    }
    return render(request, "accounts_app/denied.html", context, status=422 if errors else 200)


@administrator
@require_POST
def export(request: Request) -> HttpResponseBase:
    """The filtered trail as a file, streamed; that it was taken is itself in the trail (I1)."""
    name = request.POST.get("format", "jsonl")
    if name not in FORMATS:
        raise Invalid.field("format", _("One of %(names)s.") % {"names": ", ".join(FORMATS)})
    content_type, written = FORMATS[name]
    rows = audit_listing.wanted(request.POST)
    filters = {key: request.POST[key] for key in audit_listing.FILTERS if request.POST.get(key)}
    audit.record(request.user, "audit.export", outcome="succeeded", format=name, filters=filters)
    answer = StreamingHttpResponse(_in_threads(written(rows)), content_type=content_type)
    day = now().strftime("%Y-%m-%d")
    answer["Content-Disposition"] = f'attachment; filename="audit-{day}.{name}"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _readable(params: QueryDict, read: Any) -> tuple[QueryDict, dict[str, str]]:
    """The parameters without those that are wrong, and what is wrong with each."""
    errors: dict[str, str] = {}
    while True:
        try:
            page_of(params, 0)
            read(params)
        except Invalid as error:
            params = params.copy()
            for each in error.errors:
                errors[each.field] = f"{each.message} {error.hint}".strip()
                params.pop(each.field, None)
        else:
            return params, errors


async def _in_threads(pieces: Iterator[str]) -> AsyncIterator[str]:
    """The pieces one after the other, each read in a thread: the database is not async."""
    while piece := await _piece(pieces):
        yield piece


@database_sync_to_async
def _piece(pieces: Iterator[str]) -> str:
    return next(pieces, "")
