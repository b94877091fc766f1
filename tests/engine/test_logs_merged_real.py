"""Merged logs of two real engines: in order of time, each line once, whatever happens to one."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

import containers_app.logs.hubs
from containers_app.logs.hub_viewer import Viewer
from containers_app.logs.hubs import hubs
from engine.cursor import time_ns
from engine.types import Connection
from tests.engine.merged import Reader
from tests.lab.dockerd import Dockerd, until

pytestmark = pytest.mark.engine

COUNTER = """
n=$(cat /n 2>/dev/null || echo 0)
while :; do n=$((n+1)); echo $n > /n; echo "line $n"; sleep 0.02; done
"""
ALWAYS = {"RestartPolicy": {"Name": "always"}}


class Client(Reader):
    """Looks at several logs; what one line of them says is known by its number."""

    def __init__(self) -> None:
        super().__init__()
        self._viewers: list[Viewer] = []
        self._tasks = [asyncio.create_task(self.merge.run())]

    def look_at(self, connection: Connection, container_id: str, *, late: bool = False) -> None:
        n = len(self._viewers)
        lane = self.merge.lane(n, ahead_ns=0, late=late)
        hub = hubs().get(connection, container_id, f"web{n}")
        viewer = Viewer(hub, 0, lane, tail=None, merged=True)
        self._viewers.append(viewer)
        self._tasks.append(asyncio.create_task(viewer.run()))

    def of(self, n: int) -> list[str]:
        return [row[3] for row in self.rows if row[1] == n]

    async def more_of(self, n: int, count: int = 20) -> None:
        had = len(self.of(n))
        await self.until(lambda: len(self.of(n)) >= had + count, 60)

    async def until_said(self, n: int, kind: str) -> None:
        await self.until(
            lambda: any(each["n"] == n and kind in each.values() for _at, each in self.told), 60
        )

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        for viewer in self._viewers:
            viewer.close()


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(containers_app.logs.hubs, "LINGER_S", 0.1)
    made = Client()
    yield made
    await made.close()
    async with asyncio.timeout(5):
        while len(hubs()):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


def log_of(docker: Dockerd, container_id: str) -> list[str]:
    """As the engine itself tells it."""
    return docker.cli("-H", docker.url, "logs", container_id).splitlines()


async def ended(docker: Dockerd, container_id: str, client: Client, n: int) -> None:
    """The container is killed; the client has exactly what its engine has."""
    await asyncio.to_thread(docker.api, "POST", f"/containers/{container_id}/kill")
    await client.until_said(n, "exited")
    assert client.of(n) == log_of(docker, container_id)


async def test_what_two_engines_have_is_one_log_in_order_of_time(
    docker: Dockerd, second_docker: Dockerd, client: Client
) -> None:
    engines = [docker, second_docker]
    made = [each.run("told", ["sh", "-c", COUNTER]) for each in engines]
    until(lambda: len(log_of(second_docker, made[1])) > 50, "both have written side by side")
    for engine, container_id in zip(engines, made, strict=True):
        await asyncio.to_thread(engine.api, "POST", f"/containers/{container_id}/kill")
    truths = [log_of(*each) for each in zip(engines, made, strict=True)]
    for engine, container_id in zip(engines, made, strict=True):
        client.look_at(engine.connection, container_id)
    await client.until(lambda: len(client.rows) >= sum(map(len, truths)), 30)
    times = [time_ns(row[0]) for row in client.rows]
    assert all(a <= b for a, b in itertools.pairwise(times))
    assert [client.of(0), client.of(1)] == truths
    sources = [row[1] for row in client.rows]
    assert sum(a != b for a, b in itertools.pairwise(sources)) > 50  # in turn
    for engine in engines:
        engine.clear()


async def test_an_engine_that_is_killed_and_a_container_that_comes_later(
    docker: Dockerd, mortal_docker: Dockerd, client: Client
) -> None:
    steady = docker.run("steady", ["sh", "-c", COUNTER])
    shaken = mortal_docker.run("shaken", ["sh", "-c", COUNTER], host=ALWAYS)
    client.look_at(docker.connection, steady)
    client.look_at(mortal_docker.connection, shaken)
    await client.more_of(0)
    await client.more_of(1)
    await asyncio.to_thread(mortal_docker.kill)
    await client.until_said(1, "stalled")
    await client.more_of(0)  # nobody waits for an engine that is down
    await asyncio.to_thread(mortal_docker.start)
    await client.more_of(1)
    late = docker.run("late", ["sh", "-c", COUNTER])
    client.look_at(docker.connection, late, late=True)
    await client.more_of(2)
    await ended(docker, steady, client, 0)
    await ended(mortal_docker, shaken, client, 1)
    await ended(docker, late, client, 2)
    assert not client.gaps
    docker.clear()
