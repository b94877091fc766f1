"""Hubs on a real engine: what a viewer got is what the engine has, whatever happened between."""

import asyncio
import itertools
import os
import resource
import subprocess
from collections.abc import AsyncIterator

import pytest

import containers_app.logs.hubs
from containers_app.logs.hubs import hubs
from tests.engine.hubs import Client, Light
from tests.fakes.proxy import ChaosProxy
from tests.lab.dockerd import Dockerd, needed

pytestmark = [pytest.mark.engine, pytest.mark.longer]

FULL = os.environ.get("CHAOS") == "full"
ROUNDS = 10 if FULL else 2
VIEWERS = 500 if FULL else 120
CONTAINERS = 200 if FULL else 8
EMPTY_LINES = 1_000_000 if FULL else 30_000
RANDOM_BYTES = 3_000_000 if FULL else 300_000
LONG_LINE = 20_000_000 if FULL else 2_000_000
COUNTER = """
n=$(cat /n 2>/dev/null || echo 0)
while :; do n=$((n+1)); echo $n > /n; echo "line $n"; sleep 0.02; done
"""
ALWAYS = {"RestartPolicy": {"Name": "always"}}


@pytest.fixture(autouse=True)
async def none_left(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(containers_app.logs.hubs, "LINGER_S", 0.1)
    yield
    async with asyncio.timeout(5):
        while len(hubs()):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


def log_of(docker: Dockerd, container_id: str) -> list[str]:
    """Standard output as the engine itself tells it."""
    command = [needed("docker", "docker.io"), "-H", docker.url, "logs", container_id]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return [line.decode("utf-8", "replace") for line in output.split(b"\n")[:-1]]


async def settled(docker: Dockerd, container_id: str, client: Client) -> None:
    """The container has stopped; the client has exactly what the engine has."""
    await asyncio.to_thread(docker.api, "POST", f"/containers/{container_id}/kill")
    await client.until_told("exited")
    truth = await asyncio.to_thread(log_of, docker, container_id)
    assert client.texts == [line.removesuffix("\r") for line in truth]
    assert len(truth) > 50
    assert not client.gaps


@pytest.mark.parametrize("tty", [False, True])
async def test_cuts_lose_and_double_nothing(docker: Dockerd, tty: bool) -> None:
    container_id = docker.run("cut", ["sh", "-c", COUNTER], config={"Tty": tty})
    with ChaosProxy(docker.connection) as proxy:
        client = Client(proxy.connection, container_id, tail=None)
        for _ in range(ROUNDS * 3):
            had = len(client.rows)
            await client.until(lambda had=had: len(client.rows) > had + 15)  # type: ignore[misc]
            proxy.cut()
        await settled(docker, container_id, client)
        await client.close()
    docker.clear()


async def test_an_engine_that_is_killed_and_started_again(mortal_docker: Dockerd) -> None:
    container_id = mortal_docker.run("counter", ["sh", "-c", COUNTER], host=ALWAYS)
    client = Client(mortal_docker.connection, container_id, tail=None)
    for _ in range(ROUNDS):
        had = len(client.rows)
        await client.until(lambda had=had: len(client.rows) > had + 30, 60)  # type: ignore[misc]
        await asyncio.to_thread(mortal_docker.kill)
        await client.until_told("stalled")
        await asyncio.to_thread(mortal_docker.start)
    had = len(client.rows)
    await client.until(lambda: len(client.rows) > had + 30, 60)
    await settled(mortal_docker, container_id, client)
    assert client.told[-2]["t"] == "resumed"
    await client.close()


async def test_an_engine_that_is_frozen_is_told_and_thawed(mortal_docker: Dockerd) -> None:
    container_id = mortal_docker.run("frozen", ["sh", "-c", COUNTER])
    client = Client(mortal_docker.connection, container_id, tail=None)
    await client.until(lambda: len(client.rows) > 20)
    mortal_docker.pause()
    await client.until_told("stalled", within_s=15)  # R3
    mortal_docker.resume()
    await client.until_told("resumed")
    had = len(client.rows)
    await client.until(lambda: len(client.rows) > had + 20)
    await settled(mortal_docker, container_id, client)
    await client.close()


async def test_rotation_loses_and_doubles_nothing(docker: Dockerd) -> None:
    config = {"Type": "json-file", "Config": {"max-size": "20k", "max-file": "3"}}
    script = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.005; done"
    container_id = docker.run("rotated", ["sh", "-c", script], host={"LogConfig": config})
    client = Client(docker.connection, container_id, tail=None)
    wanted = 8000 if FULL else 1200  # 20 kB hold about 240 lines
    await client.until(lambda: len(client.rows) >= wanted, 240)
    numbers = [int(text) for text in client.texts]
    jumps = sum(b != a + 1 for a, b in itertools.pairwise(numbers))
    assert numbers == sorted(set(numbers))
    assert jumps <= len(client.gaps)  # nothing, or an honest gap
    await client.close()
    docker.clear()


async def test_a_crowd_at_one_container_is_one_stream_in_bounded_memory(docker: Dockerd) -> None:
    script = (
        "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; [ $((i%50)) = 0 ] && sleep 0.05; done"
    )
    container_id = docker.create("crowd", ["sh", "-c", f"sleep 1; {script}; sleep 1000"])
    with ChaosProxy(docker.connection) as proxy:
        docker.api("POST", f"/containers/{container_id}/start")
        clients = [Light(proxy.connection, container_id) for _ in range(VIEWERS)]
        never = Light(proxy.connection, container_id, prompt=False)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wanted = [str(number) for number in range(1, 3001)]
        for client in clients:
            await client.until_texts(wanted, within_s=60)
        assert proxy.open <= 2  # the stream, and perhaps a ping
        hub = hubs().get(proxy.connection, container_id, "crowd")
        assert hub.ring.size <= containers_app.logs.hub.RING_SIZE
        kept = VIEWERS * 3000 * 16  # bytes, of the clients of this test
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000 + kept // 1024
        assert never.texts == wanted[: len(never.texts)]
        for client in [*clients, never]:
            await client.close()
    docker.clear()


async def test_many_containers_at_once_are_a_stream_each(docker: Dockerd) -> None:
    script = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $0 $i; done; sleep 1000"
    names = [f"many-{number}" for number in range(CONTAINERS)]
    ids = [docker.create(name, ["sh", "-c", script, name]) for name in names]
    with ChaosProxy(docker.connection) as proxy:
        clients = [
            Client(proxy.connection, each, name=name)
            for each, name in zip(ids, names, strict=True)
        ]
        again = Client(proxy.connection, ids[0], name=names[0])
        for each in ids:
            await asyncio.to_thread(docker.api, "POST", f"/containers/{each}/start")
        for name, client in zip([*names, names[0]], [*clients, again], strict=True):
            await client.until_texts([f"{name} {number}" for number in range(1, 301)], within_s=60)
        assert not any(client.gaps for client in clients)
        assert proxy.open <= CONTAINERS * 2  # a stream each, and perhaps a ping
        for client in [*clients, again]:
            await client.close()
    docker.clear()


async def test_empty_lines_are_lines(docker: Dockerd) -> None:
    container_id = docker.run("empty", ["sh", "-c", f"yes '' | head -n {EMPTY_LINES}"])
    client = Client(docker.connection, container_id, tail=None)
    await client.until_told("exited", within_s=300)
    assert len(client.rows) == EMPTY_LINES
    assert not any(client.texts)
    assert len({row[4] for row in client.rows}) == EMPTY_LINES
    await client.close()
    docker.clear()


async def test_a_very_long_line_and_random_bytes(docker: Dockerd) -> None:
    script = (
        f"echo first; head -c {LONG_LINE} /dev/zero | tr '\\0' x; echo; "
        f"head -c {RANDOM_BYTES} /dev/urandom; echo; echo last"
    )
    container_id = docker.run("hostile", ["sh", "-c", script])
    docker.wait(container_id)
    client = Client(docker.connection, container_id, tail=None)
    await client.until_told("exited", within_s=120)
    truth = await asyncio.to_thread(log_of, docker, container_id)
    joined, begun = [], ""
    for row in client.rows:
        begun += row[3]
        if not row[4].endswith("+"):
            joined.append(begun)
            begun = ""
    assert joined == truth
    assert len(joined[1]) == LONG_LINE
    await client.close()
    docker.clear()
