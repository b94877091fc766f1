"""What the address of /ws/logs/ asks for (pure)."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl

from containers_app.logs.hub import TAIL
from containers_app.logs.hub_ring import key
from containers_app.logs.sources import MOST_SOURCES, Reference, reference

MOST_TAIL = 10_000_000  # lines
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
YEAR_10000_NS = 253402300800 * 10**9


class Asked(NamedTuple):
    """What a client wants of one container."""

    source: Reference
    cursor: str


class Wanted(NamedTuple):
    asked: list[Asked]
    select: str
    tail: int | None  # lines to begin with; None: all
    since_ns: int | None
    resumes: bool  # the client will say where to go on


def read_query(query: str) -> Wanted:
    """Raises ValueError on what makes no sense."""
    asked: list[Asked] = []
    tail, since_ns, select, resumes = "", None, "", False
    for name, value in parse_qsl(query, keep_blank_values=True):
        match name:
            case "c":
                asked.append(Asked(reference(value), ""))
            case "cursor":
                if not asked:
                    raise ValueError("cursor follows the c that it belongs to")
                asked[-1] = asked[-1]._replace(cursor=checked_cursor(value))
            case "select":
                select = value.strip()
            case "tail":
                tail = value
            case "since":
                since_ns = _since(value) if value else None
            case "resume" if value in {"", "0", "1"}:
                resumes = value == "1"
            case _:
                raise ValueError(f"there is no {name[:40]!r} here")
    check_count(asked)
    if not (asked or select or resumes):
        raise ValueError("name containers, each as c=host/container, or select some")
    return Wanted(asked, select, _lines(tail, since_ns), since_ns, resumes)


def checked_cursor(cursor: str) -> str:
    if cursor:
        key(cursor)
    return cursor


def check_count(asked: list[Asked]) -> None:
    if len(asked) > MOST_SOURCES:
        raise ValueError(f"at most {MOST_SOURCES} containers")


def _lines(tail: str, since_ns: int | None) -> int | None:
    if not tail:
        return TAIL if since_ns is None else None
    if tail == "all":
        return None
    if not tail.isdecimal() or int(tail) > MOST_TAIL:
        raise ValueError("tail is a number of lines, or all")
    return int(tail)


def _since(text: str) -> int:
    try:
        since_ns = moment_ns(text, datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise ValueError("since is like 90m, 2026-11-24T06:00:00Z or seconds") from error
    if not 0 <= since_ns < YEAR_10000_NS:
        raise ValueError("since lies outside of all time")
    return since_ns


def moment_ns(text: str, now: datetime) -> int:
    """`90m` ago, seconds since 1970, or ISO 8601. Raises ValueError on anything else."""
    number, unit = text[:-1], text[-1]
    if unit in UNITS_S and number.isdecimal():
        return _nanoseconds(now - timedelta(seconds=int(number) * UNITS_S[unit]))
    if text.replace(".", "", 1).isdecimal():
        return int(float(text) * 10**9)
    moment = datetime.fromisoformat(text)
    return _nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _nanoseconds(moment: datetime) -> int:
    since = moment - datetime.fromtimestamp(0, tz=UTC)
    whole_s = since.days * 86400 + since.seconds
    return whole_s * 10**9 + since.microseconds * 1000
