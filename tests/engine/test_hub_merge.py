"""Several logs as one: the order of lines, who waits for whom, and for how long."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

import containers_app.logs.hub_merge
from containers_app.logs.hub_merge import Lane
from engine.cursor import time_ns, timestamp_of
from tests.engine.merged import Reader

S = 10**9  # nanoseconds
PAST = 1_700_000_000 * S


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    made = Reader()
    running = asyncio.create_task(made.merge.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def write(lane: Lane, *times_ns: int, gap: int = 0, name: str = "") -> list[str]:
    texts = [f"{name or lane.n}:{at}" for at in times_ns]
    stamps = [timestamp_of(at) for at in times_ns]
    rows = [[at, 0, "out", text, at] for at, text in zip(stamps, texts, strict=True)]
    async with lane.turn():
        await lane.lines(json.dumps(rows)[1:-1], gap)
    return texts


def test_timestamps_and_nanoseconds_are_the_same() -> None:
    for at in (PAST, PAST + 1, PAST + 999_999_999):
        assert time_ns(timestamp_of(at)) == at


async def test_what_lies_in_the_past_is_merged_whoever_comes_first(reader: Reader) -> None:
    one, two = (reader.merge.lane(n, ahead_ns=0) for n in (0, 1))
    await write(one, *range(PAST, PAST + 100 * S, 2 * S))
    await asyncio.sleep(0.05)
    assert not reader.rows
    await write(two, *range(PAST + S, PAST + 101 * S, 2 * S))
    one.idle()
    two.idle()
    await reader.until(lambda: len(reader.rows) == 100)
    assert [time_ns(row[0]) for row in reader.rows] == list(range(PAST, PAST + 100 * S, S))
    assert [row[1] for row in reader.rows] == [0, 1] * 50


async def test_a_log_that_says_nothing_keeps_the_others_waiting_only_so_long(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.hub_merge, "PATIENCE_S", 0.05)
    one, _silent = (reader.merge.lane(n, ahead_ns=0) for n in (0, 1))
    texts = await write(one, PAST, PAST + S)
    await reader.until(lambda: reader.texts == texts)


async def test_clocks_are_corrected(reader: Reader) -> None:
    ahead, true = (reader.merge.lane(n, ahead_ns=ns) for n, ns in ((0, 3600 * S), (1, 0)))
    first = await write(ahead, PAST + 3600 * S)
    third = await write(ahead, PAST + 3602 * S)
    second = await write(true, PAST + S)
    ahead.idle()
    true.idle()
    await reader.until(lambda: len(reader.rows) == 3)
    assert reader.texts == [*first, *second, *third]
    assert time_ns(reader.rows[0][0]) == PAST + 3600 * S  # what the engine said is kept


async def test_a_live_line_waits_a_little_for_one_that_is_on_its_way(reader: Reader) -> None:
    one, two = (reader.merge.lane(n, ahead_ns=0) for n in (0, 1))
    one.idle()
    two.idle()
    at = time.time_ns()
    later = await write(one, at + 1000)
    one.idle()
    earlier = await write(two, at)
    two.idle()
    await reader.until(lambda: len(reader.rows) == 2)
    assert reader.texts == [*earlier, *later]


@pytest.mark.parametrize("away_s", [3600, -3600])
async def test_a_live_line_of_a_wrong_clock_is_not_held_back(reader: Reader, away_s: int) -> None:
    one, two = (reader.merge.lane(n, ahead_ns=0) for n in (0, 1))
    one.idle()
    two.idle()
    texts = await write(one, time.time_ns() + away_s * S)
    one.idle()
    await reader.until(lambda: reader.texts == texts)


async def test_a_log_keeps_its_own_order_even_if_its_times_go_back(reader: Reader) -> None:
    one, two = (reader.merge.lane(n, ahead_ns=0) for n in (0, 1))
    texts = await write(one, PAST + 5 * S, PAST + 3 * S, PAST + 4 * S)
    await write(two, PAST, PAST + 10 * S)
    one.idle()
    two.idle()
    await reader.until(lambda: len(reader.rows) == 5)
    assert [text for text in reader.texts if text.startswith("0:")] == texts


async def test_a_gap_is_told_before_the_line_that_follows_it(reader: Reader) -> None:
    one, two = (reader.merge.lane(n, ahead_ns=0) for n in (0, 1))
    await write(one, PAST, PAST + 2 * S)
    await write(two, PAST + S, PAST + 3 * S, gap=7)
    one.idle()
    two.idle()
    await reader.until(lambda: len(reader.rows) == 4)
    assert reader.gaps == [(1, 7)]


async def test_what_is_told_of_a_log_comes_after_its_lines(reader: Reader) -> None:
    one, two = (reader.merge.lane(n, ahead_ns=0) for n in (0, 1))
    await write(one, PAST, PAST + 2 * S)
    await one.tell({"t": "end", "n": 0, "reason": "exited"})
    await write(two, PAST + S, PAST + 9 * S)
    one.idle()
    two.idle()
    await reader.until(lambda: len(reader.rows) == 4)
    assert reader.told == [(3, {"t": "end", "n": 0, "reason": "exited"})]


async def test_a_stuck_reader_holds_the_logs_back_and_gets_everything_later(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.hub_merge, "LANES_SIZE", 40_000)
    lanes = [reader.merge.lane(n, ahead_ns=0) for n in range(3)]
    reader.free.clear()
    count = 3000

    async def fill(lane: Lane) -> None:
        for at in range(count):
            await write(lane, PAST + at * S)
        lane.idle()

    filling = [asyncio.create_task(fill(lane)) for lane in lanes]
    await reader.until(lambda: all(not lane._has_room() for lane in lanes))
    assert sum(lane.size for lane in lanes) < 60_000
    reader.free.set()
    await reader.until(lambda: len(reader.rows) == 3 * count)
    await asyncio.gather(*filling)
    times = [time_ns(row[0]) for row in reader.rows]
    assert all(a <= b for a, b in itertools.pairwise(times))


async def test_a_lone_log_is_not_held_at_all(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.hub_merge, "HOLD_S", 3600)
    lane = reader.merge.lane(0, ahead_ns=0)
    texts = await write(lane, time.time_ns())
    await reader.until(lambda: reader.texts == texts)
