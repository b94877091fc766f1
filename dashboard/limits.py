"""How much a request may bring, counted before Django keeps any of it (H4)."""

import json
import re
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils.translation import gettext as _

from accounts_app.selectors import active_user
from accounts_app.signin import live_session
from accounts_app.tokens import user_of
from core.errors import DashboardError, SignedOut, TooLarge

MOST_HEADERS = 100
LARGEST_HEADERS = 32 * 1024  # bytes, names and values together
AROUND = 64 * 1024 * 1024  # bytes that a multipart form and the headers of a tar may add
ROOMY = {  # addresses that take files: POST only, and only from people whom we know
    re.compile(r"/api/v1/hosts/[^/]+/images/build|/builds/new/"): 2 * 1024**3 + AROUND,  # G4
}
UPLOAD = re.compile(r"/api/v1/hosts/[^/]+/images/(?:load|import)")  # these go past Django
TAR = b"application/x-tar"

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
        largest = _largest(scope)
        error = _refused(scope["headers"], largest)
        if not error and largest > _ordinary() and not await _is_known(scope["headers"]):
            error = SignedOut(_("You are signed out."), hint=_("Sign in and try again."))
        if error:
            await answer(send, error)
            return
        await _Counted(receive, send, largest).run(self.app, scope)


class _Counted:
    """One request whose body is cut off where it becomes too large."""

    def __init__(self, receive: Receive, send: Send, largest: int) -> None:
        self._receive, self._send, self._largest = receive, send, largest
        self._size = 0
        self._over = self._answered = False

    async def run(self, app: App, scope: Any) -> None:
        await app(scope, self.receive, self.send)
        if self._over and not self._answered:
            await answer(self._send, _too_large())

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size <= self._largest:
            return message
        self._over = True
        return {"type": "http.disconnect"}  # for Django the client is gone

    async def send(self, message: Message) -> None:
        self._answered = True
        await self._send(message)


def _refused(headers: list[tuple[bytes, bytes]], largest: int) -> DashboardError | None:
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MOST_HEADERS or size > LARGEST_HEADERS:
        return TooManyHeaders(
            _("Too many headers."), hint=_("Send fewer; delete cookies of other programs.")
        )
    said = next((value for name, value in headers if name == b"content-length"), b"0")
    if said.isdigit() and int(said) > largest:
        return _too_large()
    return None


def _too_large() -> TooLarge:
    return TooLarge(_("The body is too large."), hint=_("Send less at once."))


def is_upload(scope: Any) -> bool:
    """Whether this request brings an archive of images."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    found = UPLOAD.fullmatch(scope["path"])
    return scope["method"] == "POST" and kinds == [TAR] and found is not None


def _largest(scope: Any) -> int:
    """Bytes that the body of this request may have."""
    if scope["method"] == "POST":
        if is_upload(scope):
            return int(settings.IMAGE_UPLOAD_LIMIT)
        for address, size in ROOMY.items():
            if address.fullmatch(scope["path"]):
                return size
    return _ordinary()


def _ordinary() -> int:
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


@sync_to_async
def _is_known(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a person with a session or a token asks. Who may do what is decided later."""
    said = {name: value.decode("latin1") for name, value in headers}
    if token := said.get(b"authorization"):
        return user_of(token.partition(" ")[2].strip()) is not None
    try:
        cookies = SimpleCookie(said.get(b"cookie", ""))
    except CookieError:
        return False
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    if morsel is None:
        return False
    person = SessionStore(morsel.value).get(SESSION_KEY)
    user = active_user(int(person)) if person and str(person).isdigit() else None
    return user is not None and live_session(morsel.value, user) is not None


async def answer(send: Send, error: DashboardError) -> None:
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
