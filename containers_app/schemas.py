"""Containers as the API tells them, and the bodies of what it is asked to do with them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import Field

from accounts_app.models import User
from containers_app.listing import BAD, FAILED, UNHEALTHY, narrowed, ordered, read
from containers_app.models import Container, ContainerQuerySet
from containers_app.prune import Prunable
from containers_app.selectors import containers_for
from core.api import Body, Filters, Out
from core.errors import Invalid
from jobs_app.selectors import told_of

DOCKER_STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
STATES = {
    **{word: Q(state=word) for word in DOCKER_STATES},
    "unhealthy": UNHEALTHY,
    "failed": FAILED,
    "bad": BAD,
}


class PortOut(Out):
    container: int
    protocol: str
    host: int | None = Field(description="Null when it is exposed only")
    address: str


class ContainerOut(Out):
    """A container as its engine last described it."""

    host: str
    id: str = Field(description="64 hexadecimal digits")
    name: str
    image: str
    image_id: str
    state: str = Field(description="Docker's word: running, exited, paused, created, …")
    busy: str | None = Field(description="The verb of an open job")
    status: str = Field(description="Docker's sentence: Up 2 hours (healthy)")
    health: str
    exit_code: int | None
    project: str
    labels: dict[str, str]
    ports: list[PortOut]
    created: datetime
    started: datetime | None
    seen: datetime = Field(description="When the row was last confirmed")
    stale: bool = Field(description="Its host does not answer")
    locked: bool
    version: int


class ContainerFilters(Filters):
    host: str = Field("", description="A host's slug.")
    state: str = Field("", description=f"One of {', '.join(STATES)}.")
    project: str = Field("", description="Of Docker Compose.")
    image: str = Field("", description="The reference as the container was created from it.")


class StopBody(Body):
    timeout: int | None = Field(None, description="Seconds between SIGTERM and SIGKILL")


class KillBody(Body):
    signal: str | None = Field(None, description="SIGKILL unless given")


class RenameBody(Body):
    name: str


class CommitBody(Body):
    """A new image of a container. Values within `changes` are kept sealed."""

    reference: str = Field(description="Its name: shop/web:fixed")
    message: str = ""
    author: str = ""
    changes: list[str] | str = Field(
        default_factory=list, description='Instructions of a Dockerfile: CMD ["nginx"], ENV A=b, …'
    )
    pause: bool = Field(default=True, description="Freeze its processes meanwhile")


class ChangeOut(Out):
    """A path that is not as in the image."""

    path: str
    kind: str = Field(description="added, changed or deleted")
    size: int | None = Field(description="Bytes of a file, where sizes were asked for")


class ChangeFilters(Filters):
    kind: str = Field("", description="added, changed or deleted")
    path: str = Field("", description="Only what is below this folder")
    sizes: bool = Field(default=False, description="Ask for sizes too; then at most 100 in a page")


class Target(Body):
    host: str
    id: str


class BulkBody(Body):
    action: Literal["start", "stop", "restart", "pause", "unpause", "kill", "remove"]
    targets: list[Target]
    options: dict[str, Any] = Field({}, description="As in the single call")


class PortBody(Body):
    container: int
    host: int | None = Field(None, description="Null or 0: the engine chooses")
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"
    address: str = Field("", description="Of the host; empty for all")


class MountBody(Body):
    type: Literal["bind", "volume", "tmpfs"]
    source: str = ""
    target: str
    read_only: bool = False


class RunBody(Body):
    """A new container. Environment and command are kept sealed, and never told again."""

    image: str = Field(description="One that the host has")
    name: str = ""
    command: list[str] | None = Field(None, description="Arguments; null for the image's own")
    environment: dict[str, str] = {}
    ports: list[PortBody] = []
    mounts: list[MountBody] = []
    labels: dict[str, str] = {}
    restart: str = Field("no", description="no, always, unless-stopped, on-failure[:times]")
    network: str = Field("", description="Empty for the engine's default")
    start: bool = True


class PruneBody(Body):
    preview: bool = False
    ids: list[str] | None = Field(None, description="As a preview listed them")
    password: str = Field("", description="Your own, for step-up")


class PrunableOut(Out):
    id: str
    name: str
    size: int | None = Field(description="Bytes of its writable layer; null when nobody knows")


class Prunables(Out):
    items: list[PrunableOut]
    bytes: int


class RevealBody(Body):
    names: list[str]
    password: str = Field("", description="Your own, for step-up")


class Revealed(Out):
    values: dict[str, str]


def prunables_out(found: Iterable[Prunable]) -> Prunables:
    items = [
        PrunableOut(id=each.container.docker_id, name=each.container.name, size=each.size_bytes)
        for each in found
    ]
    return Prunables(items=items, bytes=sum(item.size or 0 for item in items))


def containers_out(rows: Sequence[Container]) -> list[ContainerOut]:
    busy, _failed = told_of({row.host_id for row in rows}, [row.docker_id for row in rows])
    return [
        ContainerOut(
            host=row.host.slug,
            id=row.docker_id,
            name=row.name,
            image=row.image_ref,
            image_id=row.image_id,
            state=row.state,
            busy=busy.get((row.host_id, row.docker_id)),
            status=row.status,
            health=row.health,
            exit_code=row.exit_code,
            project=row.project,
            labels=row.labels,
            ports=[PortOut(**port) for port in row.ports],
            created=row.created,
            started=row.started,
            seen=max(row.confirmed, row.host.as_of or row.confirmed),
            stale=row.stale,
            locked=row.locked,
            version=row.version,
        )
        for row in rows
    ]


def container_out(row: Container) -> ContainerOut:
    return containers_out([row])[0]


def wanted(user: User, params: QueryDict) -> ContainerQuerySet:
    """The containers that the API's parameters ask for, in order. Raises Invalid.

    Here `state` is Docker's word, so `exited` is every container that has ended.
    """
    state = params.get("state", "")
    if state and state not in STATES:
        raise Invalid.field("state", _("One of %(names)s.") % {"names": ", ".join(STATES)})
    rest = params.copy()
    rest.pop("state", None)
    query = read(rest)
    rows = narrowed(containers_for(user), query)
    if state:
        rows = rows.filter(STATES[state])
    return ordered(rows, query)
