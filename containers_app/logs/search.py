"""Searches whole logs of any number of containers, and streams what it finds as NDJSON.

A task per log reads as its engine sends and lets a thread match; the client takes parts at its own
pace, and a reader waits for it. Whoever leaves, or loses the right to a host, ends it all.
"""

import asyncio
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NoReturn, Self

import orjson
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from accounts_app.models import User
from containers_app.listing import FILTERS
from containers_app.logs.finding import Finder, Found, Wanted
from containers_app.logs.levels import LEVELS
from containers_app.logs.sources import LEVEL, Source
from core.limits import AtOnce
from core.listing import parse
from engine.errors import Broken, EngineError
from engine.inspected import inspected
from engine.logs import log_bytes, log_chunks, read_ahead

SEARCHES = AtOnce(each=2, in_all=8)  # each may keep READERS streams of its engines busy
READERS = 4  # logs that one search reads side by side
MOST_HITS = 20_000
LARGEST_HITS = 64 * 1024 * 1024  # bytes of JSON
BLOCK = 256 * 1024  # bytes that a thread searches at once
HELD_PARTS = 8  # found and not yet taken by the client; then the readers wait
PROGRESS_S = 0.3
RECHECK_S = 3.0  # how long a lost right can outlive its loss (B9: 5 s)
IDLE_S = 15.0  # an engine sends a log without pauses
STALLED_S = 60.0  # a client that takes nothing for so long is gone (C9)

Cut = Literal["", "hits", "stalled", "forbidden"]
_threads = ThreadPoolExecutor(2, thread_name_prefix="log-search")


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched, and for whom. `allowed` asks the database whether he still may."""

    sources: Sequence[Source]
    wanted: Wanted
    stream: Literal["", "out", "err"]
    since: datetime | None
    until: datetime | None
    allowed: Callable[[], bool]


class _Log:
    """How far one log has been searched."""

    def __init__(self, n: int, source: Source, wanted: Wanted) -> None:
        self.n, self.source = n, source
        self.wanted = wanted
        self.finder = Finder(wanted, tty=False)
        self.size = self.hits = 0  # size: bytes as they came from the engine
        self.state: Literal["waiting", "reading", "done", "failed"] = "waiting"


class Stream:
    """The answer, part by part: an asynchronous iterator. It holds a place among SEARCHES.

    `close` may come from any thread, and any number of times.
    """

    def __init__(self, search: Search, user: User) -> None:
        """Raises TooMany."""
        place = ExitStack()
        place.enter_context(SEARCHES.place(user.pk))
        self._release = weakref.finalize(self, place.close)
        self._search = search
        self._logs = [_Log(n, each, search.wanted) for n, each in enumerate(search.sources)]
        self._cut: Cut = ""
        self._hits = self._hits_size = 0
        self._began = time.monotonic()
        self._ended = False
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        if self._task is None:
            self._begin()
        try:
            part = await self._parts.get()
        except asyncio.CancelledError:
            self._stop()
            raise
        if part is not None:
            self._room.release()
            return part
        self._ended = True
        assert self._task
        await self._task  # raises what went wrong on our side: then there is no end
        return self._end()

    def close(self) -> None:
        self._release()
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and all of its tasks
                self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._ended = True
        if self._task is not None:
            self._task.cancel()
        self._release()

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(HELD_PARTS)
        self._turns = asyncio.Semaphore(READERS)
        self._task = asyncio.create_task(self._run())

    # -- The work

    async def _run(self) -> None:
        try:
            await self._put(b"".join(map(_source_line, self._logs)))
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._tell_progress())]
                beside.append(group.create_task(self._recheck()))
                await asyncio.wait(
                    [group.create_task(self._search_one(log)) for log in self._logs]
                )
                for task in beside:
                    task.cancel()
        except* _Over:
            pass
        finally:
            self._release()
            self._parts.put_nowait(None)

    async def _search_one(self, log: _Log) -> None:
        async with self._turns:
            log.state = "reading"
            try:
                await self._read(log)
                log.state = "done"
            except EngineError as error:
                await self._failed(log, error.code, str(error))
            except TimeoutError:
                await self._failed(log, "timed_out", f"silent for {IDLE_S:.0f} s")

    async def _read(self, log: _Log) -> None:
        source, loop = log.source, asyncio.get_running_loop()
        detail = await inspected(source.connection, source.docker_id)
        newest = await self._newest(source, tty=detail.tty)
        finder = log.finder = Finder(log.wanted, tty=detail.tty)
        blocks = read_ahead(self._bytes(source), block=BLOCK, idle_s=IDLE_S)
        async with aclosing(blocks):
            async for block in blocks:
                log.size += len(block)
                await self._deliver(log, await loop.run_in_executor(_threads, finder.feed, block))
        await self._deliver(log, await loop.run_in_executor(_threads, finder.finish))
        if finder.at < newest:  # over HTTP/1.0 a cut looks like an end
            raise Broken(f"{source.connection.url}: cut off at {finder.at or 'its beginning'}")

    def _bytes(self, source: Source) -> AsyncGenerator[bytes, None]:
        return log_bytes(
            source.connection,
            source.docker_id,
            stdout=self._search.stream != "err",
            stderr=self._search.stream != "out",
            since_ns=source.clock_ns(self._search.since),
            until_ns=source.clock_ns(self._search.until),
        )

    async def _newest(self, source: Source, *, tty: bool) -> str:
        """The time of the last line as the log is now, or "" where that would not tell."""
        if self._search.stream or self._search.until:
            return ""
        since_ns = source.clock_ns(self._search.since)
        reader = log_chunks(
            source.connection,
            source.docker_id,
            tty=tty,
            follow=False,
            tail=1,
            since_ns=since_ns,
        )
        newest = ""
        try:
            async with asyncio.timeout(IDLE_S):
                async for batch in reader:
                    newest = batch.timestamps[-1]
        finally:
            await reader.aclose()
        unended = reader.unfinished()
        return unended.timestamps[-1] if unended else newest

    # -- What the client is told

    async def _deliver(self, log: _Log, found: list[Found]) -> None:
        if not found:
            return
        found = found[: MOST_HITS - self._hits]
        lines = [_hit_line(log.n, each) for each in found]
        log.hits += len(found)
        self._hits += len(found)
        self._hits_size += sum(map(len, lines))
        await self._put(b"".join(lines))
        if self._hits >= MOST_HITS or self._hits_size >= LARGEST_HITS:
            self._over("hits")

    async def _put(self, part: bytes) -> None:
        try:
            async with asyncio.timeout(STALLED_S):
                await self._room.acquire()
        except TimeoutError:
            self._over("stalled")
        self._parts.put_nowait(part)

    def _over(self, why: Cut) -> NoReturn:
        self._cut = self._cut or why
        raise _Over

    async def _failed(self, log: _Log, code: str, detail: str) -> None:
        log.state = "failed"
        await self._put(_line({"t": "error", "n": log.n, "code": code, "detail": detail}))

    async def _tell_progress(self) -> None:
        while True:
            await asyncio.sleep(PROGRESS_S)
            await self._room.acquire()
            self._parts.put_nowait(_line({"t": "progress", **self._so_far()}))

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            if not await sync_to_async(self._still_allowed, thread_sensitive=False)():
                self._over("forbidden")

    def _still_allowed(self) -> bool:
        close_old_connections()
        try:
            return self._search.allowed()
        finally:
            close_old_connections()

    def _so_far(self) -> dict[str, Any]:
        reading = [log.finder.at for log in self._logs if log.state == "reading"]
        return {
            "hits": self._hits,
            "lines": sum(log.finder.lines for log in self._logs),
            "bytes": sum(log.size for log in self._logs),
            "at": min((at for at in reading if at), default=None),
            "done": sum(log.state in {"done", "failed"} for log in self._logs),
            "of": len(self._logs),
        }

    def _end(self) -> bytes:
        facts = self._so_far()
        del facts["at"]
        return _line(
            {
                "t": "end",
                **facts,
                "cut": self._cut or None,
                "failed": sum(log.state == "failed" for log in self._logs),
                "seconds": round(time.monotonic() - self._began, 3),
            }
        )


class _Over(Exception):
    """Enough was found, or the client takes nothing."""


def levels_of(select: str) -> set[str]:
    """What a selection that has been resolved says of levels: `level:error`, `-level:debug`."""
    terms = [term for term in parse(select, [*FILTERS, LEVEL]) if term.key == LEVEL]
    shown = {term.text for term in terms if not term.exclude}
    if hidden := {term.text for term in terms if term.exclude}:
        shown = (shown or set(LEVELS)) - hidden
    return shown


def _source_line(log: _Log) -> bytes:
    source = log.source
    return _line({"t": "source", "n": log.n, "c": source.name, "name": source.title})


def _hit_line(n: int, found: Found) -> bytes:
    at, stream, text, cursor = found
    return _line({"t": "hit", "n": n, "ts": at, "stream": stream, "text": text, "cursor": cursor})


def _line(message: dict[str, Any]) -> bytes:
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
