"""The event stream: what it leaves out, and that every end of it is an end."""

import asyncio
from collections.abc import Iterator

import pytest

from engine import streams
from engine.errors import Broken, Refused, Unreachable
from engine.types import Connection, Event
from tests.fakes.engine import FakeEngine
from tests.fakes.proxy import ChaosProxy
from tests.lab.dockerd import Dockerd


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        fake.add_image()
        yield fake


async def listen(connection: Connection, since_ns: int, found: list[Event]) -> None:
    async with asyncio.timeout(20):
        async for event in streams.events(connection, since_ns=since_ns):
            found.append(event)  # noqa: PERF401 (others watch it grow)


async def arrived(found: list[Event], count: int) -> None:
    async with asyncio.timeout(10):
        while len(found) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.engine
async def test_a_health_check_tells_its_outcome_and_not_its_runs(mortal_docker: Dockerd) -> None:
    check = {"Test": ["CMD", "true"], "Interval": 100_000_000, "Retries": 1}
    found: list[Event] = []
    listening = asyncio.create_task(listen(mortal_docker.connection, 1, found))
    container_id = await asyncio.to_thread(mortal_docker.run, "web", config={"Healthcheck": check})
    own = []
    async with asyncio.timeout(10):
        while "health_status: healthy" not in own:
            await asyncio.sleep(0.02)
            own = [event.action for event in found if event.actor_id == container_id]
    await asyncio.sleep(0.5)  # four more runs of the check, each with three exec events
    listening.cancel()
    assert own == ["create", "start", "health_status: healthy"]
    assert {event.type for event in found} <= {"container", "image"}


@pytest.mark.engine
async def test_images_are_told_too(mortal_docker: Dockerd) -> None:
    found: list[Event] = []
    listening = asyncio.create_task(listen(mortal_docker.connection, 1, found))
    url = "/images/lab/busybox/tag?repo=lab/other&tag=x"
    await asyncio.to_thread(mortal_docker.api, "POST", url)
    await asyncio.to_thread(mortal_docker.api, "DELETE", "/images/lab/other:x")
    async with asyncio.timeout(10):
        while "untag" not in [event.action for event in found]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    listening.cancel()
    assert [event.action for event in found if event.type == "image"][-2:] == ["tag", "untag"]


@pytest.mark.engine
async def test_kill_9_of_the_engine_is_a_clean_end(mortal_docker: Dockerd) -> None:
    found: list[Event] = []
    listening = asyncio.create_task(listen(mortal_docker.connection, 1, found))
    await asyncio.to_thread(mortal_docker.create, "web")
    await arrived(found, 1)
    await asyncio.to_thread(mortal_docker.kill)
    async with asyncio.timeout(3):
        await listening
    with pytest.raises(Unreachable):
        await streams.ping(mortal_docker.connection)


async def test_a_cut_wire_is_a_clean_end(fake: FakeEngine) -> None:
    found: list[Event] = []
    with ChaosProxy(fake.connection) as proxy:
        listening = asyncio.create_task(listen(proxy.connection, 1, found))
        await arrived(found, 1)
        await asyncio.to_thread(proxy.cut)
        async with asyncio.timeout(3):
            await listening


async def test_a_cancelled_listener_closes_its_connection(fake: FakeEngine) -> None:
    found: list[Event] = []
    listening = asyncio.create_task(listen(fake.connection, 1, found))
    await arrived(found, 1)
    assert fake.streams == 1
    listening.cancel()
    async with asyncio.timeout(3):
        while fake.streams:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_event_with_a_20_mb_label(fake: FakeEngine) -> None:
    found: list[Event] = []
    listening = asyncio.create_task(listen(fake.connection, 1, found))
    await arrived(found, 1)
    fake.add_container("web", labels={"x": "y" * 20_000_000}, state="created")
    await arrived(found, 2)
    listening.cancel()
    assert found[1].action == "create"
    assert len(found[1].attributes["x"]) == 4096


async def test_a_burst_of_600_is_read_whole(fake: FakeEngine) -> None:
    found: list[Event] = []
    listening = asyncio.create_task(listen(fake.connection, 1, found))
    await arrived(found, 1)
    for number in range(300):
        fake.add_container(f"web-{number}")
    await arrived(found, 601)
    listening.cancel()


async def test_what_is_no_event_is_broken(fake: FakeEngine) -> None:
    fake.garble("GET /events", b"{}\n")
    with FakeEngine() as other:
        other.fail("GET /events", 500, "too many listeners")
        with pytest.raises(Refused, match="too many listeners"):
            await anext(streams.events(other.connection, since_ns=1))
    with pytest.raises(Broken):
        await anext(streams.events(fake.connection, since_ns=1))
