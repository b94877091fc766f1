"""What every socket has in common: exact origin, a person, limits, and rights that are re-read."""

import asyncio
import json
import time
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation

from accounts_app import audit
from accounts_app.models import User
from accounts_app.selectors import active_user
from accounts_app.signin import live_session, session_hash
from accounts_app.tokens import user_of
from core.live import EVERYBODY, TICK_S, group_for_user

SIGNED_OUT, NOT_ALLOWED, NO_SUCH_OBJECT, TOO_SLOW, TOO_MANY = 4401, 4403, 4404, 4408, 4429
BAD_MESSAGE, TOO_BIG = 1008, 1009
LONGEST_MESSAGE = 4096  # characters from a client (C4)
MESSAGES_PER_S = 100
MOST_IN_ALL = 2000  # sockets of this process (C5)
RECHECK_S = 5.0  # how long a lost right can outlive its loss (B9)
BAD_MESSAGES = 3  # then the socket is closed (C11)
SILENT_S = 2.5 * TICK_S  # whoever has heard nothing for so long may have lost its groups
REJOIN_S = 30.0  # groups end by themselves after a day
AGAIN_S = 1.0  # one loss may be told more than once
SEND_S = 10.0  # a client that takes nothing for so long is gone (C9)


class Socket(AsyncWebsocketConsumer):
    """Sets `self.user`; subclasses implement `opened`, `said` and, if they like, `closed`."""

    open_by_user: ClassVar[Counter[int]] = Counter()
    user: User

    async def connect(self) -> None:
        self.counted = False
        self.background: set[asyncio.Task[None]] = set()
        self.joined: set[str] = set()
        self.heard = self.rejoined = time.monotonic()
        self.bad, self.second, self.in_second = 0, 0, 0
        user = await self._person() if self._origin_is_ours() else None
        if user is None:
            await self.close()  # before accept: HTTP 403, no upgrade (C3)
            return
        self.user = user
        await self.accept()
        if self._too_many():
            await self.close(code=TOO_MANY)
            return
        self.open_by_user[user.pk] += 1
        self.counted = True
        await self.join(EVERYBODY)
        await self.join(group_for_user(user.pk))
        self.spawn(self._recheck_for_ever())
        await self.opened()

    async def disconnect(self, code: int) -> None:
        for task in self.background:
            task.cancel()
        if self.counted:
            self.open_by_user[self.user.pk] -= 1
            await self.closed()
            for group in list(self.joined):
                await self.leave(group)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if len(text_data or bytes_data or "") > LONGEST_MESSAGE:
            await self.close(code=TOO_BIG)
            return
        if self._too_often():
            await self.close(code=BAD_MESSAGE)
            return
        try:
            message = json.loads(text_data or "")
        except ValueError:
            message = None
        if not isinstance(message, dict) or not await self.said(message):
            self.bad += 1
            await self.tell({"t": "error", "detail": "no such message"})
            if self.bad >= BAD_MESSAGES:
                await self.close(code=BAD_MESSAGE)

    async def opened(self) -> None:
        """The socket is open and `self.user` may use it."""

    async def closed(self) -> None:
        """The socket is gone."""

    async def said(self, message: dict[str, Any]) -> bool:
        """Act on a client's message; False if it makes no sense."""
        return False

    async def allowed(self) -> bool:
        """Whether the user may go on seeing what this socket shows; asked every few seconds."""
        return True

    async def missed(self) -> None:
        """Hints may have been lost: whatever follows from them is to be read anew."""

    async def join(self, group: str) -> None:
        self.joined.add(group)
        await self.channel_layer.group_add(group, self.channel_name)

    async def leave(self, group: str) -> None:
        self.joined.discard(group)
        await self.channel_layer.group_discard(group, self.channel_name)

    async def tell(self, message: dict[str, Any]) -> None:
        """Send JSON; a client that takes nothing is closed."""
        await self.tell_text(json.dumps(message, ensure_ascii=False))

    async def tell_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self.send(text_data=text)
        except TimeoutError:
            await self.close(code=TOO_SLOW)

    def spawn(self, work: Any) -> asyncio.Task[None]:
        """Run `work` beside the socket, until it closes."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)
        return task

    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.scope["query_string"].decode(), keep_blank_values=True)

    async def rights_changed(self, _message: dict[str, Any]) -> None:
        """Channel layer: something about this user is different now."""
        await self._recheck()

    async def tick(self, _message: dict[str, Any]) -> None:
        """Channel layer: whoever hears this is still in its groups."""
        self.heard = time.monotonic()

    async def groups_lost(self, _message: dict[str, Any]) -> None:
        """Channel layer: Redis was away, and is back without groups."""
        if time.monotonic() - self.rejoined > AGAIN_S:
            await self._join_again()
            await self.missed()

    # -- Who is this ------------------------------------------------------------------------

    def _header(self, name: bytes) -> str:
        return next(
            (value.decode("latin1") for key, value in self.scope["headers"] if key == name), ""
        )

    def _origin_is_ours(self) -> bool:
        """Exactly one of our origins; none at all only for scripts with a token (C1, C2)."""
        host = self._header(b"host").rpartition(":")[0] or self._header(b"host")
        if host.strip("[]") not in settings.ALLOWED_HOSTS:
            return False  # Channels does not check Host (H1)
        origin = self._header(b"origin")
        if not origin:
            return bool(self._header(b"authorization")) and not self._header(b"cookie")
        return origin in settings.ALLOWED_ORIGINS

    async def _person(self) -> User | None:
        token = self._header(b"authorization")
        if token:
            if self._header(b"cookie"):
                return None
            return await database_sync_to_async(user_of)(token.removeprefix("Bearer ").strip())
        user: Any = self.scope.get("user")
        if not isinstance(user, User) or not await self._is_signed_in(user):
            return None
        return user

    @database_sync_to_async
    def _is_signed_in(self, user: User) -> bool:
        fresh = active_user(user.pk)
        return fresh is not None and live_session(self._session_key(), fresh) is not None

    def _session_key(self) -> str | None:
        session: Any = self.scope.get("session")
        return session.session_key if session else None

    async def _recheck_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            await self._stay_joined()
            await self._recheck()

    async def _stay_joined(self) -> None:
        """Redis forgets groups when it is emptied, restarted, or after a day (R54)."""
        at = time.monotonic()
        silent = at - self.heard > SILENT_S
        if not silent and at - self.rejoined < REJOIN_S:
            return
        await self._join_again()
        if silent:
            self.heard = at
            await self.missed()

    async def _join_again(self) -> None:
        self.rejoined = time.monotonic()
        for group in list(self.joined):
            await self.channel_layer.group_add(group, self.channel_name)

    async def _recheck(self) -> None:
        """Close when the session or token has ended, or the object is no longer the user's."""
        token = self._header(b"authorization")
        user = await self._person()
        if user is None:
            await self.close(code=SIGNED_OUT)
            return
        if not token:
            user = await database_sync_to_async(active_user)(user.pk) or user
        self.user = user
        if not await self.allowed():
            await self.close(code=NOT_ALLOWED)

    def _too_many(self) -> bool:
        full = self.open_by_user.total() >= MOST_IN_ALL
        return full or self.open_by_user[self.user.pk] >= settings.SOCKETS_PER_USER

    def _too_often(self) -> bool:
        second = int(time.monotonic())
        self.in_second = self.in_second + 1 if second == self.second else 1
        self.second = second
        return self.in_second > MESSAGES_PER_S

    def origin(self) -> audit.Origin:
        """For the trail, when a socket does something."""
        client: Any = self.scope.get("client") or ("",)
        auth = "token" if self._header(b"authorization") else "session"
        return audit.Origin(auth, session_hash(self._session_key()), client[0])

    def in_language(self) -> Any:
        """The user's own language, else the browser's, for texts sent by this socket."""
        code = self.user.language or _supported(self._header(b"accept-language"))
        return translation.override(code)


def _supported(header: str) -> str:
    """The first language of an Accept-Language header that we have, else the default."""
    for part in header.split(","):
        code = part.partition(";")[0].strip()
        with suppress(LookupError):
            return translation.get_supported_language_variant(code)
    return str(settings.LANGUAGE_CODE)
