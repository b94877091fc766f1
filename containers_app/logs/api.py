"""Logs over the API: a page of one, or as much of one or several as there is."""

from typing import Literal

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.timezone import now
from django.utils.translation import gettext as _
from ninja import Query as NinjaQuery
from ninja import Router
from pydantic import BaseModel, Field

from accounts_app.http import Request
from containers_app.api import READS
from containers_app.logs.download import Download, Piece
from containers_app.logs.finding import wanted
from containers_app.logs.hub_ring import key
from containers_app.logs.reads import MOST_LINES, Bounds, checked
from containers_app.logs.search import levels_of
from containers_app.logs.search_api import still_sees
from containers_app.logs.sources import Reference, Source, references, resolve
from containers_app.logs.window import Way, place_of, stretch, told
from core.api import instant
from core.errors import Invalid
from core.gate import signed_in
from core.listing import whole_number

TYPES = {"text": "text/plain; charset=utf-8", "ndjson": "application/x-ndjson"}
SUFFIXES = {"text": "log", "ndjson": "ndjson"}
ANSWER = {
    "responses": {200: {"description": "OK", "content": {name: {} for name in TYPES.values()}}}
}
PAGE = {"responses": {200: {"description": "OK", "content": {"application/json": {}}}}}
WAYS: dict[str, tuple[Way, ...]] = {
    "older": ("older",), "newer": ("newer",), "around": ("older", "newer"),
}  # fmt: skip
router = Router(tags=["logs"])


class _Filters(BaseModel):
    since: str = Field("", description="ISO 8601, or seconds since 1970")
    until: str = Field("", description="ISO 8601, or seconds since 1970")
    q: str = Field("", description="What a line holds")
    re: Literal["", "0", "1"] = Field("", description="1: `q` is a pattern of RE2")
    case: Literal["", "0", "1"] = Field("", description="1: upper and lower case differ")
    level: str = Field("", description="error, warn, info, debug, none; several with commas")
    stream: Literal["", "out", "err"] = ""
    format: Literal["text", "ndjson"] = "text"
    download: Literal["", "0", "1"] = Field("", description="1: as a file")


class LogFilters(_Filters):
    tail: str = Field("1000", description="How many lines from the end, or `all`")
    before: str = Field("", description="A line's `cursor`: only lines that come before it")


class LogsFilters(_Filters):
    c: list[str] = Field([], description="host/container, any number of times")
    select: str = Field("", description="As on the list of containers: `project:shop`")
    tail: str = Field("all", description="How many lines from the end of each, or `all`")


class PageFilters(BaseModel):
    c: list[str] = Field([], description="host/container, any number of times")
    select: str = Field("", description="As on the list of containers: `project:shop`")
    way: Literal["older", "newer", "around"] = "older"
    at: str = Field("", description="A moment: older lines are before it, newer ones from it on")
    line: str = Field("", description="Instead: `host/container@` and the engine's time of a line")
    edge: list[str] = Field(
        [], description="`host/id@` and the `cursor` of the first (last) line held of that log"
    )
    lines: int = Field(500, ge=1, le=2000)


@router.get("hosts/{host}/containers/{container}/logs", openapi_extra=ANSWER)
@signed_in
def get_logs(
    request: Request, host: str, container: str, asked: NinjaQuery[LogFilters]
) -> HttpResponseBase:
    """Its log, oldest line first, as text or as one JSON object a line. A page of older lines is
    `tail=500&before=` the cursor of the oldest line so far.
    """
    bounds = _bounds(asked, before=_cursor(asked.before))
    sources = resolve(request.user, [Reference(host, container)])
    return _answer(request, sources, bounds, asked)


@router.get("logs", openapi_extra=ANSWER)
@signed_in
def get_several_logs(request: Request, asked: NinjaQuery[LogsFilters]) -> HttpResponseBase:
    """Logs of several containers in order of time, corrected by each engine's clock. One that
    cannot be read is named in a line of its own, as NDJSON `{"t": "error", "c", "detail"}`.
    """
    sources = resolve(request.user, references(asked.c), asked.select)
    return _answer(request, sources, _bounds(asked, select=asked.select), asked)


@router.get("logs/page", openapi_extra=PAGE)
@signed_in
def get_page_of_logs(request: Request, asked: NinjaQuery[PageFilters]) -> HttpResponse:
    """What a page scrolls by: lines before a place, after it, or half of them each, of one log or
    several in order of time. `{"sources": [{"n", "c", "name", "host", "skew_ms"}], "lines": [[ts,
    n, "out" | "err", text, cursor]], "first": nothing is before them, "last": nothing was after
    them (null: not looked), "unread": [{"c", "detail"}]}`.
    """
    sources = resolve(request.user, references(asked.c), asked.select)
    place = place_of(sources, asked.at, asked.line, asked.edge, asked.way, asked.lines)
    with READS.place(request.user.pk):
        found = stretch(sources, place, WAYS[asked.way])
    return HttpResponse(orjson.dumps(told(sources, found)), content_type="application/json")


def _bounds(asked: LogFilters | LogsFilters, *, before: str = "", select: str = "") -> Bounds:
    tail = None
    if asked.tail != "all":
        tail = whole_number(asked.tail, field="tail", least=0, most=MOST_LINES, default=1000)
    levels = {*asked.level.replace(",", " ").split(), *(levels_of(select) if select else ())}
    return Bounds(
        wanted=wanted(asked.q, regex=asked.re == "1", case=asked.case == "1", levels=levels),
        stream=asked.stream,
        since=instant(asked.since, field="since") if asked.since else None,
        until=instant(asked.until, field="until") if asked.until else None,
        before=before,
        tail=tail,
    )


def _cursor(text: str) -> str:
    try:
        if text:
            key(text)
    except ValueError as error:
        raise Invalid.field("before", _("The cursor of a line, as it came.")) from error
    return text


def _answer(
    request: Request, sources: list[Source], bounds: Bounds, asked: _Filters
) -> HttpResponseBase:
    kind = TYPES[asked.format]
    if request.method == "HEAD":
        return HttpResponse(content_type=kind)
    with READS.place(request.user.pk):
        terminals, unread = checked(sources)
    packed = _takes_gzip(request)
    allowed = still_sees(request, {source.host.pk for source in sources})
    piece = Piece(sources, terminals, bounds, asked.format, packed, allowed, unread)
    answer = StreamingHttpResponse(Download(piece, request.user), content_type=kind)
    answer["Vary"] = "Accept-Encoding"
    if packed:
        answer["Content-Encoding"] = "gzip"
    if asked.download == "1":
        name = sources[0].title if len(sources) == 1 else "logs"
        file = f"{name}-{now():%Y%m%dT%H%M%SZ}.{SUFFIXES[asked.format]}"
        answer["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


def _takes_gzip(request: HttpRequest) -> bool:
    for offer in request.headers.get("Accept-Encoding", "").split(","):
        name, _semicolon, quality = offer.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
