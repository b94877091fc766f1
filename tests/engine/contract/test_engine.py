"""What an engine tells about itself, its images and its events."""

import asyncio
import time

import pytest

from engine import streams
from engine.errors import NoSuchObject
from engine.types import Event
from tests.engine.contract.conftest import World, spec
from tests.lab.dockerd import IMAGE


async def collect(world: World, since_ns: int, *, until: str) -> list[Event]:
    """The container events since then, to the first of that action."""
    found = []
    async with asyncio.timeout(10):
        async for event in streams.events(world.connection, since_ns=since_ns):
            if event.type == "container":
                found.append(event)
            if event.action == until:
                return found
    raise AssertionError("the event stream ended")


def test_it_says_who_it_is(world: World) -> None:
    version, about = world.engine.version(), world.engine.info()
    assert (version.os, version.arch) == ("linux", "amd64")
    assert version.version.startswith("20.10.24")
    assert (version.api, version.min_api) == ("1.41", "1.12")
    assert about.id
    assert about.name
    assert about.cpus > 0
    assert about.memory_bytes > 1024**3
    assert (about.storage_driver, about.log_driver) == ("overlay2", "json-file")
    assert about.rootless is False
    assert world.engine.ping() < 3


def test_its_clock(world: World) -> None:
    assert abs(world.engine.clock_ns() - time.time_ns()) < 5 * 10**9


def test_its_images(world: World) -> None:
    (listed,) = world.engine.images()
    assert listed.tags == (IMAGE,)
    assert listed.digests == ()
    assert listed.size_bytes > 0
    for reference in (IMAGE, "lab/busybox", listed.id):
        detail = world.engine.image(reference)
        assert (detail.id, detail.os, detail.architecture) == (listed.id, "linux", "amd64")
        assert detail.layers


@pytest.mark.parametrize("reference", ["nobody/nothing", "../containers/json", "", "a//b"])
def test_a_missing_image_is_no_such_object(world: World, reference: str) -> None:
    with pytest.raises(NoSuchObject, match="No such image"):
        world.engine.image(reference)


def test_its_disk_usage(world: World) -> None:
    world.engine.create(spec("web"))
    used = world.engine.disk_usage()
    assert (used.images.count, used.containers.count) == (1, 1)
    assert used.images.bytes == used.layers_bytes > 0
    assert used.images.reclaimable_bytes == 0
    own = world.engine.images_own_bytes()
    assert own == {world.engine.image(IMAGE).id: used.images.bytes}


async def test_every_deed_is_told_as_events(world: World) -> None:
    since_ns = world.engine.clock_ns()
    container_id = world.make("web")
    for deed in (
        lambda: world.engine.pause(container_id),
        lambda: world.engine.unpause(container_id),
        lambda: world.engine.rename(container_id, "shop"),
        lambda: world.engine.stop(container_id),
        lambda: world.engine.restart(container_id),
        lambda: world.engine.remove(container_id, force=True),
    ):
        await asyncio.to_thread(deed)
    told = await collect(world, since_ns, until="destroy")
    assert [event.action for event in told] == [
        *("create", "start", "pause", "unpause", "rename"),
        *("kill", "die", "stop"),
        *("start", "restart"),
        *("kill", "die", "destroy"),
    ]
    assert {event.actor_id for event in told} == {container_id}
    assert [event.time_ns for event in told] == sorted({event.time_ns for event in told})
    assert told[0].attributes["name"] == "web"
    assert told[-1].attributes["image"] == IMAGE
    assert told[6].attributes["exitCode"] == "143"


async def test_events_come_while_one_listens(world: World) -> None:
    since_ns = world.engine.clock_ns()
    listening = asyncio.create_task(collect(world, since_ns, until="stop"))
    container_id = await asyncio.to_thread(world.make, "web")
    await asyncio.to_thread(world.engine.stop, container_id)
    assert [event.action for event in await listening] == [
        "create",
        "start",
        "kill",
        "die",
        "stop",
    ]


async def test_events_before_since_are_not_told(world: World) -> None:
    await asyncio.to_thread(world.make, "old")
    since_ns = world.engine.clock_ns()
    await asyncio.to_thread(world.engine.create, spec("new"))
    (told,) = await collect(world, since_ns, until="create")
    assert told.attributes["name"] == "new"


async def test_a_ping_beside_the_streams(world: World) -> None:
    assert await streams.ping(world.connection) < 3


def test_the_events_of_one_container_up_to_now(world: World) -> None:
    since = world.engine.info().system_time
    container_id, _other = world.make("web"), world.make("other")
    world.engine.stop(container_id)
    until = world.engine.info().system_time
    found = world.engine.events(container_id, since=since, until=until)
    assert [event.action for event in found] == ["create", "start", "kill", "die", "stop"]
    assert {event.actor_id for event in found} == {container_id}


def test_the_sizes_of_containers(world: World) -> None:
    container_id = world.make("web")
    sizes = world.engine.container_sizes([container_id])
    assert set(sizes) == {container_id}
    assert sizes[container_id] >= 0


def test_the_options_of_a_volume(world: World) -> None:
    options = {"type": "none", "o": "bind", "device": "/etc"}
    world.make_volume("data", options)
    assert world.engine.volume_options("data") == options
    assert world.engine.volume_options("nobody") == {}
