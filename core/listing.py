"""What every table shares: filter words, sorting by a whitelist, pages."""

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Expression, F, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.errors import Invalid

TERM = re.compile(r'(?P<minus>-?)(?:(?P<key>[^\s:"]+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>\S*))')
PAGE_SIZE = 50
MOST_PER_PAGE = 500

T = TypeVar("T")
Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True, slots=True)
class Term:
    """One filter word: `text` anywhere (key ""), or in one column; `exclude` for -word."""

    key: str
    text: str
    exclude: bool


def parse(words: str, keys: Collection[str]) -> list[Term]:
    """Filter words, all of which must match. Raises Invalid at the field `q`."""
    terms = []
    for match in TERM.finditer(words):
        key = (match["key"] or "").lower()
        text = match["quoted"] if match["quoted"] is not None else match["bare"]
        if not text and not key:
            continue
        if key and key not in keys:
            raise Invalid.field(
                "q",
                _("There is no filter “%(key)s:”.") % {"key": match["key"]},
                hint=_("Filters are %(keys)s. A text with a colon goes in quotes.")
                % {"keys": ", ".join(f"{name}:" for name in keys)},
            )
        if key and not text:
            raise Invalid.field("q", _("What should “%(key)s:” be?") % {"key": key})
        terms.append(Term(key, text, bool(match["minus"])))
    return terms


def matching(rows: Rows, terms: Iterable[tuple[Term, Q]]) -> Rows:
    """Of `rows`, those that every term's question to the database finds, or excludes."""
    for term, match in terms:
        found = rows.filter(match)
        rows = rows.exclude(pk__in=found.values("pk")) if term.exclude else found
    return rows


def holds(match: Q, values: Mapping[str, Any]) -> bool:
    """Whether a row with these values is one that `match` finds: what is asked of the database can
    be asked of a value that came from it. Knows equality, `__in` and `__isnull`, and as in SQL
    nothing equals NULL; any other look-up is a KeyError."""
    results = (
        holds(each, values) if isinstance(each, Q) else _equals(each, values)
        for each in match.children
    )
    found = any(results) if match.connector == Q.OR else all(results)
    return found is not match.negated


def _equals(asked: Any, values: Mapping[str, Any]) -> bool:
    column, wanted = asked
    if column.endswith("__in"):
        return values[column.removesuffix("__in")] in wanted
    if column.endswith("__isnull"):
        return (values[column.removesuffix("__isnull")] is None) is wanted
    return values[column] is not None and bool(values[column] == wanted)


def holding(column: str, text: str) -> Q:
    """Rows whose `column` holds `text` in any case; with `=` before it, is exactly that."""
    if text.startswith("="):
        return Q(**{column: text[1:]})
    return Q(**{f"{column}__icontains": text})


def in_order(column: str | Expression, *, descending: bool) -> Any:
    """What `order_by` takes, with what has no value last either way."""
    by = F(column) if isinstance(column, str) else column
    return by.desc(nulls_last=True) if descending else by.asc(nulls_last=True)


def read_or_tell(read: Callable[[QueryDict], T], params: QueryDict) -> tuple[T, QueryDict, str]:
    """What `read` makes of `params`; what is wrong with them is left out, and said in words."""
    try:
        return read(params), params, ""
    except Invalid as wrong:
        error = f"{wrong.errors[0].message} {wrong.hint}".strip()
        kept = params.copy()
        for each in wrong.errors:
            kept.pop(each.field, None)
        return read(kept), kept, error


def column_heads(
    labels: Mapping[str, str],
    path: str,
    params: QueryDict,
    *,
    sort: str,
    descending: bool,
    fixed: Collection[str] = (),
    falling: Collection[str] = (),
) -> list[dict[str, str]]:
    """Heads of a table: `fixed` columns do not sort, `falling` ones begin with the largest."""
    heads = []
    for key, label in labels.items():
        current = key == sort
        down = not descending if current else key in falling
        url = "" if key in fixed else address(path, params, sort=f"-{key}" if down else key)
        order = ("descending" if descending else "ascending") if current else ""
        heads.append({"key": key, "label": label, "url": url, "sort": order})
    return heads


def sort_field(sort: str, columns: dict[str, str], default: str) -> tuple[str, bool]:
    """(column, descending) for `sort`, `-name` for descending. Raises Invalid at `sort`."""
    wanted = sort or default
    column = wanted.removeprefix("-")
    if column not in columns:
        raise Invalid.field(
            "sort",
            _("This list cannot be sorted by “%(sort)s”.") % {"sort": column},
            hint=_("Sort by one of %(columns)s.") % {"columns": ", ".join(columns)},
        )
    return column, wanted.startswith("-")


def whole_number(text: str, *, field: str, least: int, most: int, default: int) -> int:
    """`text` as a number in bounds. Raises Invalid at `field`."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Invalid.field(
            field,
            _("A number from %(least)d to %(most)d.") % {"least": least, "most": most},
        )
    return int(text)


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of how many are shown; `number` from 1."""

    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        return min(self.start + self.size, self.total)

    @property
    def first(self) -> int:
        return min(self.start + 1, self.total)

    @property
    def last(self) -> int:
        return self.stop


def page_of(params: QueryDict, total: int) -> Page:
    """The page asked for; one beyond the end shows the last. Raises Invalid."""
    size = whole_number(
        params.get("page_size", ""),
        field="page_size",
        least=1,
        most=MOST_PER_PAGE,
        default=PAGE_SIZE,
    )
    number = whole_number(params.get("page", ""), field="page", least=1, most=1_000_000, default=1)
    return Page(min(number, max(1, -(-total // size))), size, total)


def address(path: str, params: QueryDict, **changes: str | None) -> str:
    """`path` with these query parameters, changed; empty ones and the page fall away."""
    kept = {key: value for key, value in params.items() if key != "page"}
    for key, value in changes.items():
        kept[key] = value or ""
    query = urlencode({key: value for key, value in kept.items() if value})
    return f"{path}?{query}" if query else path


def page_addresses(path: str, params: QueryDict, page: Page) -> tuple[str, str]:
    """(previous, next) page's address, each "" where there is none."""
    before = address(path, params, page=str(page.number - 1)) if page.number > 1 else ""
    after = address(path, params, page=str(page.number + 1)) if page.number < page.pages else ""
    return before, after


def pager(path: str, params: QueryDict, page: Page) -> dict[str, int | str]:
    """What components/_pager.html shows."""
    before, after = page_addresses(path, params, page)
    return {
        "number": page.number,
        "pages": page.pages,
        "total": page.total,
        "first": page.first,
        "last": page.last,
        "previous_url": before,
        "next_url": after,
    }


def kept(params: QueryDict, *names: str) -> list[tuple[str, str]]:
    """What of the address the filter box keeps, as hidden fields."""
    return [(name, str(params[name])) for name in names if params.get(name)]


def no_match(text: str, path: str) -> dict[str, Any]:
    """What components/_empty.html shows where the filter finds nothing."""
    return {"icon": "filter", "text": text, "action": _("Clear filter"), "url": path, "key": "esc"}


def labelled(rows: QuerySet[Any], text: str) -> Q:
    """Those of `rows` whose `labels` have the key `text`, or exactly the `key=value`."""
    key, equals, value = text.partition("=")
    if not equals:
        return Q(labels__has_key=key)
    found = rows.alias(wanted=KeyTransform(key, "labels")).filter(wanted=value)
    return Q(pk__in=found.values("pk"))


def drawer(
    template: str, words: Callable[[], dict[str, str]], *, kept: int
) -> Callable[[Iterable[Hashable]], SafeString]:
    """Draws rows by `template`, and keeps the last `kept` drawn.

    A row is all texts, and mostly those of a moment ago: it need not be drawn again.
    """

    @lru_cache(maxsize=kept)
    def one(row: Hashable, _language: str) -> SafeString:
        return render_to_string(template, {"r": row, "words": words()})

    def drawn(rows: Iterable[Hashable]) -> SafeString:
        language = get_language()
        return SafeString("\n".join(one(row, language) for row in rows))

    return drawn


def state_chips(
    labels: Mapping[str, str],
    path: str,
    params: QueryDict,
    *,
    pressed: str,
    counts: Mapping[str, int],
    glyph: Callable[[str], str],
) -> list[dict[str, Any]]:
    """The toggles of states above a list; "" among `labels` is all of them."""
    return [
        {
            "key": key or "all",
            "label": label,
            "glyph": glyph(key) if key else "",
            "n": counts[key or "all"],
            "url": address(path, params, state="" if key == pressed else key),
            "pressed": key == pressed,
        }
        for key, label in labels.items()
    ]


def grouping_choices(
    labels: Mapping[str, str], path: str, params: QueryDict, *, current: str, usual: str
) -> list[dict[str, Any]]:
    """How a list may be grouped; `usual` is what an address says nothing of."""
    return [
        {
            "key": key,
            "label": label,
            "url": address(path, params, group="" if key == usual else key),
            "pressed": key == current,
        }
        for key, label in labels.items()
    ]
