"""What streams to and from an engine: told message by message, cut and cancelled without delay."""

import asyncio
import contextlib
import io
import tarfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from engine import streams
from engine.errors import Broken, NoSuchObject, Refused, TimedOut
from engine.transfers import download, messages
from tests.fakes.engine import FakeEngine
from tests.lab.dockerd import IMAGE, Dockerd
from tests.lab.registry import Registry


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


async def told(*args: Any, **options: Any) -> list[dict[str, Any]]:
    return [message async for message in messages(*args, **options)]


PULL = {"fromImage": "lab/web", "tag": "1"}


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a fake engine's own thread changes it
            await asyncio.sleep(0.01)


async def test_messages_come_one_by_one(fake: FakeEngine) -> None:
    said = await told(fake.connection, "/images/create", PULL)
    assert said[1] == {"status": "Already exists", "progressDetail": {}, "id": "aaaaaaaaaaaa"}
    assert said[-1]["status"].startswith("Status: Downloaded")


async def test_an_error_in_the_stream_is_an_error_in_the_engines_words(fake: FakeEngine) -> None:
    words = "manifest for lab/web:1 not found: manifest unknown"
    fake.transfers.messages = [
        {"status": "Pulling from lab/web"},
        {"errorDetail": {"message": words, "code": 404}, "error": words},
    ]
    with pytest.raises(Refused, match="manifest unknown") as raised:
        await told(fake.connection, "/images/create", PULL)
    assert raised.value.status == 404


async def test_a_refusal_is_told_before_the_stream(fake: FakeEngine) -> None:
    fake.fail("POST /images/create", 404, "pull access denied")
    with pytest.raises(NoSuchObject, match="pull access denied"):
        await told(fake.connection, "/images/create", PULL)


async def test_a_cut_is_not_an_end(fake: FakeEngine) -> None:
    fake.transfers.silent_after = 3
    reading = messages(fake.connection, "/images/create", PULL)
    for _ in range(3):
        await anext(reading)
    fake.cut_streams()
    with pytest.raises(Broken):
        await anext(reading)


@pytest.mark.parametrize("before_the_head", [True, False])
async def test_a_cancel_closes_the_connection_of_a_silent_engine(
    fake: FakeEngine, before_the_head: bool
) -> None:
    if before_the_head:
        fake.silence("POST /images/create")
    fake.transfers.silent_after = 2
    pulling = asyncio.ensure_future(told(fake.connection, "/images/create", PULL))
    await until(lambda: fake.asked("POST /images/create"))
    if not before_the_head:
        await until(lambda: fake.streams == 1)
    assert fake.connections == 1
    pulling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pulling
    await until(lambda: fake.connections == 0)


@pytest.mark.parametrize("before_the_head", [True, False])
async def test_a_silent_engine_is_asked_whether_it_lives(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch, before_the_head: bool
) -> None:
    monkeypatch.setattr(streams, "SILENCE_S", 0.05)
    monkeypatch.setattr(streams, "PING_S", 0.2)
    if before_the_head:
        fake.silence("POST /images/create")
    fake.transfers.silent_after = 2
    pulling = asyncio.ensure_future(told(fake.connection, "/images/create", PULL))
    await until(lambda: len(fake.asked("GET /_ping")) > 2)  # alive: we wait on
    assert not pulling.done()
    fake.silence("GET /_ping")
    with pytest.raises(TimedOut):
        await pulling


async def test_a_body_is_streamed_and_its_own_failure_is_told(fake: FakeEngine) -> None:
    async def pieces(fails: bool) -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b"x" * 300_000
        if fails:
            raise Broken("the source is gone")

    said = await told(fake.connection, "/images/load", {}, body=pieces(fails=False))
    assert said[-1] == {"stream": "Loaded image: lab/loaded:1\n"}
    assert fake.transfers.received == 2_400_000
    with pytest.raises(Broken, match="the source is gone"):
        await told(fake.connection, "/images/load", {}, body=pieces(fails=True))


async def test_a_download_comes_in_pieces_and_a_cut_is_told(fake: FakeEngine) -> None:
    params = {"names": "lab/web:1"}
    got = b"".join([piece async for piece in download(fake.connection, "/images/get", params)])
    assert got == b"a" * 1000 + b"b" * 1000
    fake.transfers.silent_after = 1
    reading = download(fake.connection, "/images/get", params)
    assert await anext(reading) == b"a" * 1000
    fake.cut_streams()
    with pytest.raises(Broken):
        await anext(reading)


@pytest.mark.engine
async def test_a_real_image_goes_to_a_registry_and_comes_back(
    docker: Dockerd, lab_registry: Registry
) -> None:
    name = f"{lab_registry.address}/transfers/box"
    docker.api("POST", f"/images/{IMAGE}/tag?repo={name}&tag=1")
    auth = {"X-Registry-Auth": "e30="}  # {}
    pushed = await told(docker.connection, f"/images/{name}/push", {"tag": "1"}, headers=auth)
    digest = next(each["aux"]["Digest"] for each in pushed if "aux" in each)
    docker.api("DELETE", f"/images/{name}:1")
    pulled = await told(
        docker.connection, "/images/create", {"fromImage": name, "tag": "1"}, headers=auth
    )
    assert {"status": f"Digest: {digest}"} in pulled
    with pytest.raises(NoSuchObject, match="unknown"):
        await told(docker.connection, "/images/create", {"fromImage": name, "tag": "none"})
    docker.api("DELETE", f"/images/{name}:1")


@pytest.mark.engine
async def test_a_real_image_is_saved_and_loaded(docker: Dockerd) -> None:
    async def saved() -> AsyncIterator[bytes]:
        async for piece in download(docker.connection, "/images/get", {"names": IMAGE}):
            whole.write(piece)
            yield piece

    whole = io.BytesIO()
    said = await told(docker.connection, "/images/load", {"quiet": "0"}, body=saved())
    assert said[-1] == {"stream": f"Loaded image: {IMAGE}\n"}
    whole.seek(0)
    with tarfile.open(fileobj=whole) as tar:
        assert "manifest.json" in tar.getnames()
