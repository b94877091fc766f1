"""One engine stream per container and process, however many look at its log.

A hub is in one of these states, and its viewers tell each change to their clients:

    (follows) <-> stalled          the engine does not answer; the stream goes on by cursor
    (follows) <-> end exited       the container stopped; started again, its lines go on
    -> end removed -> end replaced another container has the name now
    -> end unreadable              the log driver keeps nothing that can be read
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from containers_app.logs.hub_ring import Ring
from containers_app.logs.hub_watch import HostWatch
from engine.cursor import Accepted
from engine.errors import Conflict, EngineError, NoSuchObject, Refused
from engine.inspected import inspected
from engine.logs import LogReader, log_chunks
from engine.types import Connection, ContainerDetail

logger = logging.getLogger(__name__)

TAIL = 500  # lines a stream begins with, unless its first viewer wants another number
RING_SIZE = 2 * 1024 * 1024  # bytes of one log that are kept for viewers
CROWD = 50  # viewers; from here on lines wait TICK_S for each other
TICK_S = 0.05
FIRST_RETRY_S, LAST_RETRY_S = 0.25, 5.0  # R8: recovered within 10 s after the engine is back
RESTART_S = 0.8  # from the end of a container to the next start, as in `docker restart`
RECREATE_S = 3.0  # from the removal of a container to the next of the same name
FIRST_POLL_S, LAST_POLL_S = 1.0, 5.0  # of a container that has stopped: is it started again?
QUIET_S, LAST_QUIET_S = 10.0, 60.0  # silence after which we ask for the newest line (R22)
IN_FLIGHT_S = 1.0  # that a line may be on its way
NOT_SUPPORTED = 501  # the engine's answer when a log driver keeps nothing readable
UP = {"running", "paused", "restarting"}


@dataclass(frozen=True)
class Status:
    """What a viewer should know of the log beside its lines; true from entry `at` on."""

    serial: int = 0
    at: int = 0
    kind: Literal["", "stalled", "end"] = ""
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Hub:
    """Follows one container's log while somebody looks. `close` ends it."""

    def __init__(
        self, connection: Connection, container_id: str, name: str, watch: HostWatch
    ) -> None:
        self.connection, self.container_id, self.name = connection, container_id, name
        self.watch = watch
        self.ring = Ring()
        self.status = Status()
        self.tty = False
        self.well = asyncio.Event()  # the engine has told of the container: its log can be read
        self.viewers: dict[Any, tuple[int, Callable[[], None]]] = {}
        self.most = RING_SIZE
        self._numbers: Counter[int] = Counter()  # as which source number viewers know this log
        self._tail: int | None = None  # of the stream, once a viewer has said where it begins
        self._cursor = ""
        self._held: list[Accepted] = []
        self._doubt = asyncio.Event()  # something is strange or new: look again, now
        self._reading: asyncio.Task[bool] | None = None
        self._heard = 0.0  # loop time of the last line
        self._attempt = 0
        watch.hubs.add(self)
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(_report)

    def close(self) -> None:
        self.watch.hubs.discard(self)
        self._task.cancel()

    # -- what viewers call

    def join(self, viewer: object, n: int, wake: Callable[[], None]) -> None:
        self.viewers[viewer] = (n, wake)
        self._numbers[n] += 1

    def leave(self, viewer: object) -> None:
        n, _wake = self.viewers.pop(viewer)
        self._numbers[n] -= 1
        self._numbers += Counter()  # drops zeros

    @property
    def started(self) -> bool:
        return self._tail is not None

    def start(self, tail: int) -> None:
        """Let the stream begin with the newest `tail` lines. Ignored when it has begun."""
        if self._tail is None:
            self._tail = tail
            self.look()

    def holds_newest(self, count: int) -> bool:
        """Whether the last `count` lines are in the ring, or will be the first in it."""
        whole = self.ring.floor is None and (self._tail or 0) >= count
        return self.started and (self.ring.held >= count or whole)

    def trouble(self, error: EngineError) -> None:
        """A viewer could not read the history: find out why."""
        if isinstance(error, Refused) and error.status == NOT_SUPPORTED:
            self._end_unreadable(error)
            return
        self.well.clear()
        self.look()
        if self._reading:
            self._reading.cancel()

    def look(self) -> None:
        """The container may be different now: do not wait for the next look at it."""
        self._doubt.set()

    # -- what the watch calls

    @property
    def streaming(self) -> bool:
        return self._reading is not None

    def cut(self, error: EngineError) -> None:
        """The engine is silent: give the stream up, and say so at once."""
        self._stall(error)
        if self._reading:
            self._reading.cancel()

    # -- the life of the stream

    async def _run(self) -> None:
        while self.status.reason not in {"replaced", "unreadable"}:
            try:
                detail = await inspected(self.connection, self.container_id)
            except NoSuchObject:
                await self._gone()
                continue
            except EngineError as error:
                self._stall(error)
                await self._nap()
                continue
            self.name, self.tty = detail.name, detail.tty
            self._found(up=detail.state in UP)
            self._doubt.clear()
            if not self.started:
                await self._doubt.wait()
            elif detail.state in UP:
                await self._follow()
            else:
                await self._read_rest(detail)

    async def _follow(self) -> None:
        """Until the stream ends, for whatever reason: an end never means that it is over."""
        loop = asyncio.get_running_loop()
        reader, began = self._reader(follow=True), loop.time()
        quiet = asyncio.create_task(self._probe())
        try:
            if await self._read(reader) or loop.time() - began > LAST_RETRY_S:
                self._attempt = 0
        finally:
            quiet.cancel()
        if self.status.kind != "stalled" and self._attempt == 0:
            self._attempt = 1  # look again at once; only then take time
            return
        await self._nap()

    async def _read_rest(self, detail: ContainerDetail) -> None:
        """What a stopped container has left to say; then that it stopped; then wait."""
        at = _iso(detail.finished) if detail.finished else None
        told = self.status.reason == "exited" and self.status.facts["at"] == at
        if told or detail.state == "created":
            await self._nap(FIRST_POLL_S, LAST_POLL_S)
            return
        reader = self._reader(follow=False)
        if await self._read(reader) or await self._behind():
            return  # and once more: this read may have been cut, too
        if self.status.kind == "stalled" or not self.well.is_set():
            await self._nap()
            return
        await asyncio.sleep(RESTART_S)
        with suppress(EngineError):
            now = await inspected(self.connection, self.container_id)
            if now.state not in UP and now.finished == detail.finished:
                if last := reader.unfinished():
                    self._publish(last)
                self._attempt = 0
                self.ring.has_all(below=self._tail or 0)
                self._set("end", "exited", {"code": now.exit_code, "at": at})

    def _reader(self, *, follow: bool) -> LogReader:
        return log_chunks(
            self.connection,
            self.container_id,
            tty=self.tty,
            follow=follow,
            tail=self._tail,
            cursor=self._cursor,
        )

    async def _read(self, reader: LogReader) -> bool:
        """Publishes what comes until it ends. Whether anything came."""
        self._reading = asyncio.create_task(self._pump(reader))
        try:
            return await self._reading
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return False  # cut
        except Conflict:
            return False  # marked for removal: the next look will tell
        except Refused as error:
            if error.status == NOT_SUPPORTED:
                self._end_unreadable(error)
            else:
                self._stall(error)
        except NoSuchObject:
            pass
        except EngineError as error:
            self._stall(error)
        finally:
            if not self._reading.done():
                self._reading.cancel()
            self._reading = None
            await reader.aclose()
        return False

    async def _pump(self, reader: LogReader) -> bool:
        loop = asyncio.get_running_loop()
        self._heard, came = loop.time(), False
        async for accepted in reader:
            self._heard, came = loop.time(), True
            self._publish(accepted)
        return came

    async def _probe(self) -> None:
        """After silence, ask for the newest line: a stream can stop without an end (R22)."""
        loop, wait_s = asyncio.get_running_loop(), QUIET_S
        while True:
            await asyncio.sleep(wait_s)
            if loop.time() - self._heard < wait_s:
                wait_s = QUIET_S
                continue
            wait_s = min(wait_s * 2, LAST_QUIET_S)
            if await self._behind():
                logger.info("%s: a log stream had stopped without an end", self.connection.url)
                if self._reading:
                    self._reading.cancel()
                return

    async def _behind(self) -> bool:
        """Whether the log has a line that the stream has not brought."""
        newest = ""
        reader = log_chunks(self.connection, self.container_id, tty=self.tty, follow=False, tail=1)
        try:
            async with asyncio.timeout(QUIET_S):
                async for accepted in reader:
                    newest = accepted.timestamps[-1]
        except (EngineError, TimeoutError):
            return False  # the watch finds out what that means
        finally:
            await reader.aclose()
        if newest > self._cursor[:30]:
            await asyncio.sleep(IN_FLIGHT_S)
        return newest > self._cursor[:30]

    async def _gone(self) -> None:
        """Removed; or does its name belong to another container now?"""
        self.well.clear()
        deadline = asyncio.get_running_loop().time() + RECREATE_S
        while True:
            try:
                other = await inspected(self.connection, self.name)
            except NoSuchObject:
                other = None
            except EngineError as error:
                self._stall(error)
                await self._nap()
                return
            if other is not None and other.id != self.container_id:
                self._set("end", "replaced", {"id": other.id})
                return
            if self.status.reason == "removed" or (asyncio.get_running_loop().time() > deadline):
                break
            await asyncio.sleep(FIRST_RETRY_S)
        if self.status.reason != "removed":
            self._attempt = 0
            self._set("end", "removed")
        await self._nap(FIRST_POLL_S, LAST_POLL_S)

    async def _nap(self, first_s: float = FIRST_RETRY_S, last_s: float = LAST_RETRY_S) -> None:
        delay_s = min(last_s, first_s * 2**self._attempt) * random.uniform(0.7, 1.0)  # noqa: S311
        self._attempt = min(self._attempt + 1, 10)
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._doubt.wait()
        self._doubt.clear()

    # -- what it tells

    def _publish(self, accepted: Accepted) -> None:
        """To the ring at once; for a crowd, what comes within a tick together."""
        self._cursor = accepted.cursors[-1]
        if len(self.viewers) > CROWD and self.status.kind == "":
            if not self._held:
                asyncio.get_running_loop().call_later(TICK_S, self._flush)
            self._held.append(accepted)
            return
        self._flush()
        self._add(accepted)
        self._wake()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if not held:
            return
        while held:
            end = next((i for i, each in enumerate(held) if i and each.gap), len(held))
            self._add(_joined(held[:end]))
            held = held[end:]
        self._wake()

    def _add(self, accepted: Accepted) -> None:
        self.ring.add(accepted, self._numbers, most=self.most)

    def _found(self, *, up: bool) -> None:
        """The engine has told of the container."""
        if self.status.kind == "stalled" or (self.status.reason == "exited" and up):
            self._set("")
        if not self.well.is_set():
            self.well.set()
            self._wake()

    def _stall(self, error: EngineError) -> None:
        self.well.clear()
        if self.status.kind != "stalled":
            self._set("stalled", facts={"since": _iso(datetime.now(UTC)), "detail": str(error)})

    def _end_unreadable(self, error: EngineError) -> None:
        self._set("end", "unreadable", {"detail": str(error)})
        self.look()

    def _set(
        self,
        kind: Literal["", "stalled", "end"],
        reason: str = "",
        facts: dict[str, Any] | None = None,
    ) -> None:
        self._flush()
        serial, at = self.status.serial + 1, self.ring.next_no
        self.status = Status(serial, at, kind, reason, facts or {})
        self._wake()

    def _wake(self) -> None:
        for _n, wake in self.viewers.values():
            wake()


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _joined(several: list[Accepted]) -> Accepted:
    if len(several) == 1:
        return several[0]
    return Accepted(
        [item for each in several for item in each.timestamps],
        [item for each in several for item in each.streams],
        [item for each in several for item in each.texts],
        [item for each in several for item in each.cursors],
        several[0].gap,
    )


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        logger.error("a log hub ended by an error of ours", exc_info=task.exception())
