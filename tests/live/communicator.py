"""A WebSocket client for tests that speaks ASGI to the application, without a server.

Channels has one, but importing it imports daphne, which we do not use.
"""

import json
from typing import Any
from urllib.parse import unquote

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.conf import settings
from django.test import Client

from accounts_app.models import User
from dashboard.asgi import application
from tests import make

ORIGIN = settings.ALLOWED_ORIGINS[0]
HOST = "127.0.0.1:8000"


class SocketClient(ApplicationCommunicator):
    """One connection; `close_code` is set once the server has closed it."""

    close_code: int | None = None

    def __init__(self, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        route, _, query = path.partition("?")
        scope = {
            "type": "websocket",
            "path": unquote(route),
            "query_string": query.encode(),
            "headers": headers,
            "subprotocols": [],
            "client": ("127.0.0.1", 50000),
        }
        super().__init__(application, scope)

    async def connect(self, *, timeout_s: float = 5) -> bool:
        """Whether the server upgraded the connection."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout_s)
        return bool(answer["type"] == "websocket.accept")

    async def say(self, message: Any) -> None:
        await self.say_text(json.dumps(message))

    async def say_text(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self, *, timeout_s: float = 5) -> Any:
        """The next message, parsed; None when the server closes instead."""
        output = await self.receive_output(timeout_s)
        if output["type"] == "websocket.close":
            self.close_code = output.get("code")
            return None
        return json.loads(output["text"])

    async def closed_with(self, *, timeout_s: float = 7) -> int | None:
        """Skip what is still said, and return the close code."""
        while await self.hear(timeout_s=timeout_s) is not None:
            pass
        return self.close_code

    async def silent(self, seconds: float = 0.3) -> bool:
        return bool(await self.receive_nothing(seconds, 0.02))

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait()


def client_of(
    user: User | None, path: str, *, origin: str | None = ORIGIN, host: str = HOST
) -> SocketClient:
    """A client with this user's session (none: anonymous) and these headers."""
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if user:
        session = make.session(Client(), user).session.session_key
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={session}".encode()))
    return SocketClient(path, headers)


async def opened(user: User, path: str) -> SocketClient:
    client = await database_sync_to_async(client_of)(user, path)
    assert await client.connect()
    return client
