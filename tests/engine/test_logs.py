"""Logs of a real engine: counted over cut wires, kill -9, rotation, terminals and noise."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.client import Engine
from engine.errors import Refused
from engine.logs import log_chunks
from tests.engine.follower import Followed, follow
from tests.fakes.engine import FakeEngine
from tests.fakes.proxy import ChaosProxy
from tests.lab.dockerd import Dockerd, until

pytestmark = pytest.mark.engine

COUNT = "i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo line $i{more}; done"
SLOWLY = "; [ $((i % 20)) -eq 0 ] && sleep 0.02"


@pytest.fixture
def engine(docker: Dockerd) -> Iterator[Engine]:
    with Engine(docker.connection) as engine:
        yield engine
    docker.clear()


def counted(lines: int) -> list[str]:
    return [f"line {number}" for number in range(1, lines + 1)]


@asynccontextmanager
async def cutting(proxy: ChaosProxy, *, every_s: float) -> AsyncIterator[None]:
    """Cuts the wire again and again meanwhile."""

    async def cut() -> None:
        while True:
            await asyncio.sleep(every_s)
            await asyncio.to_thread(proxy.cut)

    work = asyncio.create_task(cut())
    try:
        yield
    finally:
        work.cancel()


@pytest.mark.parametrize("tty", [False, True])
async def test_every_line_once_over_cut_connections(
    docker: Dockerd, engine: Engine, tty: bool
) -> None:
    script = COUNT.format(lines=3000, more=SLOWLY)
    container_id = docker.run("web", ["sh", "-c", script], config={"Tty": tty})
    with ChaosProxy(docker.connection) as proxy:
        async with asyncio.timeout(60), cutting(proxy, every_s=0.3):
            found = await follow(proxy.connection, engine, container_id, tty=tty)
    assert found.lines == counted(3000)
    assert found.connections > 5
    assert found.gaps == 0


async def test_cuts_in_the_middle_of_a_record(docker: Dockerd, engine: Engine) -> None:
    container_id = docker.run("web", ["sh", "-c", COUNT.format(lines=400, more="")])
    docker.wait(container_id)
    found = Followed()
    with ChaosProxy(docker.connection) as proxy:
        for size in range(300, 100_000, 997):
            proxy.cut_after = size
            reader = log_chunks(
                proxy.connection, container_id, tty=False, follow=False, cursor=found.cursor
            )
            async for batch in reader:
                found.take(batch)
            if len(found.lines) == 400:
                break
    assert found.lines == counted(400)


async def test_every_line_once_over_kill_9_of_the_engine(mortal_docker: Dockerd) -> None:
    """What it wrote while no engine listened is not in the log; what is there comes once."""
    script = "trap 'exit 0' TERM; " + COUNT.format(lines=100_000, more="; sleep 0.01")
    container_id = mortal_docker.run("web", ["sh", "-c", script])
    with Engine(mortal_docker.connection) as engine:
        over: list[bool] = []
        following = asyncio.create_task(
            follow(mortal_docker.connection, engine, container_id, last_run=lambda: bool(over))
        )
        await asyncio.sleep(1)
        await asyncio.to_thread(mortal_docker.kill)
        await asyncio.to_thread(mortal_docker.start)  # which ends the container
        await asyncio.to_thread(mortal_docker.api, "POST", f"/containers/{container_id}/start")
        await asyncio.sleep(1)
        await asyncio.to_thread(mortal_docker.kill)
        await asyncio.to_thread(mortal_docker.start)
        over.append(True)
        async with asyncio.timeout(30):
            found = await following
        reader = log_chunks(mortal_docker.connection, container_id, tty=False, follow=False)
        kept = [text async for batch in reader for text in batch.texts]
    assert found.lines == kept
    assert kept.count("line 1") == 2  # both runs
    assert found.connections >= 3
    assert found.gaps == 0


@pytest.mark.parametrize("files", [1, 2])
async def test_every_line_once_over_rotation(docker: Dockerd, engine: Engine, files: int) -> None:
    options = {"max-size": "20k", "max-file": str(files)}
    script = COUNT.format(lines=2000, more="; [ $((i % 10)) -eq 0 ] && sleep 0.01")
    container_id = docker.run(
        "web", ["sh", "-c", script], host={"LogConfig": {"Type": "json-file", "Config": options}}
    )
    async with asyncio.timeout(60):
        found = await follow(docker.connection, engine, container_id)
    assert found.lines == counted(2000)


async def test_a_gap_is_told_when_the_cursor_was_rotated_away(
    docker: Dockerd, engine: Engine
) -> None:
    options = {"max-size": "10k", "max-file": "1"}
    script = "echo first; sleep 0.5; " + COUNT.format(lines=2000, more="")
    container_id = docker.run(
        "web", ["sh", "-c", script], host={"LogConfig": {"Type": "json-file", "Config": options}}
    )
    first = await anext(log_chunks(docker.connection, container_id, tty=False, follow=True))
    assert first.texts == ["first"]
    await asyncio.to_thread(docker.wait, container_id)
    reader = log_chunks(
        docker.connection, container_id, tty=False, follow=False, cursor=first.cursors[-1]
    )
    batches = [batch async for batch in reader]
    assert [batch.gap for batch in batches] == [True] + [False] * (len(batches) - 1)
    assert batches[-1].texts[-1] == "line 2000"


@pytest.mark.parametrize("tty", [False, True])
async def test_a_line_of_20_mb(docker: Dockerd, engine: Engine, tty: bool) -> None:
    script = "echo a; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo b"
    container_id = docker.run("web", ["sh", "-c", script], config={"Tty": tty})
    await asyncio.to_thread(docker.wait, container_id)
    began = time.process_time()
    found = await follow(docker.connection, engine, container_id, tty=tty)
    assert time.process_time() - began < 3
    assert [len(line) for line in found.lines] == [1, 20_000_000, 1]
    assert set(found.lines[1]) == {"x"}


async def test_going_on_inside_a_line_of_20_mb(docker: Dockerd, engine: Engine) -> None:
    script = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo b"
    container_id = docker.run("web", ["sh", "-c", script])
    await asyncio.to_thread(docker.wait, container_id)
    with ChaosProxy(docker.connection) as proxy:
        proxy.cut_after = 15_000_000
        found = Followed()
        for _ in range(2):
            reader = log_chunks(
                proxy.connection, container_id, tty=False, follow=False, cursor=found.cursor
            )
            async for batch in reader:
                found.take(batch)
            proxy.cut_after = None
    assert [len(line) for line in found.lines] == [20_000_000, 1]


@pytest.mark.parametrize("tty", [False, True])
async def test_random_bytes(docker: Dockerd, engine: Engine, tty: bool) -> None:
    container_id = docker.run(
        "web", ["head", "-c", "1000000", "/dev/urandom"], config={"Tty": tty}
    )
    await asyncio.to_thread(docker.wait, container_id)
    whole = await follow(docker.connection, engine, container_id, tty=tty)
    again = await follow(docker.connection, engine, container_id, tty=tty)
    assert whole.lines == again.lines
    assert len(whole.lines) > 1000
    assert sum(map(len, whole.lines)) > 500_000
    "\n".join(whole.lines).encode()  # nothing that cannot be sent


async def test_10_mb_of_a_terminal_cost_less_than_a_second(
    docker: Dockerd, engine: Engine
) -> None:
    script = "yes 'a line of a terminal, which is about eighty characters long, more or less ok' "
    container_id = docker.run(
        "web", ["sh", "-c", f"{script} | head -n 125000"], config={"Tty": True}
    )
    await asyncio.to_thread(docker.wait, container_id)
    began = time.process_time()
    lines = 0
    reader = log_chunks(docker.connection, container_id, tty=True, follow=False)
    async for batch in reader:
        lines += len(batch.texts)
    assert lines == 125_000
    assert time.process_time() - began < 1


async def test_a_flood_is_gathered_into_few_reads(docker: Dockerd, engine: Engine) -> None:
    script = "yes 'a line of one hundred characters or so, as people write them' | head -n 100000"
    container_id = docker.run("web", ["sh", "-c", script])
    await asyncio.to_thread(docker.wait, container_id)
    reader = log_chunks(docker.connection, container_id, tty=False, follow=False)
    lines = 0
    async for batch in reader:
        lines += len(batch.texts)
    assert lines == 100_000
    assert reader.reads < 2_000  # 350, and 6,500 without the pauses


async def test_a_last_line_without_a_newline(docker: Dockerd, engine: Engine) -> None:
    container_id = docker.run("web", ["printf", "one\\ntwo"])
    await asyncio.to_thread(docker.wait, container_id)
    found = await follow(docker.connection, engine, container_id)
    assert found.lines == ["one", "two"]


async def test_a_driver_that_keeps_nothing_says_so(docker: Dockerd, engine: Engine) -> None:
    container_id = docker.run("web", ["true"], host={"LogConfig": {"Type": "none"}})
    with pytest.raises(Refused, match="does not support reading") as raised:
        await anext(log_chunks(docker.connection, container_id, tty=False, follow=False))
    assert raised.value.status == 501


async def test_a_lone_line_is_not_delayed() -> None:
    with FakeEngine() as fake:
        container = fake.daemon.find(fake.add_container("web"))
        reader = log_chunks(fake.connection, container.id, tty=False, follow=True)
        reading = asyncio.ensure_future(anext(reader))
        async with asyncio.timeout(5):
            while not fake.streams:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        took = []
        for number in range(20):
            began = time.monotonic()
            fake.daemon.log(container, f"line {number}")
            assert (await reading).texts == [f"line {number}"]
            took.append(time.monotonic() - began)
            reading = asyncio.ensure_future(anext(reader))
            await asyncio.sleep(0.01)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
    assert sorted(took)[10] < 0.02


async def test_closing_readers_leaves_nothing_open(docker: Dockerd, engine: Engine) -> None:
    container_id = docker.run("web", ["sh", "-c", "echo ready; sleep 1000"])
    until(lambda: docker.api("GET", f"/containers/{container_id}/json")["State"]["Running"], "up")
    before = _descriptors()
    for _ in range(20):
        reader = log_chunks(docker.connection, container_id, tty=False, follow=True)
        assert (await anext(reader)).texts == ["ready"]
        await reader.aclose()
    await asyncio.sleep(0)
    assert _descriptors() == before


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
