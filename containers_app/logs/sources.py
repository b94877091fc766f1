"""Whose logs are meant: containers that are named, and those that a selection finds."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts_app.models import User
from containers_app.listing import FILTERS, narrowed, query_of
from containers_app.models import Container
from containers_app.selectors import container_for, containers_for, tombstone_for
from core.errors import Invalid, NotFound
from core.listing import Term, parse
from engine.types import Connection
from hosts_app.connections import connection_for
from hosts_app.models import Host

MOST_SOURCES = 256  # logs that are read side by side: each is a stream of its engine
LEVEL = "level"  # a word of the page: engines do not know what a line says


class Reference(NamedTuple):
    """A container as a client names it."""

    host: str  # slug
    container: str  # name, full id or unique beginning of one


class Source(NamedTuple):
    """A container whose log the user may read. `host` is for its clock and connection."""

    host: Host
    pk: int
    docker_id: str
    title: str
    created: datetime
    started: datetime | None
    connection: Connection

    @property
    def name(self) -> str:
        """host/full id, as clients know it from now on."""
        return f"{self.host.slug}/{self.docker_id}"

    def clock_ns(self, moment: datetime | None) -> int | None:
        """A moment of ours on the engine's own clock, in nanoseconds."""
        if moment is None:
            return None
        return int(moment.timestamp() * 10**6) * 1000 + int(self.host.skew_s * 10**9)

    def now_ns(self) -> int:
        return time.time_ns() + int(self.host.skew_s * 10**9)


def reference(text: str) -> Reference:
    """`lab/web`. Raises ValueError."""
    host, slash, container = text.partition("/")
    if not (host and slash and container):
        raise ValueError("c is a host and a container: lab/web")
    return Reference(host, container)


def references(texts: Iterable[str]) -> list[Reference]:
    """As `reference` for each. Raises Invalid at the field `c`."""
    try:
        return [reference(text) for text in texts]
    except ValueError as error:
        raise Invalid.field(
            "c", _("A host and a container of it: %(example)s.") % {"example": "lab/web"}
        ) from error


def named(user: User, asked: Reference) -> Source:
    """Raises NotFound for what the user does not see, and for what does not exist.

    What was removed within a day is found: a viewer can be told so.
    """
    try:
        return _source(container_for(user, asked.host, asked.container))
    except NotFound:
        gone = tombstone_for(user, asked.host, asked.container)
        if gone is None:
            raise
        return _source(gone)


def words_of(select: str) -> list[Term]:
    """The words of a selection that say which containers. Raises Invalid at `select`."""
    try:
        terms = [term for term in parse(select, [*FILTERS, LEVEL]) if term.key != LEVEL]
        query_of(terms)
    except Invalid as error:
        raise Invalid.field("select", error.message, hint=error.hint) from error
    return terms


def selected(user: User, terms: Sequence[Term]) -> list[Source]:
    """Those that match all words now, of any host that the user sees; at most one more than
    MOST_SOURCES.
    """
    rows = narrowed(containers_for(user).defer("labels"), query_of(terms))
    rows = rows.order_by("host__name", "name", "pk")
    found = list(rows[: MOST_SOURCES + 1])
    hosts = {row.host_id: row.host for row in found}
    connections = {pk: connection_for(host) for pk, host in hosts.items()}  # unsealed once
    return [_source(row, connections[row.host_id]) for row in found]


def resolve(user: User, asked: Sequence[Reference], select: str = "") -> list[Source]:
    """All of them, each once: first what is named, then what `select` finds.

    Raises NotFound, and Invalid when there is nothing or too much to read.
    """
    found = {source.name: source for source in (named(user, each) for each in asked)}
    if select:
        for source in selected(user, words_of(select)):
            found.setdefault(source.name, source)
    if not found:
        raise Invalid.field("select" if select else "c", _("Name a container, or a selection."))
    if len(found) > MOST_SOURCES:
        raise Invalid.field("select" if select else "c", too_many())
    return list(found.values())


def too_many() -> str:
    return _("These are more than %(most)d containers: say more exactly which.") % {
        "most": MOST_SOURCES
    }


def _source(row: Container, connection: Connection | None = None) -> Source:
    return Source(
        host=row.host,
        pk=row.pk,
        docker_id=row.docker_id,
        title=row.name,
        created=row.created,
        started=row.started,
        connection=connection or connection_for(row.host),
    )
