"""How much a request may bring, counted before Django keeps any of it (H4)."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import DashboardError, TooLarge

MOST_HEADERS = 100
LARGEST_HEADERS = 32 * 1024  # bytes, names and values together

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]


class TooManyHeaders(TooLarge):
    status = 431


class Limits:
    """ASGI: 431 for too many headers, 413 for too large a body, whatever its length says.

    Django itself would write all of a body to disk before it looks at its size.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if error := _refused(scope["headers"]):
            await _answer(send, error)
            return
        await _Counted(receive, send).run(self.app, scope)


class _Counted:
    """One request whose body is cut off where it becomes too large."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._size = 0
        self._over = self._answered = False

    async def run(self, app: App, scope: Any) -> None:
        await app(scope, self.receive, self.send)
        if self._over and not self._answered:
            await _answer(self._send, _too_large())

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size <= _largest():
            return message
        self._over = True
        return {"type": "http.disconnect"}  # for Django the client is gone

    async def send(self, message: Message) -> None:
        self._answered = True
        await self._send(message)


def _refused(headers: list[tuple[bytes, bytes]]) -> DashboardError | None:
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MOST_HEADERS or size > LARGEST_HEADERS:
        return TooManyHeaders(
            _("Too many headers."), hint=_("Send fewer; delete cookies of other programs.")
        )
    said = next((value for name, value in headers if name == b"content-length"), b"0")
    if said.isdigit() and int(said) > _largest():
        return _too_large()
    return None


def _too_large() -> TooLarge:
    return TooLarge(_("The body is too large."), hint=_("Send less at once."))


def _largest() -> int:
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


async def _answer(send: Send, error: DashboardError) -> None:
    body = json.dumps(error.problem()).encode()
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Connection": "close",  # what is left of the body is not read
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
