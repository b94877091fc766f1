"""The socket of log views with several containers, and with those that a selection finds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.db import database_sync_to_async

import containers_app.logs.clocks
import containers_app.logs.consumers
import containers_app.logs.hub_merge
import containers_app.logs.hubs
import containers_app.logs.sources
from accounts_app.consumers import Socket
from accounts_app.models import Role, User
from containers_app.logs.hubs import hubs
from containers_app.models import Container
from core.live import publish
from hosts_app.models import Grant, Host
from tests import make
from tests.fakes.engine import FakeEngine
from tests.live.communicator import SocketClient, opened

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def fakes(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[FakeEngine]]:
    """Two engines; the second one's clock is an hour ahead."""
    Socket.open_by_user.clear()
    monkeypatch.setattr(containers_app.logs.hubs, "LINGER_S", 0.1)
    monkeypatch.setattr(containers_app.logs.consumers, "SETTLE_S", 0.02)
    monkeypatch.setattr(containers_app.logs.clocks, "_measured", {})
    monkeypatch.setattr(
        containers_app.logs.clocks, "WAIT_S", 30
    )  # a busy machine changes no order
    monkeypatch.setattr(containers_app.logs.hub_merge, "PATIENCE_S", 30)
    with FakeEngine() as one, FakeEngine() as two:
        two.daemon.clock_offset_s = 3600.0
        yield [one, two]
        async with asyncio.timeout(5):
            while len(hubs()) or one.streams or two.streams:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.02)


@pytest.fixture
async def hosts(fakes: list[FakeEngine], host: Host, viewer: User) -> list[Host]:
    """Of these engines; the viewer sees both."""

    def made() -> list[Host]:
        other = make.host("far", url=fakes[1].url)
        Grant.objects.create(user=viewer, host=other, role=Role.VIEWER)
        host.url = fakes[0].url
        host.save()
        return [host, other]

    return await database_sync_to_async(made)()


async def container(host: Host, fake: FakeEngine, name: str, **fields: Any) -> Container:
    docker_id = fake.add_container(name)
    return await database_sync_to_async(make.container)(
        host, name, docker_id=docker_id, project="shop", **fields
    )


def write(fake: FakeEngine, row: Container, *texts: str) -> None:
    for text in texts:
        fake.daemon.log(fake.daemon.find(row.docker_id), text)


def write_in_turn(fakes: list[FakeEngine], rows: list[Container], *said: tuple[int, str]) -> None:
    """Each line a second after the one before, a minute ago: beyond what measuring may be off."""
    for second, (n, text) in enumerate(said):
        fakes[n].daemon.clock_offset_s += second - 60
        write(fakes[n], rows[n], text)
        fakes[n].daemon.clock_offset_s -= second - 60


class Heard:
    """What a socket said, by kind."""

    def __init__(self, socket: SocketClient) -> None:
        self.socket = socket
        self.sources: list[dict[str, Any]] = []
        self.rows: list[list[Any]] = []
        self.told: list[dict[str, Any]] = []

    @property
    def texts(self) -> list[str]:
        return [row[3] for row in self.rows]

    async def one(self) -> None:
        message = await self.socket.hear()
        assert message is not None, self.socket.close_code
        if "l" in message:
            self.rows += message["l"]
            await self.socket.say({"ack": message["s"]})
        elif message["t"] == "source":
            self.sources.append(message)
        else:
            self.told.append(message)

    async def until_texts(self, *texts: str) -> None:
        while len(self.rows) < len(texts):
            await self.one()
        assert self.texts == list(texts)

    async def until_told(self, **wanted: Any) -> dict[str, Any]:
        while True:
            for each in self.told:
                if wanted.items() <= each.items():
                    return each
            await self.one()


async def test_lines_of_several_hosts_come_in_the_order_of_their_corrected_times(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine]
) -> None:
    rows = [await container(hosts[n], fakes[n], "web") for n in (0, 1)]
    write_in_turn(fakes, rows, *((n, f"old of {n}") for n in (0, 1, 0, 1, 1, 0)))
    heard = Heard(await opened(viewer, "/ws/logs/?c=lab/web&c=far/web"))
    old = ["old of 0", "old of 1", "old of 0", "old of 1", "old of 1", "old of 0"]
    await heard.until_texts(*old)
    assert [(each["c"], each["host"], each["late"]) for each in heard.sources] == [
        (f"lab/{rows[0].docker_id}", "lab", False),
        (f"far/{rows[1].docker_id}", "far", False),
    ]
    assert abs(heard.sources[0]["skew_ms"]) < 100
    assert 3_599_000 < heard.sources[1]["skew_ms"] < 3_601_000
    write(fakes[1], rows[1], "live of 1")
    await heard.until_texts(*old, "live of 1")
    write(fakes[0], rows[0], "live of 0")
    await heard.until_texts(*old, "live of 1", "live of 0")
    await heard.socket.leave()


async def test_the_clock_of_an_engine_that_is_down_is_what_was_last_seen(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine]
) -> None:
    for n in (0, 1):
        await container(hosts[n], fakes[n], "web")
    fakes[1].stop()
    await Host.objects.filter(pk=hosts[1].pk).aupdate(skew_s=2.5)
    heard = Heard(await opened(viewer, "/ws/logs/?c=lab/web&c=far/web"))
    await heard.until_told(t="stalled", n=1)
    assert heard.sources[1]["skew_ms"] == 2500
    await heard.socket.leave()


async def test_going_on_after_each_one_s_cursor(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine]
) -> None:
    rows = [await container(hosts[n], fakes[n], "web") for n in (0, 1)]
    write_in_turn(fakes, rows, *((n, f"{number} of {n}") for number in range(4) for n in (0, 1)))
    address = "/ws/logs/?c=lab/web&c=far/web"
    heard = Heard(await opened(viewer, address))
    while len(heard.rows) < 8:
        await heard.one()
    cursors = [next(row[4] for row in heard.rows[2:] if row[1] == n) for n in (0, 1)]
    await heard.socket.leave()
    write(fakes[1], rows[1], "new")
    address = f"/ws/logs/?c=lab/web&cursor={cursors[0]}&c=far/web&cursor={cursors[1]}"
    again = Heard(await opened(viewer, address))
    await again.until_texts("2 of 0", "2 of 1", "3 of 0", "3 of 1", "new")
    await again.socket.leave()


async def test_a_selection_is_joined_by_what_matches_it_later_and_told_what_vanishes(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.hub, "RECREATE_S", 0.1)
    web = await container(hosts[0], fakes[0], "web")
    other = await container(hosts[0], fakes[0], "other")
    await Container.objects.filter(pk=other.pk).aupdate(project="blog")
    write(fakes[0], web, "of the web")
    write(fakes[0], other, "of no concern")
    heard = Heard(await opened(viewer, "/ws/logs/?select=project:shop+level:error"))
    await heard.until_texts("of the web")
    assert (await heard.until_told(t="selection"))["matching"] == 1
    late = await container(hosts[1], fakes[1], "late", started=None)
    write(fakes[1], late, "of the late one")
    await database_sync_to_async(publish)(hosts[1].pk, "container", [late.pk])
    await heard.until_texts("of the web", "of the late one")
    assert heard.sources[1]["late"]
    assert heard.sources[1]["c"] == f"far/{late.docker_id}"
    await heard.until_told(t="selection", matching=2)
    fakes[0].daemon.remove(fakes[0].daemon.find(web.docker_id), force=True)
    await database_sync_to_async(publish)(hosts[0].pk, "container", [web.pk])
    await heard.until_told(t="end", n=0, reason="removed")
    write(fakes[1], late, "and on")
    await heard.until_texts("of the web", "of the late one", "and on")
    await heard.socket.leave()


async def test_a_selection_that_finds_nothing_waits_for_something(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine]
) -> None:
    heard = Heard(await opened(viewer, "/ws/logs/?select=name:web"))
    await heard.until_told(t="selection", matching=0)
    web = await container(hosts[0], fakes[0], "web")
    write(fakes[0], web, "hello")
    await database_sync_to_async(publish)(hosts[0].pk, "container", [web.pk])
    await heard.until_texts("hello")
    await heard.socket.leave()


async def test_a_selection_finds_nothing_on_hosts_that_the_user_does_not_see(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine]
) -> None:
    await container(hosts[1], fakes[1], "web")
    await Grant.objects.filter(user=viewer, host=hosts[1]).adelete()
    heard = Heard(await opened(viewer, "/ws/logs/?select=name:web"))
    await heard.until_told(t="selection", matching=0)
    assert not heard.sources
    await heard.socket.leave()


async def test_too_many_are_refused_and_later_ones_do_not_join(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (containers_app.logs.consumers, containers_app.logs.sources):
        monkeypatch.setattr(module, "MOST_SOURCES", 1)
    await container(hosts[0], fakes[0], "one")
    heard = Heard(await opened(viewer, "/ws/logs/?select=project:shop"))
    await heard.until_told(t="selection", matching=1)
    two = await container(hosts[0], fakes[0], "two")
    await database_sync_to_async(publish)(hosts[0].pk, "container", [two.pk])
    await heard.until_told(t="selection", matching=2, most=1)
    assert len(heard.sources) == 1
    await heard.socket.leave()
    refused = await opened(viewer, "/ws/logs/?select=project:shop")
    assert "1" in (await refused.hear())["detail"]
    assert await refused.closed_with() == 1008
    await refused.leave()


async def test_a_client_can_say_where_to_go_on_before_it_starts(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine]
) -> None:
    rows = [await container(hosts[n], fakes[n], "web") for n in (0, 1)]
    said = [(n, f"{what} of {n}") for what in ("seen", "new") for n in (0, 1)]
    write_in_turn(fakes, rows, *said)
    first = Heard(await opened(viewer, "/ws/logs/?select=name:web"))
    while len(first.rows) < 4:
        await first.one()
    assert [each["c"][:3] for each in first.sources] == ["far", "lab"]
    cursors = {each["c"]: _cursor(first, each["n"]) for each in first.sources}
    await first.socket.leave()
    socket = await opened(viewer, "/ws/logs/?resume=1&select=name:web")
    for name, cursor in cursors.items():
        await socket.say({"resume": {name: cursor}})
    await socket.say({"resume": {f"lab/{'f' * 64}": ""}})
    await socket.say({"start": True})
    again = Heard(socket)
    await again.until_texts("new of 0", "new of 1")
    assert again.told[0] == {"t": "missing", "c": f"lab/{'f' * 64}"}
    await socket.leave()


def _cursor(heard: Heard, n: int) -> str:
    return next(str(row[4]) for row in heard.rows if row[1] == n and "seen" in row[3])


@pytest.mark.parametrize(
    "said", [{"resume": ["lab/web"]}, {"resume": {"web": ""}}, {"resume": {"lab/web": "x"}}, {}]
)
async def test_going_on_from_what_makes_no_sense(
    viewer: User, hosts: list[Host], said: dict[str, Any]
) -> None:
    socket = await opened(viewer, "/ws/logs/?resume=1")
    for _ in range(3):
        await socket.say(said)
    assert await socket.closed_with() == 1008
    await socket.leave()


async def test_who_never_starts_is_closed(
    viewer: User, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.consumers, "START_S", 0.05)
    socket = await opened(viewer, "/ws/logs/?resume=1")
    assert await socket.closed_with() == 1008
    await socket.leave()


async def test_a_lost_host_ends_a_selection(
    viewer: User, hosts: list[Host], fakes: list[FakeEngine]
) -> None:
    await container(hosts[1], fakes[1], "web")
    heard = Heard(await opened(viewer, "/ws/logs/?select=name:web"))
    await heard.until_told(t="selection", matching=1)
    await Grant.objects.filter(user=viewer, host=hosts[1]).adelete()
    assert await heard.socket.closed_with(timeout_s=6) == 4403
    await heard.socket.leave()
