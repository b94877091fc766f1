"""One engine stream per container: what viewers get when all goes well, and when it does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import containers_app.logs.hub
import containers_app.logs.hub_watch
import containers_app.logs.hubs
from containers_app.logs.hubs import hubs
from tests.engine.hubs import Client
from tests.fakes.daemon import Container
from tests.fakes.engine import FakeEngine
from tests.fakes.proxy import ChaosProxy

LOGS = "GET /containers/.*/logs"


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeEngine]:
    """Hubs behave as ever, in less time; afterwards no hub and no stream is left."""
    monkeypatch.setattr(containers_app.logs.hubs, "LINGER_S", 0.1)
    monkeypatch.setattr(containers_app.logs.hub, "RESTART_S", 0.1)
    monkeypatch.setattr(containers_app.logs.hub, "RECREATE_S", 0.5)
    monkeypatch.setattr(containers_app.logs.hub, "FIRST_POLL_S", 0.1)
    monkeypatch.setattr(containers_app.logs.hub_watch, "PING_EVERY_S", 0.2)
    monkeypatch.setattr(containers_app.logs.hub_watch, "PING_S", 0.3)
    with FakeEngine() as engine:
        yield engine
        await all_closed(engine)


@pytest.fixture
def web(fake: FakeEngine) -> Container:
    return fake.daemon.find(fake.add_container("web"))


async def all_closed(fake: FakeEngine) -> None:
    async with asyncio.timeout(5):
        while len(hubs()) or fake.streams:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


def write(fake: FakeEngine, container: Container, first: int, last: int) -> list[str]:
    texts = [f"line {number}" for number in range(first, last + 1)]
    for text in texts:
        fake.daemon.log(container, text)
    return texts


def follows(fake: FakeEngine) -> int:
    """Streams that were ever opened to follow."""
    return sum(request.query.get("follow") == "1" for request in fake.asked(LOGS))


async def test_the_last_lines_and_then_every_new_one(fake: FakeEngine, web: Container) -> None:
    texts = write(fake, web, 1, 700)
    client = Client(fake.connection, web.id, tail=500)
    await client.until_texts(texts[200:])
    texts += write(fake, web, 701, 710)
    await client.until_texts(texts[200:])
    fake.daemon.log(web, "to stderr", stream=2)
    await client.until(lambda: client.texts[-1] == "to stderr")
    timestamp, n, stream, _text, cursor = client.rows[-1]
    assert (n, stream, cursor) == (0, "err", timestamp)
    assert len(timestamp) == len("2026-11-24T06:35:24.123456789Z")
    assert not client.gaps
    assert not client.told
    await client.close()


@pytest.mark.parametrize("tail", [0, 1, 3, 5000, None])
async def test_as_many_lines_as_asked_for(
    fake: FakeEngine, web: Container, tail: int | None
) -> None:
    texts = write(fake, web, 1, 10)
    client = Client(fake.connection, web.id, tail=tail)
    hub = hubs().get(fake.connection, web.id, "web")
    await client.until(lambda: hub.well.is_set() and (tail == 0 or bool(client.rows)))
    if tail == 0:
        await client.until(lambda: bool(fake.asked(LOGS)) and follows(fake) == 1)
    texts += write(fake, web, 11, 12)
    wanted = texts if tail is None else texts[-tail - 2 :]
    await client.until_texts(wanted)
    await client.close()


async def test_the_first_line_of_an_empty_log_comes_to_everybody(
    fake: FakeEngine, web: Container
) -> None:
    clients = [Client(fake.connection, web.id, tail=tail) for tail in (500, 0, None, 7)]
    await clients[0].until(lambda: follows(fake) > 0)
    await asyncio.sleep(0.2)  # let all of them look
    texts = write(fake, web, 1, 3)
    for client in clients:
        await client.until_texts(texts)
        await client.close()


async def test_many_viewers_are_one_stream_and_each_line_comes_once(
    fake: FakeEngine, web: Container
) -> None:
    texts = write(fake, web, 1, 40)
    clients = [Client(fake.connection, web.id, n=number % 3) for number in range(120)]
    await clients[-1].until_texts(texts)
    texts += write(fake, web, 41, 90)
    await clients[-1].until_texts(texts)
    late = Client(fake.connection, web.id, tail=30)
    await late.until_texts(texts[-30:])
    for number, client in enumerate(clients):
        await client.until_texts(texts)
        assert {row[1] for row in client.rows} == {number % 3}
    assert follows(fake) == 1
    assert fake.streams == 1
    for client in [*clients, late]:
        await client.close()


async def test_the_stream_ends_a_little_after_the_last_viewer(
    fake: FakeEngine, web: Container
) -> None:
    write(fake, web, 1, 3)
    first = Client(fake.connection, web.id)
    await first.until(lambda: len(first.rows) == 3)
    await first.close()
    again = Client(fake.connection, web.id)  # as a page that is loaded again
    await again.until(lambda: len(again.rows) == 3)
    assert follows(fake) == 1
    await again.close()
    await all_closed(fake)


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("place", [0, 1, 5, 298, 299])
async def test_resuming_after_any_line(
    fake: FakeEngine, web: Container, place: int, others: int
) -> None:
    texts = write(fake, web, 1, 300)
    whole = Client(fake.connection, web.id, tail=None)
    await whole.until_texts(texts)
    cursors = [row[4] for row in whole.rows]
    if not others:
        await whole.close()
        await all_closed(fake)
    client = Client(fake.connection, web.id, cursor=cursors[place], tail=10)
    await client.until_texts(texts[place + 1 :])
    texts += write(fake, web, 301, 303)
    await client.until_texts(texts[place + 1 :])
    assert not client.gaps
    await client.close()
    if others:
        await whole.close()


async def test_resuming_far_back_reads_all_that_lies_between(
    fake: FakeEngine, web: Container
) -> None:
    texts = write(fake, web, 1, 5000)
    first = Client(fake.connection, web.id, tail=None)
    await first.until_texts(texts)
    cursor = first.rows[9][4]
    await first.close()
    await all_closed(fake)
    newest = Client(fake.connection, web.id, tail=5)  # the ring begins at the very end
    await newest.until_texts(texts[-5:])
    streams = follows(fake)
    client = Client(fake.connection, web.id, cursor=cursor)
    await client.until_texts(texts[10:])
    texts += write(fake, web, 5001, 5002)
    await client.until_texts(texts[10:])
    assert follows(fake) == streams
    await newest.close()
    await client.close()


async def test_a_slow_viewer_skips_and_knows_how_many_while_others_get_all(
    fake: FakeEngine, web: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.hub, "RING_SIZE", 100_000)
    monkeypatch.setattr(containers_app.logs.hubs, "RING_SIZE", 100_000)
    slow = Client(fake.connection, web.id, prompt=False)
    quick = Client(fake.connection, web.id)
    texts = []
    for start in range(1, 6000, 100):
        texts += write(fake, web, start, start + 99)
        await quick.until_texts(texts)
    before = len(slow.rows)
    assert before < len(texts)
    assert slow.texts == texts[:before]
    slow.prompt = True
    slow.acknowledge()
    await slow.until(lambda: bool(slow.rows) and slow.texts[-1] == texts[-1])
    assert len(slow.gaps) == 1
    assert len(slow.rows) + slow.gaps[0] == len(texts)
    assert slow.texts == texts[:before] + texts[before + slow.gaps[0] :]
    hub = hubs().get(fake.connection, web.id, "web")
    assert hub.ring.size <= 100_000
    await slow.close()
    await quick.close()


async def test_history_waits_for_its_reader_and_loses_nothing(
    fake: FakeEngine, web: Container
) -> None:
    texts = write(fake, web, 1, 20_000)
    client = Client(fake.connection, web.id, tail=None, prompt=False)
    while len(client.rows) < len(texts):
        had = len(client.rows)
        client.acknowledge()
        await client.until(lambda had=had: len(client.rows) > had)  # type: ignore[misc]
    client.prompt = True
    client.acknowledge()
    await client.until_texts(texts)
    assert not client.gaps
    await client.close()


@pytest.mark.parametrize("tty", [False, True])
async def test_a_cut_is_mended_without_loss_or_repetition(fake: FakeEngine, tty: bool) -> None:
    web = fake.daemon.find(fake.add_container("tty", tty=tty))
    texts: list[str] = []
    client = Client(fake.connection, web.id)
    for round_ in range(8):
        texts += write(fake, web, round_ * 50, round_ * 50 + 49)
        if round_ % 2:
            await client.until_texts(texts)
        fake.cut_streams()
    await client.until_texts(texts)
    assert not client.gaps
    await client.close()


@pytest.mark.parametrize("state", ["running", "exited"])
async def test_a_long_log_over_connections_that_are_cut_again_and_again(
    fake: FakeEngine, state: str
) -> None:
    web = fake.daemon.find(fake.add_container("cut"))
    texts = write(fake, web, 1, 3000)
    if state == "exited":
        fake.daemon.die(web, exit_code=0)
    with ChaosProxy(fake.connection) as proxy:
        proxy.cut_after = 20_000  # bytes of each connection; the log has 170,000
        client = Client(proxy.connection, web.id, tail=None)
        await client.until_texts(texts)
        assert not client.gaps
        await client.close()
        await all_closed(fake)


async def test_an_engine_that_is_gone_is_stalled_and_its_lines_come_when_it_is_back(
    fake: FakeEngine, web: Container
) -> None:
    texts = write(fake, web, 1, 3)
    client = Client(fake.connection, web.id)
    await client.until_texts(texts)
    fake.stop()
    stalled = await client.until_told("stalled")
    assert stalled["n"] == 0
    assert stalled["since"].endswith("Z")
    texts += write(fake, web, 4, 6)
    fake.start()
    await client.until_told("resumed")
    await client.until_texts(texts)
    assert [each["t"] for each in client.told] == ["stalled", "resumed"]
    await client.close()


async def test_an_engine_that_only_accepts_is_found_out_by_pings(
    fake: FakeEngine, web: Container
) -> None:
    texts = write(fake, web, 1, 3)
    client = Client(fake.connection, web.id)
    await client.until_texts(texts)
    fake.silence()
    await client.until_told("stalled", within_s=5)
    fake.heal()
    texts += write(fake, web, 4, 6)
    await client.until_told("resumed")
    await client.until_texts(texts)
    await client.close()


async def test_a_stream_that_stops_without_an_end_is_opened_again(
    fake: FakeEngine, web: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.hub, "QUIET_S", 0.2)
    monkeypatch.setattr(containers_app.logs.hub, "IN_FLIGHT_S", 0.1)
    texts = write(fake, web, 1, 3)
    client = Client(fake.connection, web.id)
    await client.until_texts(texts)
    fake.daemon.log_listeners.clear()  # as at a rotation of which the engine misses the notice
    texts += write(fake, web, 4, 6)
    await client.until_texts(texts, within_s=5)
    assert not client.told
    await client.close()


async def test_an_end_is_told_with_its_code_and_a_start_goes_on(
    fake: FakeEngine, web: Container
) -> None:
    texts = write(fake, web, 1, 3)
    client = Client(fake.connection, web.id)
    await client.until_texts(texts)
    fake.daemon.die(web, exit_code=3)
    end = await client.until_told("exited")
    assert end.pop("at").endswith("Z")
    assert end == {"t": "end", "n": 0, "reason": "exited", "code": 3}
    fake.daemon.start(web)
    texts += write(fake, web, 4, 6)
    await client.until_texts(texts)
    assert [each["t"] for each in client.told] == ["end", "resumed"]
    await client.close()


async def test_a_restart_is_no_end(fake: FakeEngine, web: Container) -> None:
    texts = write(fake, web, 1, 3)
    client = Client(fake.connection, web.id)
    await client.until_texts(texts)
    fake.daemon.die(web, exit_code=0)
    fake.daemon.start(web)
    texts += write(fake, web, 4, 6)
    await client.until_texts(texts)
    assert not client.told
    await client.close()


async def test_the_log_of_a_stopped_container_with_a_last_line_that_has_no_end(
    fake: FakeEngine, web: Container
) -> None:
    texts = write(fake, web, 1, 3)
    fake.daemon.log(web, "no newline")
    web.log[-1].text = b"no newline"
    fake.daemon.die(web, exit_code=0)
    for tail in (2, None, 500):
        client = Client(fake.connection, web.id, tail=tail)
        await client.until_texts([*texts, "no newline"][-tail if tail else 0 :])
        assert (await client.until_told("exited"))["code"] == 0
        await client.close()


async def test_a_removed_container_and_one_that_takes_its_name(
    fake: FakeEngine, web: Container
) -> None:
    write(fake, web, 1, 3)
    client = Client(fake.connection, web.id)
    await client.until(lambda: len(client.rows) == 3)
    fake.daemon.remove(web, force=True)
    await client.until_told("removed")
    other = fake.add_container("web")
    assert (await client.until_told("replaced"))["id"] == other
    await client.close()


async def test_a_recreated_container_is_replaced_at_once(fake: FakeEngine, web: Container) -> None:
    write(fake, web, 1, 3)
    client = Client(fake.connection, web.id)
    await client.until(lambda: len(client.rows) == 3)
    fake.daemon.remove(web, force=True)
    other = fake.add_container("web")
    assert (await client.until_told("replaced"))["id"] == other
    assert "removed" not in {each.get("reason") for each in client.told}
    await client.close()


@pytest.mark.parametrize("tail", [500, None])
async def test_a_driver_that_keeps_nothing_is_unreadable(
    fake: FakeEngine, web: Container, tail: int | None
) -> None:
    fake.fail(LOGS, 501, "configured logging driver does not support reading")
    client = Client(fake.connection, web.id, tail=tail)
    end = await client.until_told("unreadable")
    assert end["detail"] == "configured logging driver does not support reading"
    await client.close()


async def test_a_cursor_whose_line_is_gone_makes_a_gap(fake: FakeEngine, web: Container) -> None:
    texts = write(fake, web, 1, 10)
    first = Client(fake.connection, web.id)
    await first.until_texts(texts)
    cursor = first.rows[4][4]
    await first.close()
    await all_closed(fake)
    del web.log[:7]  # rotated away
    client = Client(fake.connection, web.id, cursor=cursor)
    await client.until_texts(texts[7:])
    assert client.gaps == [-1]
    await client.close()


async def test_hostile_bytes_and_long_lines(fake: FakeEngine, web: Container) -> None:
    lines = [
        bytes(range(256)).replace(b"\n", b""),
        b"\x00" * 300_000,
        "行é\u202e✓".encode() * 30_000,
        b"",
        b'{"s":1,"l":[]}',
    ]
    for line in lines:
        fake.daemon.log(web, line)
    fake.daemon.log(web, "the end")
    client = Client(fake.connection, web.id)
    await client.until(lambda: bool(client.rows) and client.texts[-1] == "the end")
    joined, open_ = [], ""
    for row in client.rows:
        assert len(row[3].encode()) <= 3 * 64 * 1024
        open_ += row[3]
        if not row[4].endswith("+"):
            joined.append(open_)
            open_ = ""
    assert joined == [line.decode("utf-8", "replace") for line in lines] + ["the end"]
    await client.close()
