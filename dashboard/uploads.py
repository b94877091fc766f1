"""Archives on their way to our disk, past Django, which would keep all of a body before it looks.

The view is asked first, with an empty body: who may not, or asks for what is wrong, is told so
before a byte is taken. Then the body goes to the spool as it comes, and the view is asked again.
"""

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils.translation import gettext as _

from core import spool
from core.errors import DashboardError, TooLarge
from core.limits import AtOnce
from core.spool import READY, Upload, Writer
from dashboard.limits import App, Message, Receive, Send, answer, is_upload

ASKS = b"x-upload-size"  # sends nothing, but asks whether so many bytes may be sent
PLACES = AtOnce(each=2, in_all=8)  # uploads that arrive at this moment
ABOUT_BODY = {b"content-length", b"transfer-encoding", b"expect"}
LATE_S, LATE_BYTES = 5.0, 16 * 1024 * 1024  # read of a body that was refused, so that it hears


class Uploads:
    """ASGI: what brings an archive reaches the app as an empty body and a file of the spool."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_upload(scope):
            await self.app(scope, receive, send)
            return
        upload = Upload()
        refusal = await self._asked(scope, upload)
        if refusal is not None:
            for message in refusal:
                await send(message)
            await _read_on(receive)
            return
        try:
            if (size := _said(scope, ASKS)) is not None:
                _require_fits(size)
                await send({"type": "http.response.start", "status": READY, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
            with PLACES.place(upload.person):
                await self._spooled(scope, receive, send, upload)
        except DashboardError as error:
            await answer(send, error)
            await _read_on(receive)

    async def _asked(self, scope: Any, upload: Upload) -> list[Message] | None:
        """What the view answers before anything has arrived; None if it is ready for it."""
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self.app(_without_body(scope, upload), _nothing(), keep)
        return None if said and said[0]["status"] == READY else said

    async def _spooled(self, scope: Any, receive: Receive, send: Send, upload: Upload) -> None:
        spool.require_room(_said(scope, b"content-length") or 0)
        writer = await sync_to_async(Writer)()
        try:
            if not await _write_all(receive, writer):
                return  # the sender is gone, or sent too much
            upload.name, upload.size_bytes = writer.name, writer.size_bytes
            await self.app(_without_body(scope, upload), _nothing(), send)
        finally:
            if not upload.taken:
                writer.drop()
            writer.close()


def _said(scope: Any, header: bytes) -> int | None:
    """The bytes that a header names."""
    said = next((value for name, value in scope["headers"] if name == header), b"")
    return int(said[:18]) if said.isdigit() else None


def _require_fits(size_bytes: int) -> None:
    """Raises TooLarge and Unavailable."""
    if size_bytes > settings.IMAGE_UPLOAD_LIMIT:
        raise TooLarge(_("The archive is too large."), hint=_("docker load takes any size."))
    spool.require_room(size_bytes)


async def _write_all(receive: Receive, writer: Writer) -> bool:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return False
        await writer.write(message.get("body", b""))
        if not message.get("more_body"):
            await writer.flush()
            return True


async def _read_on(receive: Receive) -> None:
    """Some more of a body that nobody wants: a browser that still sends reads no answer."""
    size = 0
    try:
        async with asyncio.timeout(LATE_S):
            while size < LATE_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return


def _without_body(scope: Any, upload: Upload) -> Any:
    headers = [each for each in scope["headers"] if each[0] not in ABOUT_BODY]
    return {**scope, "headers": [*headers, (b"content-length", b"0")], "upload": upload}


def _nothing() -> Receive:
    """An empty body, whose sender stays and waits."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            await asyncio.Event().wait()
        told = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive
