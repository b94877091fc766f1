"""What a log gives: lines, streams, tails, and where one may go on."""

import asyncio
from datetime import datetime

import pytest

from engine.cursor import Accepted
from engine.errors import NoSuchObject
from engine.logs import LogReader, log_chunks
from tests.engine.contract.conftest import World

LINES = [(1, "one"), (2, "two: é ✓"), (1, ""), (1, "four  "), (2, "\x1b[31mfive\x1b[0m")]


async def rows(reader: LogReader) -> list[tuple[int, str, str]]:
    """(stream, text, cursor) of everything until the end."""
    found: list[tuple[int, str, str]] = []
    async with asyncio.timeout(20):
        async for batch in reader:
            found += columns(batch)
    return found


def columns(batch: Accepted) -> list[tuple[int, str, str]]:
    assert len(batch.timestamps) == len(batch.texts)
    return list(zip(batch.streams, batch.texts, batch.cursors, strict=True))


@pytest.mark.parametrize("follow", [False, True])
async def test_every_line_with_its_stream(world: World, follow: bool) -> None:
    container_id = await asyncio.to_thread(world.printed, "web", LINES)
    found = await rows(log_chunks(world.connection, container_id, tty=False, follow=follow))
    assert [row[:2] for row in found] == LINES
    assert len({cursor for _, _, cursor in found}) == len(LINES)


async def test_the_last_lines_only(world: World) -> None:
    container_id = await asyncio.to_thread(world.printed, "web", LINES)
    reader = log_chunks(world.connection, container_id, tty=False, follow=False, tail=2)
    assert [row[:2] for row in await rows(reader)] == LINES[-2:]


async def test_a_terminal_has_one_stream_and_no_carriage_returns(world: World) -> None:
    lines = [(1, "one"), (1, ""), (1, "three é ✓")]
    container_id = await asyncio.to_thread(world.printed, "web", lines, tty=True)
    found = await rows(log_chunks(world.connection, container_id, tty=True, follow=True))
    assert [row[:2] for row in found] == lines


@pytest.mark.parametrize("tty", [False, True])
async def test_going_on_after_every_single_record(world: World, tty: bool) -> None:
    lines = [(1, f"line {number}") for number in range(4)] + [(1, "x" * 150_000), (1, "end")]
    container_id = await asyncio.to_thread(world.printed, "web", lines, tty=tty)
    everything = await rows(log_chunks(world.connection, container_id, tty=tty, follow=False))
    assert "".join(text for _, text, _ in everything) == "".join(text for _, text in lines)
    for number, (_, _, cursor) in enumerate(everything, 1):
        reader = log_chunks(world.connection, container_id, tty=tty, follow=False, cursor=cursor)
        assert await rows(reader) == everything[number:]


async def test_a_span_of_time(world: World) -> None:
    container_id = await asyncio.to_thread(world.printed, "web", LINES)
    reader = log_chunks(world.connection, container_id, tty=False, follow=False)
    stamps = [stamp async for batch in reader for stamp in batch.timestamps]
    seconds = int(world.engine.clock_ns() // 10**9 // 86400 * 86400)
    times = [_nanoseconds(stamp) for stamp in stamps]
    assert all(abs(time - seconds * 10**9) < 2 * 86400 * 10**9 for time in times)
    reader = log_chunks(
        world.connection,
        container_id,
        tty=False,
        follow=False,
        since_ns=times[1],
        until_ns=times[3],
    )
    assert [row[:2] for row in await rows(reader)] == LINES[1:4]


async def test_a_missing_container_is_no_such_object(world: World) -> None:
    with pytest.raises(NoSuchObject, match="No such container: nobody"):
        await anext(log_chunks(world.connection, "nobody", tty=False, follow=True))
    with pytest.raises(NoSuchObject, match="No such container"):
        await anext(log_chunks(world.connection, "../info?x=", tty=False, follow=True))


def _nanoseconds(stamp: str) -> int:
    whole = datetime.fromisoformat(f"{stamp[:19]}+00:00")
    return int(whole.timestamp()) * 10**9 + int(stamp[20:29])
