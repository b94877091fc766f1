"""Which rows of the audit trail a reader asks for, and how they are written out."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts_app.models import AuditEntry, DeniedAttempt
from accounts_app.selectors import trail
from core.errors import Invalid
from core.listing import parse, sort_field

Params = Any  # a QueryDict, or a mapping of the same names
WORD_KEYS = ("actor", "action", "host", "target", "outcome", "ip", "job")
FILTERS = ("q", "actor", "action", "host", "target", "outcome", "since", "until", "sort")
SORTS = {"at": "pk"}  # rows are numbered in the order of their times
ROWS_AT_ONCE = 500  # of an export
COLUMNS = (
    "id", "at", "actor", "auth", "session", "ip", "action", "host", "target", "target_name",
    "params", "outcome", "request_id", "job", "mac",
)  # fmt: skip
RISKY_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute these (D10)


def outcomes() -> dict[str, str]:
    """How a deed may stand in the trail, in words."""
    return {
        "requested": pgettext("outcome", "Requested"),
        "succeeded": pgettext("outcome", "Succeeded"),
        "failed": pgettext("outcome", "Failed"),
        "denied": pgettext("outcome", "Denied"),
        "cancelled": pgettext("outcome", "Cancelled"),
        "interrupted": pgettext("outcome", "Interrupted"),
        "unknown": pgettext("outcome", "Unknown"),
    }


def wanted(params: Params) -> QuerySet[AuditEntry]:
    """Rows of the trail, newest first unless `sort` is at. Raises Invalid at the filter's name."""
    rows = trail()
    for name in ("actor", "action", "host"):
        if text := params.get(name, ""):
            rows = rows.filter(**{f"{name}__iexact": text})
    if text := params.get("target", ""):
        rows = rows.filter(Q(target__startswith=text) | Q(target_name__icontains=text))
    if outcome := params.get("outcome", ""):
        if outcome not in outcomes():
            names = ", ".join(outcomes())
            raise Invalid.field("outcome", _("One of %(names)s.") % {"names": names})
        rows = rows.filter(outcome=outcome)
    if since := _moment(params, "since"):
        rows = rows.filter(at__gte=since)
    if until := _moment(params, "until", end_of_day=True):
        rows = rows.filter(at__lte=until)
    for term in parse(params.get("q", ""), WORD_KEYS):
        match = _match(term.key, term.text)
        rows = rows.exclude(match) if term.exclude else rows.filter(match)
    column, descending = sort_field(params.get("sort", ""), SORTS, "-at")
    return rows.order_by(f"{'-' if descending else ''}{SORTS[column]}")


def wanted_denied(params: Params) -> QuerySet[DeniedAttempt]:
    """What was refused, newest first. Raises Invalid at the filter's name."""
    rows = DeniedAttempt.objects.order_by("-last", "-pk")
    if actor := params.get("actor", ""):
        rows = rows.filter(actor__iexact=actor)
    for term in parse(params.get("q", ""), ()):
        match = (
            Q(actor__icontains=term.text)
            | Q(action__icontains=term.text)
            | Q(target__icontains=term.text)
            | Q(ip__icontains=term.text)
        )
        rows = rows.exclude(match) if term.exclude else rows.filter(match)
    return rows


def _match(key: str, text: str) -> Q:
    if key == "job":
        return (
            Q(job=int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else Q(pk=0)
        )
    if key == "target":
        return Q(target__startswith=text) | Q(target_name__icontains=text)
    if key:
        return Q(**{f"{key}__icontains": text})
    return (
        Q(actor__icontains=text)
        | Q(action__icontains=text)
        | Q(host__icontains=text)
        | Q(target__startswith=text)
        | Q(target_name__icontains=text)
    )


def _moment(params: Params, name: str, *, end_of_day: bool = False) -> datetime | None:
    """A time in ISO 8601, in UTC unless it says otherwise; a bare date is its whole day."""
    text = params.get(name, "").strip()
    if not text:
        return None
    try:
        day: date | None = parse_date(text) if len(text) == len("2026-11-24") else None
        found = parse_datetime(text) if day is None else None
    except ValueError:
        day, found = None, None
    if day is not None:
        return datetime.combine(day, time.max if end_of_day else time.min, tzinfo=UTC)
    if found is None:
        raise Invalid.field(name, _("A time like 2026-11-24T08:13Z, or a date."))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# -- Taking it away ------------------------------------------------------------------------


def facts(entry: AuditEntry) -> dict[str, Any]:
    """One row as the export has it: everything the MAC covers, and the MAC."""
    values = {name: getattr(entry, name) for name in COLUMNS}
    return values | {"at": entry.at.isoformat().replace("+00:00", "Z")}


def as_json_lines(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    """The rows, oldest first, one JSON object a line, in pieces of some hundred."""
    for batch in _batches(rows):
        yield "".join(json.dumps(facts(row), ensure_ascii=False) + "\n" for row in batch)


def as_csv(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    """The rows, oldest first, for spreadsheets: no cell is a formula (D10)."""
    yield _csv([COLUMNS])
    for batch in _batches(rows):
        yield _csv([_cell(value) for value in facts(row).values()] for row in batch)


def _batches(rows: QuerySet[AuditEntry]) -> Iterator[list[AuditEntry]]:
    """Some hundred rows at a time; rows added meanwhile are not among them."""
    newest = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    last = 0
    while batch := list(rows.order_by("pk").filter(pk__gt=last, pk__lte=newest)[:ROWS_AT_ONCE]):
        yield batch
        last = batch[-1].pk


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(RISKY_STARTS) else text


def _csv(lines: Any) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines)
    return buffer.getvalue()
