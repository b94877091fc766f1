"""The socket behind every page: who may open it, and what it tells whom."""

from typing import Any

import pytest
from channels.db import database_sync_to_async

from accounts_app import consumers
from accounts_app.consumers import Socket
from accounts_app.models import Role, User
from accounts_app.signin import end_sessions
from containers_app.models import Container
from core.live import end_sockets_on_commit, publish
from hosts_app.models import Host
from hosts_app.selectors import live_version
from tests import make
from tests.live.communicator import SocketClient, client_of, opened

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_sockets_left() -> None:
    Socket.open_by_user.clear()


async def page(user: User) -> SocketClient:
    """A page that has said hello, and so is known to be listening."""
    socket = await opened(user, "/ws/live/")
    await socket.say({"t": "hello"})
    assert await socket.hear() == {"t": "version", "v": await version_of(user)}
    assert await socket.hear() == {"t": "hint", "k": ["job"]}
    return socket


async def version_of(user: User) -> int:
    return await database_sync_to_async(live_version)(user)


async def test_a_change_is_told_as_a_patch_of_the_row(viewer: User, container: Container) -> None:
    socket = await page(viewer)
    await database_sync_to_async(publish)(container.host_id, "container", [container.pk])
    message = await socket.hear()
    assert message["t"] == "state"
    assert message["d"][0][:4] == [container.pk, "running", "running", "Up 3h"]
    assert await socket.hear() == {"t": "hint", "k": ["container"]}
    await socket.leave()


async def test_what_is_gone_is_told_so(viewer: User, container: Container) -> None:
    socket = await page(viewer)
    await container.adelete()
    await database_sync_to_async(publish)(container.host_id, "container", [container.pk or 1])
    assert (await socket.hear())["t"] == "gone"
    await socket.leave()


async def test_hosts_of_others_are_not_even_hinted_at(viewer: User, container: Container) -> None:
    hidden = await database_sync_to_async(make.host)("hidden")
    secret = await database_sync_to_async(make.container)(hidden, "secret")
    socket = await page(viewer)
    await database_sync_to_async(publish)(hidden.pk, "container", [secret.pk])
    assert await socket.silent()
    await socket.leave()


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:9999",
        "https://127.0.0.1:8000",
        "http://127.0.0.1:8000.evil.example",
        "http://x@127.0.0.1:8000",
    ],
)
async def test_only_our_exact_origin_gets_in(viewer: User, origin: str | None) -> None:
    socket = await database_sync_to_async(client_of)(viewer, "/ws/live/", origin=origin)
    assert not await socket.connect()


async def test_nobody_gets_in_without_signing_in() -> None:
    assert not await client_of(None, "/ws/live/").connect()


async def test_a_foreign_host_header_is_refused(viewer: User) -> None:
    socket = await database_sync_to_async(client_of)(viewer, "/ws/live/", host="rebind.example")
    assert not await socket.connect()


async def test_ending_the_session_ends_the_socket(viewer: User) -> None:
    socket = await page(viewer)
    await database_sync_to_async(end_sessions)(viewer)
    assert await socket.closed_with() == 4401


async def test_a_page_drawn_before_a_change_is_told_to_start_over(
    viewer: User, host: Host
) -> None:
    await Host.objects.filter(pk=host.pk).aupdate(version=7)
    socket = await page(viewer)
    await socket.say({"t": "hello", "v": 3})
    told = [(await socket.hear())["t"] for _ in range(3)]
    assert told == ["version", "reset", "hint"]
    await socket.leave()


async def test_three_senseless_messages_end_it(viewer: User) -> None:
    socket = await page(viewer)
    for _ in range(3):
        await socket.say_text("nonsense")
        assert (await socket.hear())["t"] == "error"
    assert await socket.closed_with() == 1008


async def test_a_message_too_long_ends_it(viewer: User) -> None:
    socket = await page(viewer)
    await socket.say_text("x" * 5000)
    assert await socket.closed_with() == 1009


async def test_one_socket_more_than_allowed_is_refused(viewer: User, settings: Any) -> None:
    settings.SOCKETS_PER_USER = 1
    first = await page(viewer)
    second = await opened(viewer, "/ws/live/")
    assert await second.closed_with() == 4429
    await first.leave()


async def test_one_socket_more_than_the_process_takes_is_refused(
    viewer: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MOST_IN_ALL", 1)
    first = await page(viewer)
    second = await opened(admin, "/ws/live/")
    assert await second.closed_with() == 4429
    await first.leave()


async def test_more_messages_in_a_second_than_a_page_sends_end_it(
    viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MESSAGES_PER_S", 2)
    socket = await page(viewer)
    for _ in range(5):  # of which three come within the same second, whenever it begins
        await socket.say({"t": "hello"})
    assert await socket.closed_with() == 1008


async def test_a_new_grant_is_heard_without_reconnecting(viewer: User) -> None:
    other = await database_sync_to_async(make.host)("other")
    new = await database_sync_to_async(make.container)(other, "new")
    socket = await page(viewer)
    await viewer.grants.acreate(host=other, role=Role.VIEWER)
    await database_sync_to_async(end_sockets_on_commit)(viewer.pk)
    assert await socket.silent()
    await database_sync_to_async(publish)(other.pk, "container", [new.pk])
    assert (await socket.hear())["d"][0][0] == new.pk
    await socket.leave()
