"""The socket of log views: lines of one or several containers, as the engines write them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from channels.db import database_sync_to_async

from accounts_app.consumers import BAD_MESSAGE, NO_SUCH_OBJECT, SEND_S, TOO_SLOW, Socket
from containers_app.hub import TAIL
from containers_app.hub_ring import key
from containers_app.hub_viewer import Viewer
from containers_app.hubs import hubs
from containers_app.selectors import container_for, tombstone_for
from core.errors import NotFound
from core.live import group_for_host
from engine.types import Connection
from hosts_app.connections import connection_for
from hosts_app.selectors import host_ids

WINDOW_BATCHES = 64  # sent and not yet acknowledged
WINDOW_SIZE = 1024 * 1024  # characters, likewise
MOST_SOURCES = 100
MOST_TAIL = 10_000_000  # lines
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
YEAR_10000_NS = 253402300800 * 10**9
ACK = '{"ack":'


class Asked(NamedTuple):
    """What a client wants of one container."""

    host: str
    reference: str
    cursor: str


class Source(NamedTuple):
    """A container that the user sees."""

    host_id: int
    pk: int
    name: str  # host/full id, as the client knows it from now on
    docker_id: str
    title: str
    connection: Connection


class LogSocket(Socket):
    """`?c=host/container&cursor=…&c=…&tail=500&since=…`; the client acknowledges each batch."""

    sent = acknowledged = waiting_size = 0  # batches; characters

    async def opened(self) -> None:
        self.viewers: list[Viewer] = []
        self.sources: list[Source] = []
        self.waiting: deque[tuple[int, int]] = deque()  # number and size of a batch
        self.one_at_a_time = asyncio.Lock()
        self.has_room = asyncio.Event()
        self.has_room.set()
        try:
            asked, tail, since_ns = read_query(self.scope["query_string"].decode())
        except ValueError as error:
            await self.tell({"t": "error", "detail": str(error)})
            await self.close(code=BAD_MESSAGE)
            return
        try:
            self.sources = await self._sources(asked)
        except NotFound:
            await self.close(code=NO_SUCH_OBJECT)
            return
        for group in {group_for_host(source.host_id) for source in self.sources}:
            await self.join(group)
        for n, (source, wanted) in enumerate(zip(self.sources, asked, strict=True)):
            await self.tell({"t": "source", "n": n, "c": source.name, "name": source.title})
            hub = hubs().get(source.connection, source.docker_id, source.title)
            viewer = Viewer(hub, n, self, cursor=wanted.cursor, tail=tail, since_ns=since_ns)
            self.viewers.append(viewer)
            self.spawn(viewer.run())

    async def closed(self) -> None:
        self._let_go()

    async def allowed(self) -> bool:
        """Whether the user still sees every host of this socket (B9)."""
        seen = await database_sync_to_async(host_ids)(self.user)
        return all(source.host_id in seen for source in self.sources)

    async def changed_event(self, message: dict[str, Any]) -> None:
        """Channel layer: a container may have been started again, or removed."""
        pks = message["pks"] if message["kind"] == "container" else ()
        for source, viewer in zip(self.sources, self.viewers, strict=False):
            if pks is None or source.pk in pks:
                viewer.look()

    async def missed(self) -> None:
        for viewer in self.viewers:
            viewer.look()

    # -- What the client says

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes acknowledgements out of what the client says: there may be one for each batch.

        Channels looks after the database at each message, which takes a thread, and with 500
        viewers half of our time.
        """

        async def messages() -> Any:
            while self._acknowledges(message := await receive()):
                pass
            return message

        await super().__call__(scope, messages, send)

    async def said(self, message: dict[str, Any]) -> bool:
        number = message.get("ack")
        if type(number) is not int or not 0 <= number <= self.sent:
            return False
        self._acknowledged(number)
        return True

    def _acknowledges(self, message: dict[str, Any]) -> bool:
        text = message.get("text") or ""
        if not text.startswith(ACK):
            return False
        digits = text[len(ACK) : -1].strip()
        if not digits.isdecimal() or not self.acknowledged < int(digits) <= self.sent:
            return False
        self._acknowledged(int(digits))
        return True

    def _acknowledged(self, number: int) -> None:
        self.acknowledged = max(self.acknowledged, number)
        while self.waiting and self.waiting[0][0] <= number:
            self.waiting_size -= self.waiting.popleft()[1]
        if len(self.waiting) < WINDOW_BATCHES and self.waiting_size < WINDOW_SIZE:
            self.has_room.set()

    # -- What viewers call (hub_viewer.Outlet)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self.one_at_a_time:
            await self.has_room.wait()
            yield

    async def room(self, within_s: float | None) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.has_room.wait()
        return self.has_room.is_set()

    async def lines(self, inner: str, gap: int) -> None:
        self.sent += 1
        missing = f'"gap":{gap},' if gap else ""
        text = f'{{"s":{self.sent},{missing}"l":[{inner}]}}'
        self.waiting.append((self.sent, len(text)))
        self.waiting_size += len(text)
        if len(self.waiting) >= WINDOW_BATCHES or self.waiting_size >= WINDOW_SIZE:
            self.has_room.clear()
        await self.tell_text(text)

    async def tell_text(self, text: str) -> None:
        """Sends; a client that takes nothing for so long loses its place in every hub (C9)."""
        try:
            async with asyncio.timeout(SEND_S):
                await self.send(text_data=text)
        except TimeoutError:
            self.spawn(self.close(code=TOO_SLOW))  # waits until the client reads again, if ever
            self._let_go()
            await asyncio.Event().wait()  # until the socket is gone
        except OSError:  # the client has left; `disconnect` follows
            await asyncio.Event().wait()

    def _let_go(self) -> None:
        viewers, self.viewers = getattr(self, "viewers", []), []
        for viewer in viewers:
            viewer.close()

    @database_sync_to_async
    def _sources(self, asked: list[Asked]) -> list[Source]:
        """Raises NotFound for what the user does not see, and for what does not exist."""
        found = []
        for each in asked:
            try:
                container = container_for(self.user, each.host, each.reference)
            except NotFound:
                gone = tombstone_for(self.user, each.host, each.reference)
                if gone is None:
                    raise
                container = gone
            found.append(
                Source(
                    host_id=container.host_id,
                    pk=container.pk,
                    name=f"{container.host.slug}/{container.docker_id}",
                    docker_id=container.docker_id,
                    title=container.name,
                    connection=connection_for(container.host),
                )
            )
        return found


def read_query(query: str) -> tuple[list[Asked], int | None, int | None]:
    """Sources, lines to begin with (None: all), and from when (nanoseconds).

    Raises ValueError on what makes no sense.
    """
    asked: list[Asked] = []
    tail, since_ns = "", None
    for name, value in parse_qsl(query, keep_blank_values=True):
        match name:
            case "c":
                host, slash, reference = value.partition("/")
                if not (host and slash and reference):
                    raise ValueError("c is a host and a container: lab/web")
                asked.append(Asked(host, reference, ""))
            case "cursor":
                if not asked:
                    raise ValueError("cursor follows the c that it belongs to")
                if value:
                    key(value)
                asked[-1] = asked[-1]._replace(cursor=value)
            case "tail":
                tail = value
            case "since":
                since_ns = _since(value) if value else None
            case _:
                raise ValueError(f"there is no {name[:40]!r} here")
    if not 0 < len(asked) <= MOST_SOURCES:
        raise ValueError(f"name 1 to {MOST_SOURCES} containers, each as c=host/container")
    return asked, _lines(tail, since_ns), since_ns


def _lines(tail: str, since_ns: int | None) -> int | None:
    if not tail:
        return TAIL if since_ns is None else None
    if tail == "all":
        return None
    if not tail.isdecimal() or int(tail) > MOST_TAIL:
        raise ValueError("tail is a number of lines, or all")
    return int(tail)


def _since(text: str) -> int:
    try:
        since_ns = moment_ns(text, datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise ValueError("since is like 90m, 2026-11-24T06:00:00Z or seconds") from error
    if not 0 <= since_ns < YEAR_10000_NS:
        raise ValueError("since lies outside of all time")
    return since_ns


def moment_ns(text: str, now: datetime) -> int:
    """`90m` ago, seconds since 1970, or ISO 8601. Raises ValueError on anything else."""
    number, unit = text[:-1], text[-1]
    if unit in UNITS_S and number.isdecimal():
        return _nanoseconds(now - timedelta(seconds=int(number) * UNITS_S[unit]))
    if text.replace(".", "", 1).isdecimal():
        return int(float(text) * 10**9)
    moment = datetime.fromisoformat(text)
    return _nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _nanoseconds(moment: datetime) -> int:
    since = moment - datetime.fromtimestamp(0, tz=UTC)
    whole_s = since.days * 86400 + since.seconds
    return whole_s * 10**9 + since.microseconds * 1000
