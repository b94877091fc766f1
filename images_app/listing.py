"""The list of images over all hosts: filter words, states, order and pages."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db.models import Count, Expression, F, Q, Sum
from django.db.models.fields.json import KeyTextTransform
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import Invalid
from core.listing import Page, Term, in_order, labelled, matching, page_of, parse, sort_field
from hosts_app.models import Host
from hosts_app.selectors import hosts_for
from images_app import newer
from images_app.models import Image, ImageQuerySet
from images_app.selectors import images_for

NAME = KeyTextTransform("0", "tags")  # the first tag; nothing where there is none
COLUMNS: dict[str, str | Expression] = {
    "name": NAME,
    "tags": NAME,
    "host": "host__name",
    "size": "size_bytes",
    "created": "created",
}
DANGLING = Q(tags=[])
NOTHING = Q(pk__in=())
GROUPINGS = ("none", "host")
IN_NAME = re.compile(r"[\w.:/@\[\]-]+", re.ASCII)  # characters of references
IN_TAG = re.compile(r"[\w.-]+", re.ASCII)
YES_OR_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def used() -> Q:
    """Whether a container, running or not, was made from it."""
    made_from = Image.objects.filter(containers__isnull=False, containers__gone=None)
    return Q(pk__in=made_from.values("pk"))


STATES: dict[str, Callable[[], Q]] = {
    "used": used,
    "unused": lambda: ~used(),
    "dangling": lambda: DANGLING,
}


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for, checked."""

    q: str = ""
    state: str = ""
    host: str = ""
    group: str = "none"
    sort: str = "name"
    descending: bool = False
    terms: list[tuple[Term, Q]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listing:
    query: Query
    page: Page
    rows: list[Image]
    states: dict[str, int]  # over everything that the words match, whatever the state
    total_known: int  # of all that the user may see
    groups: dict[int, tuple[int, int]]  # host → its images and their bytes; {} where not grouped
    as_of: datetime | None
    hosts: list[Host]  # that the user sees


def read(params: QueryDict) -> Query:
    """The query in these parameters. Raises Invalid, with the wrong field named."""
    state = params.get("state", "")
    if state and state not in STATES:
        raise Invalid.field("state", _("One of %(names)s.") % {"names": ", ".join(STATES)})
    group = params.get("group", "") or GROUPINGS[0]
    if group not in GROUPINGS:
        raise Invalid.field("group", _("One of %(names)s.") % {"names": ", ".join(GROUPINGS)})
    column, descending = sort_field(params.get("sort", ""), dict.fromkeys(COLUMNS, ""), "name")
    words = params.get("q", "")
    terms = parse(words, FILTERS)
    return Query(
        q=words,
        state=state,
        host=params.get("host", ""),
        group=group,
        sort=column,
        descending=descending,
        terms=[(term, _match(term)) for term in terms],
    )


def listing(user: User, query: Query, params: QueryDict) -> Listing:
    """The page of images that `params` ask for, as `user` may see them."""
    hosts = {host.pk: host for host in hosts_for(user)}
    visible = images_for(user).select_related(None).defer("labels")
    found = narrowed(visible, query)
    states = _state_counts(found)
    shown = found.filter(STATES[query.state]()) if query.state else found
    page = page_of(params, states[query.state or "all"])
    rows = list(ordered(shown, query)[page.start : page.stop])
    for row in rows:  # ten hosts once are cheaper than fifty by a join
        if host := hosts.get(row.host_id):
            row.host = host
    grouped = query.group == "host"
    plain = not (query.terms or query.host)
    return Listing(
        query=query,
        page=page,
        rows=rows,
        states=states,
        total_known=states["all"] if plain else visible.count(),
        groups=_groups(shown) if grouped else {},
        as_of=min((host.as_of for host in hosts.values() if host.as_of), default=None),
        hosts=list(hosts.values()),
    )


def narrowed(rows: ImageQuerySet, query: Query) -> ImageQuerySet:
    """`rows` by everything but the state, whose toggles show counts beside each other."""
    if query.host:
        rows = rows.filter(host__slug=query.host)
    return matching(rows, query.terms)


def ordered(rows: ImageQuerySet, query: Query) -> ImageQuerySet:
    """By the column asked for; what has no name comes last either way."""
    first = [in_order(COLUMNS[query.sort], descending=query.descending)]
    if query.group == "host":
        first.insert(0, F("host__name").asc())
    return rows.order_by(*first, NAME.asc(nulls_last=True), "host__name", "pk")


def wanted(user: User, params: QueryDict) -> ImageQuerySet:
    """The images that the API's parameters ask for, in order. Raises Invalid."""
    query = read(params)
    images = narrowed(images_for(user), query)
    for name, match in {"dangling": DANGLING, "used": used()}.items():
        if name in params:
            asked = yes_or_no(params.get(name, ""), name)
            images = images.filter(match if asked else ~match)
    return ordered(images, query)


def yes_or_no(text: str, field: str) -> bool:
    """Raises Invalid at `field`."""
    if text.lower() not in YES_OR_NO:
        raise Invalid.field(field, _("Either true or false."))
    return YES_OR_NO[text.lower()]


def _state_counts(rows: ImageQuerySet) -> dict[str, int]:
    counts = rows.aggregate(
        all=Count("pk"),
        used=Count("pk", filter=used()),
        dangling=Count("pk", filter=DANGLING),
    )
    return counts | {"unused": counts["all"] - counts["used"]}


def _groups(rows: ImageQuerySet) -> dict[int, tuple[int, int]]:
    counted = rows.order_by().values("host").annotate(n=Count("pk"), size=Sum("size_bytes"))
    return {each["host"]: (each["n"], each["size"] or 0) for each in counted}


# -- Filter words ------------------------------------------------------------------------


def _match(term: Term) -> Q:
    return FILTERS[term.key](term.text) if term.key else anywhere(term.text)


def anywhere(text: str) -> Q:
    return _name(text) | Q(host__name__icontains=text) | _id(text)


def _name(text: str) -> Q:
    return _listed("tags", text) | _listed("digests", text)


def _listed(column: str, text: str) -> Q:
    """`text` within one of the references of a column, which is compared as JSON text.

    What no reference has is not found: a comma would be found between any two of them.
    """
    if not IN_NAME.fullmatch(text) or not text.strip("[]"):
        return NOTHING
    return Q(**{f"{column}__icontains": text})


def _id(text: str) -> Q:
    bare = text.lower().removeprefix("sha256:")
    return Q(docker_id__startswith=f"sha256:{bare}")


def _tag(text: str) -> Q:
    """What stands after the colon, or its part before a dash: tag:1.27 is 1.27-alpine, not 1.27.1.

    Nothing else in a list of names is a colon, such letters, and then a quote or a dash.
    """
    if not IN_TAG.fullmatch(text):
        return NOTHING
    return Q(tags__icontains=f':{text}"') | Q(tags__icontains=f":{text}-")


def _dangling(text: str) -> Q:
    return DANGLING if yes_or_no(text, "q") else ~DANGLING


def _used(text: str) -> Q:
    return used() if yes_or_no(text, "q") else ~used()


def _newer(text: str) -> Q:
    rows = Image.objects.exclude(tags=[]).exclude(digests=[])
    match = newer.outdated(rows.values_list("pk", "tags", "digests", "since"))
    return match if yes_or_no(text, "q") else ~match


FILTERS: dict[str, Callable[[str], Q]] = {
    "name": partial(_listed, "tags"),
    "host": lambda text: Q(host__name__icontains=text) | Q(host__slug__icontains=text),
    "tag": _tag,
    "digest": partial(_listed, "digests"),
    "id": _id,
    "label": partial(labelled, Image.objects.all()),
    "dangling": _dangling,
    "newer": _newer,
    "used": _used,
}
