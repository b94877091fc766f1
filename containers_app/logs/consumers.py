"""The socket of log views: lines of one or several containers, as the engines write them.

Beyond api.md, for the page:

- `?select=project:shop state:running` (the words of the list of containers; `level:` is the
  page's) adds to the `c=`. Containers that match later join by themselves: a `source` frame with
  `"late": true`, then their lines since they began. `{"t": "selection", "matching": 12, "most":
  256}` comes after the first sources and whenever the number changes; more than `most` do not
  join (at the start they are refused: an `error` frame, close code 1008). Of the `c=` that come
  with a selection, one that is not there any more is told: `{"t": "missing", "c": "lab/0f…"}`.
- `source` also has `"host"` (name), `"skew_ms"` (the engine's clock is so far ahead of ours; null
  where nobody knows) and `"late"`. Sources are numbered anew by each socket: go by `c`.
- With several sources or a selection the batches are merged: lines are in order of `ts` less
  `skew_ms`. A `gap` is of the source of the batch's first line.
- To resume more sources than an address holds: `?resume=1&select=…`; the client then says
  `{"resume": {"lab/0f…": cursor, …}}`, any number of times, each at most 4096 characters, and
  `{"start": true}` within 10 s. Each source named so is as a `c=` with its `cursor=`.
- `end` may have `"at"`, `"id"` (of the container that replaced it) and `"detail"` (the engine's
  words); `stalled` has `"detail"`. A source that has ended by `exited` goes on with `resumed`.
- `{"t": "error", "detail"}` comes before each close with 1008.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any

from channels.db import database_sync_to_async

from accounts_app.consumers import BAD_MESSAGE, NO_SUCH_OBJECT, SEND_S, TOO_SLOW, Socket
from containers_app.logs.clocks import Ahead, clocks_ahead
from containers_app.logs.hub_merge import Merge
from containers_app.logs.hub_viewer import Viewer
from containers_app.logs.hubs import hubs
from containers_app.logs.query import Asked, check_count, checked_cursor, read_query
from containers_app.logs.sources import (
    MOST_SOURCES,
    Source,
    named,
    reference,
    selected,
    too_many,
    words_of,
)
from core.errors import Invalid, NotFound
from core.live import group_for_host
from hosts_app.selectors import host_ids

WINDOW_BATCHES = 64  # sent and not yet acknowledged
WINDOW_SIZE = 1024 * 1024  # characters, likewise
START_S = 10.0  # in which a client that resumes has said everything
SETTLE_S = 0.25  # hints that come together are one look at the database
EARLIER_NS = 2 * 10**9  # before a container started: nobody knows that moment to the nanosecond
ACK = '{"ack":'


class LogSocket(Socket):
    """`?c=host/container&cursor=…&c=…&tail=500&since=…`; the client acknowledges each batch."""

    sent = acknowledged = waiting_size = 0  # batches; characters
    matching = -1  # containers, at the last look
    begun = looking = gone = False
    merge: Merge | None = None

    async def opened(self) -> None:
        self.viewers: dict[str, Viewer] = {}  # by host/full id
        self.sources: list[Source] = []
        self.waiting: deque[tuple[int, int]] = deque()  # number and size of a batch
        self.one_at_a_time = asyncio.Lock()
        self.has_room = asyncio.Event()
        self.has_room.set()
        try:
            self.wanted = read_query(self.scope["query_string"].decode())
        except ValueError as error:
            await self._refuse(str(error))
            return
        if self.wanted.resumes:
            self.spawn(self._start_in_time())
        else:
            await self._begin()

    async def closed(self) -> None:
        self._let_go()

    async def allowed(self) -> bool:
        """Whether the user still sees every host of this socket (B9)."""
        if not self.begun:
            return True
        seen = await database_sync_to_async(host_ids)(self.user)
        if self.wanted.select and await self._join_hosts(seen):
            self._look_again()
        return all(source.host.pk in seen for source in self.sources)

    async def changed_event(self, message: dict[str, Any]) -> None:
        """Channel layer: a container may have been started again, removed, or made."""
        if message["kind"] != "container" or not self.begun:
            return
        pks = message["pks"]
        for source in self.sources:
            if (pks is None or source.pk in pks) and source.name in self.viewers:
                self.viewers[source.name].look()
        self._look_again()

    async def missed(self) -> None:
        if self.begun:
            for viewer in self.viewers.values():
                viewer.look()
            self._look_again()

    # -- Which logs

    async def _begin(self) -> None:
        wanted = self.wanted
        try:
            found, missing = await self._resolved()
        except NotFound:
            await self.close(code=NO_SUCH_OBJECT)
            return
        except Invalid as error:
            await self._refuse(error.message)
            return
        cursors = {source.name: cursor for source, cursor in found}
        sources = list({source.name: source for source, _cursor in found}.values())
        if wanted.select or len(sources) > 1:
            self.merge = Merge(self)
        await self._join_hosts({source.host.pk for source in sources})
        if wanted.select:
            await self._join_hosts(await database_sync_to_async(host_ids)(self.user))
        for name in missing:
            await self.tell({"t": "missing", "c": name})
        clocks = await clocks_ahead([source.host for source in sources])
        for source in sources:
            await self._add(source, clocks[source.host.pk], cursor=cursors[source.name])
        self.begun = True
        if self.merge:
            self.spawn(self.merge.run())
        if wanted.select:
            await self._tell_matching(len(sources))
            self._look_again()  # what came while we were not yet in the groups

    async def _add(
        self, source: Source, ahead: Ahead, *, cursor: str = "", late: bool = False
    ) -> None:
        if self.gone:
            return
        n = len(self.sources)
        self.sources.append(source)
        skew_ms = ahead.ns // 10**6 if ahead.known else None
        frame = {"t": "source", "n": n, "c": source.name, "name": source.title}
        frame |= {"host": source.host.name, "skew_ms": skew_ms, "late": late}
        tail, since_ns = self.wanted.tail, self.wanted.since_ns
        if late and not cursor:
            tail, since_ns = None, _beginning_ns(source)
        hub = hubs().get(source.connection, source.docker_id, source.title)
        if self.merge:
            outlet = self.merge.lane(n, ahead_ns=ahead.ns, late=late)
            viewer = Viewer(
                hub, 0, outlet, cursor=cursor, tail=tail, since_ns=since_ns, merged=True
            )
        else:
            viewer = Viewer(hub, n, self, cursor=cursor, tail=tail, since_ns=since_ns)
        self.viewers[source.name] = viewer
        await self.tell(frame)
        self.spawn(viewer.run())

    def _look_again(self) -> None:
        """At the selection, soon: other containers may match it now."""
        if self.wanted.select and self.begun and not self.looking:
            self.looking = True
            self.spawn(self._select_again())

    async def _select_again(self) -> None:
        await asyncio.sleep(SETTLE_S)
        self.looking = False
        found = await self._selected()
        known = {source.name for source in self.sources}
        new = [source for source in found if source.name not in known]
        clocks = await clocks_ahead([source.host for source in [*self.sources, *new]])
        for source in new[: MOST_SOURCES - len(self.sources)]:
            await self._join_hosts({source.host.pk})
            if source.name not in {each.name for each in self.sources}:
                await self._add(source, clocks[source.host.pk], late=True)
        await self._tell_matching(len(found))

    async def _tell_matching(self, count: int) -> None:
        if count != self.matching:
            self.matching = count
            await self.tell({"t": "selection", "matching": count, "most": MOST_SOURCES})

    async def _join_hosts(self, host_ids: Collection[int]) -> bool:
        """Whether any was new."""
        new = {group_for_host(host_id) for host_id in host_ids} - self.joined
        for group in new:
            await self.join(group)
        return bool(new)

    @database_sync_to_async
    def _selected(self) -> list[Source]:
        return selected(self.user, words_of(self.wanted.select))

    @database_sync_to_async
    def _resolved(self) -> tuple[list[tuple[Source, str]], list[str]]:
        """Sources with their cursors, and names of what is not there.

        Raises NotFound for what the user does not see or does not exist, unless there is a
        selection, and Invalid.
        """
        found: dict[str, tuple[Source, str]] = {}
        missing = []
        with self.in_language():
            for each in self.wanted.asked:
                try:
                    source = named(self.user, each.source)
                except NotFound:
                    if not self.wanted.select:
                        raise
                    missing.append("/".join(each.source))
                else:
                    found.setdefault(source.name, (source, each.cursor))
            if self.wanted.select:
                for source in selected(self.user, words_of(self.wanted.select)):
                    found.setdefault(source.name, (source, ""))
            if len(found) > MOST_SOURCES:
                raise Invalid.field("select", too_many())
        return list(found.values()), missing

    async def _refuse(self, why: str) -> None:
        await self.tell({"t": "error", "detail": why})
        await self.close(code=BAD_MESSAGE)

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
        if self.wanted.resumes and not self.begun:
            return await self._said_where(message)
        number = message.get("ack")
        if type(number) is not int or not 0 <= number <= self.sent:
            return False
        self._acknowledged(number)
        return True

    async def _said_where(self, message: dict[str, Any]) -> bool:
        """Where to go on, before the lines begin."""
        if message == {"start": True}:
            self.wanted = self.wanted._replace(resumes=False)
            await self._begin()
            return True
        cursors = message.get("resume")
        if not isinstance(cursors, dict):
            return False
        try:
            more = [Asked(reference(c), checked_cursor(str(at))) for c, at in cursors.items()]
            check_count([*self.wanted.asked, *more])
        except ValueError:
            return False
        self.wanted.asked.extend(more)
        return True

    async def _start_in_time(self) -> None:
        await asyncio.sleep(START_S)
        if self.wanted.resumes:
            await self._refuse("say where to go on, and then start")

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

    def idle(self) -> None:
        """Nobody waits for this one."""

    def _let_go(self) -> None:
        self.gone = True
        viewers, self.viewers = getattr(self, "viewers", {}), {}
        for viewer in viewers.values():
            viewer.close()


def _beginning_ns(source: Source) -> int | None:
    """From when on the lines of a container are news that joined a selection; engine's clock."""
    if source.started is None or source.started <= source.created:
        return None
    return int(source.started.timestamp()) * 10**9 - EARLIER_NS
