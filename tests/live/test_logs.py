"""The socket of log views: who may open it, what it sends, and how it treats slow clients."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from channels.db import database_sync_to_async

import accounts_app.consumers
import containers_app.logs.consumers
import containers_app.logs.hubs
from accounts_app.consumers import Socket
from accounts_app.models import Role, User
from accounts_app.signin import end_sessions
from containers_app.logs.hubs import hubs
from containers_app.logs.query import moment_ns, read_query
from containers_app.models import Container
from core.live import end_sockets_on_commit
from hosts_app.models import Grant
from tests import make
from tests.fakes.engine import FakeEngine
from tests.live.communicator import SocketClient, client_of, opened

pytestmark = pytest.mark.django_db(transaction=True)

FOREIGN = "http://127.0.0.1:9"


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeEngine]:
    Socket.open_by_user.clear()
    monkeypatch.setattr(containers_app.logs.hubs, "LINGER_S", 0.1)
    with FakeEngine() as engine:
        yield engine
        async with asyncio.timeout(5):
            while len(hubs()) or engine.streams:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.02)


@pytest.fixture
async def web(fake: FakeEngine, container: Container) -> Container:
    """A row whose container the fake engine has, with three lines."""
    container.docker_id = fake.add_container("web")
    container.host.url = fake.url
    await container.host.asave()
    await container.asave()
    write(fake, container, "one", "two", "three")
    return container


def write(fake: FakeEngine, container: Container, *texts: str) -> None:
    for text in texts:
        fake.daemon.log(fake.daemon.find(container.docker_id), text)


async def rows(socket: SocketClient, count: int) -> list[list[Any]]:
    """So many lines, each batch acknowledged."""
    found: list[list[Any]] = []
    while len(found) < count:
        message = await socket.hear()
        assert "l" in message, message
        found += message["l"]
        await socket.say({"ack": message["s"]})
    return found


async def test_the_lines_of_a_container(viewer: User, web: Container, fake: FakeEngine) -> None:
    socket = await opened(viewer, "/ws/logs/?c=lab/web&tail=2")
    source = {"t": "source", "n": 0, "c": f"lab/{web.docker_id}", "name": "web"}
    assert await socket.hear() == source | {"host": "lab", "skew_ms": 0, "late": False}
    found = await rows(socket, 2)
    assert [line[1:4] for line in found] == [[0, "out", "two"], [0, "out", "three"]]
    write(fake, web, "four")
    message = await socket.hear()
    assert "gap" not in message
    assert message["s"] in {2, 3}
    assert message["l"][0][3] == "four"
    await socket.leave()


async def test_going_on_after_a_cursor(viewer: User, web: Container) -> None:
    socket = await opened(viewer, f"/ws/logs/?c=lab/{web.docker_id[:12]}&tail=all")
    await socket.hear()
    cursors = [row[4] for row in await rows(socket, 3)]
    await socket.leave()
    again = await opened(viewer, f"/ws/logs/?c=lab/{web.docker_id}&cursor={cursors[0]}&tail=1")
    await again.hear()
    assert [row[3] for row in await rows(again, 2)] == ["two", "three"]
    await again.leave()


async def test_several_containers_in_one_socket(
    viewer: User, web: Container, fake: FakeEngine
) -> None:
    other = await database_sync_to_async(make.container)(
        web.host, "db", docker_id=fake.add_container("db")
    )
    write(fake, other, "of the database")
    socket = await opened(viewer, "/ws/logs/?c=lab/web&c=lab/db&tail=1")
    told = [await socket.hear() for _ in range(2)]
    assert [each["name"] for each in told] == ["web", "db"]
    lines = {(line[1], line[3]) for line in await rows(socket, 2)}
    assert lines == {(0, "three"), (1, "of the database")}
    await socket.leave()


async def test_the_end_of_a_container(viewer: User, web: Container, fake: FakeEngine) -> None:
    socket = await opened(viewer, "/ws/logs/?c=lab/web")
    await socket.hear()
    await rows(socket, 3)
    fake.daemon.die(fake.daemon.find(web.docker_id), exit_code=137)
    end = await socket.hear()
    assert end == {"t": "end", "n": 0, "reason": "exited", "code": 137, "at": end["at"]}
    await socket.leave()


async def test_a_removed_container_is_told_as_removed(
    viewer: User, web: Container, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.hub, "RECREATE_S", 0.2)
    fake.daemon.remove(fake.daemon.find(web.docker_id), force=True)
    web.gone = web.confirmed
    await web.asave()
    socket = await opened(viewer, f"/ws/logs/?c=lab/{web.docker_id}")
    assert (await socket.hear())["name"] == "web"
    assert await socket.hear() == {"t": "end", "n": 0, "reason": "removed"}
    await socket.leave()


async def test_a_client_that_never_acknowledges_harms_nobody(
    viewer: User, web: Container, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.consumers, "WINDOW_BATCHES", 3)
    monkeypatch.setattr(containers_app.logs.hub, "RING_SIZE", 20_000)
    monkeypatch.setattr(containers_app.logs.hubs, "RING_SIZE", 20_000)
    slow = await opened(viewer, "/ws/logs/?c=lab/web")
    quick = await opened(viewer, "/ws/logs/?c=lab/web")
    await quick.hear()
    await rows(quick, 3)
    for number in range(40):
        write(fake, web, f"{number} {'x' * 1000}")
        assert (await rows(quick, 1))[0][3].startswith(f"{number} ")
    await slow.hear()
    got = [await slow.hear() for _ in range(3)]
    assert await slow.silent()
    await slow.say({"ack": 3})
    message = await slow.hear()
    seen = sum(len(each["l"]) for each in got)
    number = int(message["l"][0][3].split()[0])
    assert message["s"] == 4
    assert message["gap"] == 3 + number - seen > 0
    await slow.leave()
    await quick.leave()


async def test_a_client_that_takes_nothing_is_closed_and_forgotten(
    viewer: User, web: Container, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers_app.logs.consumers, "SEND_S", 0.2)
    taken, reads = asyncio.Event(), asyncio.Event()
    send = containers_app.logs.consumers.LogSocket.send

    async def stuck(self: Any, text_data: Any = None, **more: Any) -> None:
        if '"l":' in text_data:
            taken.set()
            await reads.wait()
        await send(self, text_data=text_data, **more)

    monkeypatch.setattr(containers_app.logs.consumers.LogSocket, "send", stuck)
    socket = await opened(viewer, "/ws/logs/?c=lab/web")
    await asyncio.wait_for(taken.wait(), 5)
    assert await socket.closed_with() == 4408
    async with asyncio.timeout(5):
        while len(hubs()):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)
    await socket.leave()


async def test_who_is_not_signed_in_gets_no_upgrade(web: Container) -> None:
    socket = client_of(None, "/ws/logs/?c=lab/web")
    assert not await socket.connect()


async def test_a_foreign_page_gets_no_upgrade(viewer: User, web: Container) -> None:
    socket = await database_sync_to_async(client_of)(viewer, "/ws/logs/?c=lab/web", origin=FOREIGN)
    assert not await socket.connect()


@pytest.mark.parametrize("reference", ["lab/nobody", "nowhere/web", f"lab/{'0' * 64}"])
async def test_what_does_not_exist(viewer: User, web: Container, reference: str) -> None:
    socket = await opened(viewer, f"/ws/logs/?c={reference}")
    assert await socket.closed_with() == 4404
    await socket.leave()


async def test_what_is_not_seen_does_not_exist(stranger: User, web: Container) -> None:
    socket = await opened(stranger, "/ws/logs/?c=lab/web")
    assert await socket.closed_with() == 4404
    await socket.leave()


async def test_a_lost_right_ends_the_stream(viewer: User, web: Container) -> None:
    socket = await opened(viewer, "/ws/logs/?c=lab/web")
    await socket.hear()
    await rows(socket, 3)
    await Grant.objects.filter(user=viewer).adelete()
    assert await socket.closed_with(timeout_s=6) == 4403
    await socket.leave()


async def test_signing_out_ends_the_stream(viewer: User, web: Container) -> None:
    socket = await opened(viewer, "/ws/logs/?c=lab/web")
    await socket.hear()
    await rows(socket, 3)
    await database_sync_to_async(end_sessions)(viewer)
    await database_sync_to_async(end_sockets_on_commit)(viewer.pk)
    assert await socket.closed_with() == 4401
    await socket.leave()


async def test_too_many_sockets_of_one_user(viewer: User, web: Container, settings: Any) -> None:
    settings.SOCKETS_PER_USER = 1
    first = await opened(viewer, "/ws/logs/?c=lab/web")
    second = await opened(viewer, "/ws/logs/?c=lab/web")
    assert await second.closed_with() == 4429
    await first.leave()
    await second.leave()


@pytest.mark.parametrize(
    "query",
    ["", "c=lab", "c=lab/", "cursor=x&c=lab/web", "c=lab/web&cursor=yesterday", "select=a:b",
     "resume=2",
     "c=lab/web&tail=-1", "c=lab/web&tail=many", "c=lab/web&since=soon",
     "c=lab/web&since=99999999999d", "&".join(["c=lab/web"] * 257)],
)  # fmt: skip
async def test_a_question_that_makes_no_sense(viewer: User, web: Container, query: str) -> None:
    socket = await opened(viewer, f"/ws/logs/?{query}")
    assert (await socket.hear())["t"] == "error"
    assert await socket.closed_with() == 1008
    await socket.leave()


@pytest.mark.parametrize("said", ['{"ack":9}', '{"ack":-1}', '{"ack":"1"}', '{"ack":1.5}', "x"])
async def test_acknowledging_what_was_never_sent(viewer: User, web: Container, said: str) -> None:
    socket = await opened(viewer, "/ws/logs/?c=lab/web")
    for _ in range(3):
        await socket.say_text(said)
    assert await socket.closed_with() == 1008
    await socket.leave()


async def test_acknowledgements_are_not_counted_as_messages(
    viewer: User, web: Container, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_app.consumers, "MESSAGES_PER_S", 2)
    socket = await opened(viewer, "/ws/logs/?c=lab/web")
    await socket.hear()
    await rows(socket, 3)
    for number in range(10):
        write(fake, web, str(number))
        await rows(socket, 1)
    await socket.leave()


async def test_a_role_on_another_host_opens_nothing(web: Container) -> None:
    def somebody() -> User:
        return make.user("eve", on=make.host("other"), role=Role.ADMINISTRATOR)

    eve = await database_sync_to_async(somebody)()
    socket = await opened(eve, "/ws/logs/?c=lab/web")
    assert await socket.closed_with() == 4404
    await socket.leave()


def test_lines_to_begin_with() -> None:
    assert read_query("c=a/b").tail == 500
    assert read_query("c=a/b&tail=all").tail is None
    assert read_query("c=a/b&tail=7&since=1h").tail == 7
    assert read_query("c=a/b&since=1h").tail is None


def test_moments() -> None:
    now = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    at = int(now.timestamp()) * 10**9
    assert moment_ns("90m", now) == at - 5400 * 10**9
    assert moment_ns("2026-11-24T06:00:00Z", now) == at
    assert moment_ns("2026-11-24T07:00:00+01:00", now) == at
    assert moment_ns(str(at // 10**9), now) == at
