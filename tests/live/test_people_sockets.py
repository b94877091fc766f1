"""What takes somebody's rights ends their sockets at once (A9)."""

from collections.abc import Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async

from accounts_app.consumers import Socket
from accounts_app.models import ApiToken, Role, User
from accounts_app.services import change_own_password, end_own_other_sessions, revoke_token
from hosts_app import people
from hosts_app.people_tokens import create_token
from tests import make
from tests.live.communicator import HOST, SocketClient, opened

pytestmark = pytest.mark.django_db(transaction=True)
FRESH = "a fresh long password"


@pytest.fixture(autouse=True)
def _no_sockets_left() -> None:
    Socket.open_by_user.clear()


DEEDS: dict[str, Callable[[User, User], Any]] = {
    "another role": lambda admin, _user: people.set_roles(admin, "operator", {"lab": Role.VIEWER}),
    "no role": lambda admin, _user: people.set_roles(admin, "operator", {}),
    "disabled": lambda admin, _user: people.set_active(admin, "operator", active=False),
    "a set password": lambda admin, _user: people.set_password(admin, "operator", FRESH),
    "ended": lambda admin, _user: people.end_all_sessions(admin, "operator"),
    "deleted": lambda admin, _user: people.delete(admin, "operator"),
    "an own new password": lambda _admin, user: change_own_password(user, make.PASSWORD, FRESH),
    "ended elsewhere": lambda _admin, user: end_own_other_sessions(user),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_two_sockets_close_as_signed_out(admin: User, operator: User, deed: str) -> None:
    sockets = [await opened(operator, "/ws/live/") for _number in range(2)]
    await database_sync_to_async(DEEDS[deed])(admin, operator)
    assert [await socket.closed_with(timeout_s=2) for socket in sockets] == [4401, 4401]


async def test_the_sockets_of_others_stay(admin: User, operator: User, viewer: User) -> None:
    socket = await opened(viewer, "/ws/live/")
    await database_sync_to_async(people.delete)(admin, "operator")
    await socket.say({"t": "hello"})
    assert (await socket.hear())["t"] == "version"
    await socket.leave()


@pytest.mark.parametrize("deed", ["revoked", "disabled"])
async def test_a_socket_of_a_token_ends_with_it(admin: User, operator: User, deed: str) -> None:
    row, token = await database_sync_to_async(create_token)(operator, "script", "read")
    headers = [(b"host", HOST.encode()), (b"authorization", f"Bearer {token}".encode())]
    socket = SocketClient("/ws/live/", headers)
    assert await socket.connect()
    if deed == "revoked":
        await database_sync_to_async(revoke_token)(operator, row.pk)
        assert not await ApiToken.objects.aexists()
    else:
        await database_sync_to_async(people.set_active)(admin, "operator", active=False)
    assert await socket.closed_with(timeout_s=2) == 4401
