"""The search through whole logs, over the API."""

from collections.abc import Callable
from typing import Literal

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Query as NinjaQuery
from ninja import Router
from pydantic import BaseModel, Field

from accounts_app.http import Request
from accounts_app.selectors import active_user
from accounts_app.signin import live_session
from accounts_app.tokens import user_of
from containers_app.logs.finding import wanted
from containers_app.logs.search import Search, Stream, levels_of
from containers_app.logs.sources import references, resolve
from core.api import instant
from core.errors import Invalid
from core.gate import signed_in
from hosts_app.selectors import host_ids

NDJSON = "application/x-ndjson"
ANSWER = {"responses": {200: {"description": "OK", "content": {NDJSON: {}}}}}
router = Router(tags=["logs"])


class SearchFilters(BaseModel):
    c: list[str] = Field([], description="host/container, any number of times")
    select: str = Field("", description="As on the list of containers: `project:shop`")
    q: str = Field("", description="What a line holds")
    re: Literal["", "0", "1"] = Field("", description="1: `q` is a pattern of RE2")
    case: Literal["", "0", "1"] = Field("", description="1: upper and lower case differ")
    since: str = Field("", description="ISO 8601, or seconds since 1970")
    until: str = Field("", description="ISO 8601, or seconds since 1970")
    level: str = Field("", description="error, warn, info, debug, none; several with commas")
    stream: Literal["", "out", "err"] = ""


@router.get("logs/search", openapi_extra=ANSWER)
@signed_in
def search_logs(request: Request, asked: NinjaQuery[SearchFilters]) -> HttpResponseBase:
    """Search whole logs. A JSON object a line: `source`s, each `hit` as it is found, `progress`,
    an `error` for each log that could not be read, and at last `end`, with `cut` where not all
    was searched.
    """
    sources = resolve(request.user, references(asked.c), asked.select)
    levels = {*asked.level.replace(",", " ").split(), *levels_of(asked.select)}
    lines = wanted(asked.q, regex=asked.re == "1", case=asked.case == "1", levels=levels)
    if not (asked.q or levels or asked.stream):
        raise Invalid.field("q", _("Say what to search for."))
    search = Search(
        sources=sources,
        wanted=lines,
        stream=asked.stream,
        since=instant(asked.since, field="since") if asked.since else None,
        until=instant(asked.until, field="until") if asked.until else None,
        allowed=still_sees(request, {source.host.pk for source in sources}),
    )
    if request.method == "HEAD":
        return HttpResponse(content_type=NDJSON)
    return StreamingHttpResponse(Stream(search, request.user), content_type=NDJSON)


def still_sees(request: Request, hosts: set[int]) -> Callable[[], bool]:
    """Asks again, while the answer is under way, what was asked at its beginning (B9)."""
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    key, pk = request.session.session_key, request.user.pk

    def ask() -> bool:
        user = user_of(token) if token else active_user(pk)
        if user is None or not (token or live_session(key, user)):
            return False
        return hosts <= host_ids(user)

    return ask
