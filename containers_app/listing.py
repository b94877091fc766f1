"""The list of containers over all hosts: filter words, states, groups, order and pages."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts_app.models import User
from containers_app.models import Container, ContainerQuerySet
from containers_app.selectors import containers_for
from core.errors import Invalid
from core.listing import (
    Page,
    Term,
    holding,
    holds,
    in_order,
    labelled,
    matching,
    page_of,
    parse,
    sort_field,
)
from hosts_app.models import Host
from hosts_app.selectors import hosts_for

FAILED = Q(state="dead") | (Q(state="exited") & ~Q(exit_code=0) & Q(exit_code__isnull=False))
UNHEALTHY = Q(state="running", health="unhealthy")
STATES: dict[str, Q] = {
    "running": Q(state="running"),
    "unhealthy": UNHEALTHY,
    "restarting": Q(state="restarting"),
    "failed": FAILED,
    "exited": Q(state="exited") & ~FAILED,
    "paused": Q(state="paused"),
    "created": Q(state="created"),
}
DOCKER_STATES = {"removing": Q(state="removing"), "dead": Q(state="dead")}
BAD = FAILED | UNHEALTHY | Q(state="restarting")
UP = Q(state__in=["running", "paused", "restarting"])
COLUMNS = {
    "name": "name",
    "state": "state",
    "host": "host__name",
    "image": "image_ref",
    "created": "created",
    "started": "started",
}
GROUPINGS = {
    "project": ("project", "host"),  # of the same name on two hosts are two projects
    "host": ("host",),
    "image": ("image_ref",),
    "none": (),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Containers shown under one heading: of a compose project on a host, a host or an image."""

    key: str
    host: str  # name; "" where the group spans hosts
    n: int
    up: int
    bad: int
    match: dict[str, Any]  # which rows are in it: column → value


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for, checked."""

    q: str = ""
    state: str = ""
    host: str = ""
    project: str = ""
    image: str = ""
    group: str = "project"
    sort: str = "name"
    descending: bool = False
    terms: list[Term] = field(default_factory=list)
    matches: list[Any] = field(default_factory=list)  # what each term asks of the database


@dataclass(frozen=True, slots=True)
class Listing:
    query: Query
    page: Page
    rows: list[Container]
    groups: list[Group]  # of the rows shown, in order; empty without grouping
    states: dict[str, int]  # over everything that the words match, whatever the state
    total_known: int  # of all that the user may see
    as_of: datetime | None
    hosts: list[Host]  # that the user sees


def read(params: QueryDict) -> Query:
    """The query in these parameters. Raises Invalid, with every wrong field named."""
    group = params.get("group", "project") or "project"
    if group not in GROUPINGS:
        raise Invalid.field(
            "group", _("Group by one of %(names)s.") % {"names": ", ".join(GROUPINGS)}
        )
    state = params.get("state", "")
    if state and state not in STATES | DOCKER_STATES:
        raise Invalid.field("state", _("One of %(names)s.") % {"names": ", ".join(STATES)})
    column, descending = sort_field(params.get("sort", ""), COLUMNS, "name")
    words = params.get("q", "")
    terms = parse(words, FILTERS)
    return Query(
        q=words,
        state=state,
        host=params.get("host", ""),
        project=params.get("project", ""),
        image=params.get("image", ""),
        group=group,
        sort=column,
        descending=descending,
        terms=terms,
        matches=[_match(term) for term in terms],
    )


def query_of(terms: Sequence[Term]) -> Query:
    """Of these words alone. Raises Invalid, as `read` does."""
    return Query(terms=list(terms), matches=[_match(term) for term in terms])


def listing(
    user: User, query: Query, params: QueryDict, seen: Collection[Host] | None = None
) -> Listing:
    """The page of containers that `params` ask for, as `user` may see them.

    `seen` are the hosts that he sees, where the caller has read them already.
    """
    hosts = {host.pk: host for host in (hosts_for(user) if seen is None else seen)}
    visible = containers_for(user).select_related(None).defer("labels")  # hosts: see below
    found = narrowed(visible, query)
    shown = found.filter((STATES | DOCKER_STATES)[query.state]) if query.state else found
    tally = _tally(found, GROUPINGS[query.group])
    states = _state_counts(tally)
    groups: list[Group] = []
    total = _count(tally, query.state) if query.state else states["all"]
    page = page_of(params, total)
    if query.group == "none":
        rows = list(ordered(shown, query)[page.start : page.stop])
    else:
        groups, rows = _grouped(shown, _groups(tally, query, hosts), query, page)
    for row in rows:  # ten hosts once are cheaper than fifty by a join
        if host := hosts.get(row.host_id):
            row.host = host
    return Listing(
        query=query,
        page=page,
        rows=rows,
        groups=groups,
        states=states,
        total_known=states["all"] if _is_plain(query) else visible.count(),
        as_of=min((host.as_of for host in hosts.values() if host.as_of), default=None),
        hosts=list(hosts.values()),
    )


def _is_plain(query: Query) -> bool:
    return not (query.terms or query.host or query.project or query.image)


def narrowed(rows: ContainerQuerySet, query: Query) -> ContainerQuerySet:
    """`rows` by everything but the state, whose toggles show counts beside each other."""
    if query.host:
        rows = rows.filter(Q(host__slug=query.host))
    if query.project:
        rows = rows.filter(project=query.project)
    if query.image:
        rows = rows.filter(image_ref=query.image)
    return matching(rows, zip(query.terms, query.matches, strict=True))


@dataclass(frozen=True, slots=True)
class Tallied:
    """How many containers have these values in all that groups and states are told by."""

    key: tuple[Any, ...]  # of a grouping's columns
    traits: tuple[str, str, int | None]  # state, health, exit code
    n: int


def _tally(rows: ContainerQuerySet, columns: Sequence[str]) -> list[Tallied]:
    """One pass over the table. The rest is summed here: a count with a condition for each state
    costs more to put into SQL than to run."""
    counted = rows.values_list(*columns, "state", "health", "exit_code").annotate(n=Count("pk"))
    width = len(columns)
    return [Tallied(each[:width], each[width:-1], each[-1]) for each in counted.order_by()]


@cache
def _kinds(traits: tuple[str, str, int | None]) -> frozenset[str]:
    """Which of STATES, `up` and `bad` a container with these traits is in."""
    values = dict(zip(("state", "health", "exit_code"), traits, strict=True))
    wanted = STATES | DOCKER_STATES | {"up": UP, "bad": BAD}
    return frozenset(name for name, match in wanted.items() if holds(match, values))


def _count(tally: Iterable[Tallied], kind: str) -> int:
    return sum(each.n for each in tally if kind in _kinds(each.traits))


def _state_counts(tally: Collection[Tallied]) -> dict[str, int]:
    return {"all": sum(each.n for each in tally)} | {name: _count(tally, name) for name in STATES}


def ordered(rows: ContainerQuerySet, query: Query) -> ContainerQuerySet:
    first = in_order(COLUMNS[query.sort], descending=query.descending)
    return rows.order_by(first, "name", "pk")


def _groups(tally: Iterable[Tallied], query: Query, hosts: Mapping[int, Host]) -> list[Group]:
    """All groups; those with problems come first, then by name."""
    parts: dict[tuple[Any, ...], list[Tallied]] = {}
    for each in tally:
        if not query.state or query.state in _kinds(each.traits):
            parts.setdefault(each.key, []).append(each)
    groups = [_group(query.group, key, part, hosts) for key, part in parts.items()]
    groups.sort(key=lambda group: (not group.bad, not group.key, group.key, group.host))
    return groups


def _group(
    grouping: str, key: tuple[Any, ...], part: list[Tallied], hosts: Mapping[int, Host]
) -> Group:
    match = dict(zip(GROUPINGS[grouping], key, strict=True))
    at = hosts.get(match.get("host", 0))
    host = at.name if at else ""
    return Group(
        key=host if grouping == "host" else key[0],
        host=host if grouping == "project" else "",
        n=sum(each.n for each in part),
        up=_count(part, "up"),
        bad=_count(part, "bad"),
        match=match,
    )


def _grouped(
    rows: ContainerQuerySet, groups: list[Group], query: Query, page: Page
) -> tuple[list[Group], list[Container]]:
    """The groups and rows of this page; rows of one group stay together."""
    shown: list[Group] = []
    before = skipped = 0
    for group in groups:
        if before + group.n > page.start and before < page.stop:
            if not shown:
                skipped = page.start - before
            shown.append(group)
        before += group.n
    if not shown:
        return [], []
    ranks = [When(**group.match, then=Value(rank)) for rank, group in enumerate(shown)]
    rank = Case(*ranks, default=Value(len(shown)), output_field=IntegerField())
    # what is in none of them comes last, beyond the page; `in` only spares most of it the ranking
    near = {
        f"{column}__in": {group.match[column] for group in shown}
        for column in GROUPINGS[query.group]
    }
    sorted_rows = ordered(rows.filter(**near), query)
    sorted_rows = sorted_rows.order_by(rank, *sorted_rows.query.order_by)
    return shown, list(sorted_rows[skipped : skipped + page.stop - page.start])


def group_key(row: Container, grouping: str) -> tuple[str, str]:
    """(key, host) of the group that a row belongs to."""
    if grouping == "host":
        return row.host.name, ""
    if grouping == "image":
        return row.image_ref, ""
    return row.project, row.host.name


# -- Filter words ------------------------------------------------------------------------


def _match(term: Term) -> Any:
    return FILTERS[term.key](term.text) if term.key else _anywhere(term.text)


def _anywhere(text: str) -> Q:
    return (
        Q(name__icontains=text)
        | Q(image_ref__icontains=text)
        | Q(project__icontains=text)
        | Q(host__name__icontains=text)
        | Q(docker_id__startswith=text.lower())
    )


def _state(text: str) -> Q:
    known = STATES | DOCKER_STATES
    if text.lower() not in known:
        raise Invalid.field("q", _("A state is one of %(names)s.") % {"names": ", ".join(known)})
    return known[text.lower()]


def _port(text: str) -> Q:
    if not text.isdigit():
        raise Invalid.field("q", _("A port is a number."))
    return Q(port_words__contains=f",{text},")


FILTERS: dict[str, Callable[[str], Any]] = {
    "name": partial(holding, "name"),
    "host": lambda text: holding("host__name", text) | holding("host__slug", text),
    "image": partial(holding, "image_ref"),
    "project": partial(holding, "project"),
    "state": _state,
    "health": lambda text: Q(health=text.lower()),
    "label": partial(labelled, Container.objects.all()),
    "port": _port,
    "id": lambda text: Q(docker_id__startswith=text.lower()),
}
