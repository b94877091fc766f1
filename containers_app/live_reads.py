"""What pages and the API ask engines about containers: short questions that change nothing."""

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from containers_app.changes import meaningful
from containers_app.masking import masked
from containers_app.models import Container
from core.limits import AtOnce
from engine.client import Engine
from engine.types import ContainerDetail, Event, FileChange
from hosts_app.asking import PAGE_S, asked, asked_each
from hosts_app.models import Host

SIZES_S = 6.0  # the engine walks the writable layers
WALKS = AtOnce(each=2, in_all=6)  # each keeps an engine's disk busy for seconds
EVENTS_OF = timedelta(days=1)  # the engine keeps its last 256 events, so mostly less


def detail(container: Container, *, timeout_s: float = PAGE_S) -> ContainerDetail:
    """All that the engine knows of it. Raises EngineFailed, and NotFound when it is gone."""
    return asked(container.host, lambda engine: engine.container(container.docker_id), timeout_s)


def inspected(container: Container, *, timeout_s: float = PAGE_S) -> dict[str, Any]:
    """The engine's JSON about it, with the values of its environment masked (F3)."""
    return masked(detail(container, timeout_s=timeout_s).raw)


def events_of(container: Container, *, timeout_s: float = PAGE_S) -> list[Event]:
    """What the engine still remembers of it, newest first. Raises EngineFailed."""
    until = now() + timedelta(seconds=container.host.skew_s)
    found = asked(
        container.host,
        lambda engine: engine.events(container.docker_id, since=until - EVENTS_OF, until=until),
        timeout_s,
    )
    return found[::-1]


def changes_of(container: Container, *, timeout_s: float = SIZES_S) -> list[FileChange]:
    """What it changed against its image, in order of paths, without the folders around that."""
    found = asked(container.host, lambda engine: engine.changes(container.docker_id), timeout_s)
    return meaningful(found)


def sizes_in(
    container: Container, paths: Collection[str], *, timeout_s: float = SIZES_S
) -> tuple[int, dict[str, int]]:
    """(bytes of the writable layer, path → bytes of those that are files). Raises EngineFailed."""
    docker_id = container.docker_id

    def sizes(engine: Engine) -> tuple[int, dict[str, int]]:
        whole = engine.container_sizes([docker_id]).get(docker_id, 0)
        return whole, engine.file_sizes(docker_id, paths)

    return asked(container.host, sizes, timeout_s)


def sizes_of(containers: Collection[Container]) -> dict[tuple[int, str], int]:
    """(host, docker id) → bytes of the writable layer, where the host tells in time."""
    by_host: defaultdict[Host, list[str]] = defaultdict(list)
    for container in containers:
        by_host[container.host].append(container.docker_id)
    answers = asked_each(
        by_host, lambda host, engine: engine.container_sizes(by_host[host]), SIZES_S
    )
    return {
        (host.pk, docker_id): size
        for host, sizes in answers.items()
        for docker_id, size in sizes.items()
    }
