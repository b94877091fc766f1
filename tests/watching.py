"""The watcher beside a test, and what to wait for."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from containers_app.models import Container
from engine.types import Connection
from hosts_app.models import Host
from inventory_app.run import watch_all
from tests import make
from tests.lab.dockerd import until


@contextmanager
def watching() -> Iterator[None]:
    """All hosts are followed, as by the watcher's own process, until the block ends."""
    begun, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        begun.set()
        work = asyncio.create_task(watch_all())
        await stop.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="watcher of a test")
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(30)


def host_at(connection: Connection, name: str = "real") -> Host:
    return make.host(name, url=connection.url, state=Host.State.UNCHECKED, as_of=None)


def states(host: Host) -> list[str]:
    """All states it was in, oldest first."""
    return [row.state for row in host.history.order_by("pk")]


def until_state(host: Host, state: str, *, timeout_s: float = 10) -> None:
    until(lambda: fresh(host).state == state, f"{host} is {state}", timeout_s=timeout_s)


def until_listed(host: Host) -> None:
    until(lambda: fresh(host).as_of, f"{host} is listed")


def until_row(
    host: Host, name: str, holds: Callable[[Container], object], *, timeout_s: float = 5
) -> Container:
    """The row of this name, as soon as the condition holds for it."""
    found: list[Container] = []

    def there() -> bool:
        found[:] = host.containers.filter(name=name, gone=None)
        return bool(found and holds(found[0]))

    until(there, f"{name} on {host} is as wanted: {found}", timeout_s=timeout_s)
    return found[0]


def fresh(host: Host) -> Host:
    return Host.objects.get(pk=host.pk)


def names(host: Host) -> set[str]:
    return set(host.containers.filter(gone=None).values_list("name", flat=True))
