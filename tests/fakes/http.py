"""A small HTTP server on asyncio, in a thread of its own, whose answers can go wrong."""

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

LARGEST_KEPT = 1024 * 1024  # bytes
REASONS = {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 404: "Not Found"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # without the API version
    api: str  # of the path, "" if it named none
    query: dict[str, str]
    body: Any  # JSON, else bytes, None when empty
    headers: dict[str, str]  # names in lower case
    http: str  # 1.0 or 1.1
    size: int = 0  # bytes of the body, of which a chunked one is kept to LARGEST_KEPT only
    at: float = field(default_factory=time.monotonic)

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Answer:
    """Either a body, or pieces that are sent as they come."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    pieces: AsyncIterator[bytes] | None = None
    cut_after: int | None = None  # bytes of body, then the connection is dropped
    date: float | None = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Answer | None]]


class Server:
    """Serves on a unix socket or on TCP until stopped; may be started there again."""

    def __init__(
        self, handler: Handler, *, path: str = "", port: int = 0, context: ssl.SSLContext | None
    ) -> None:
        self._handler, self._path, self._context = handler, path, context
        self.port = port
        self.loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._thread = threading.Thread(target=self._run, name="fake-engine", daemon=True)
        self._thread.start()

    def start(self) -> None:
        self.call(self._listen())

    def stop(self) -> None:
        """Nobody listens any more, and open connections are dropped."""
        self.call(self._close())

    def close(self) -> None:
        self.stop()
        self.call(end_all_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    @property
    def open(self) -> int:
        """Connections open now."""
        return len(self._connections)

    def cut(self) -> None:
        """Drops every open connection; new ones are accepted."""
        self.call(self._drop())

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _listen(self) -> None:
        if self._path:
            self._server = await asyncio.start_unix_server(self._serve, self._path, backlog=512)
        else:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, ssl=self._context, backlog=512
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        await self._drop()

    async def _drop(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections[task] = writer
        try:
            while request := await _read(reader):
                if not await self._answer(request, reader, writer):
                    break
        except ValueError:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            writer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller left, or we are told to go
        finally:
            del self._connections[task]
            writer.transport.abort()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection stays open. A caller who leaves ends a wait or a stream."""
        work = asyncio.ensure_future(self._respond(request, writer))
        gone = asyncio.ensure_future(_ended(reader))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            return work.done() and work.result()
        finally:
            for each in (work, gone):
                each.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        answer = await self._handler(request)
        if answer is None:
            return False
        keep = request.http == "1.1" and answer.cut_after is None
        chunked = answer.pieces is not None and request.http == "1.1"
        head = [f"HTTP/{request.http} {answer.status} {REASONS.get(answer.status, 'Because')}"]
        head += [f"Content-Type: {answer.kind}", f"Date: {formatdate(answer.date, usegmt=True)}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        if chunked:
            head.append("Transfer-Encoding: chunked")
        elif answer.pieces is None and answer.status not in (204, 304):
            head.append(f"Content-Length: {len(answer.body)}")
        head_bytes = ("\r\n".join(head) + "\r\n\r\n").encode()
        if answer.cut_after is not None and not answer.body and answer.pieces is None:
            head_bytes = head_bytes[:10]  # there is no body to break off in
        writer.write(head_bytes)
        if request.method == "HEAD":
            pass
        elif answer.pieces is None:
            writer.write(answer.body[: answer.cut_after])
        else:
            await writer.drain()
            async with contextlib.aclosing(answer.pieces) as pieces:  # type: ignore[type-var]
                sent = 0
                async for piece in pieces:
                    sent += len(piece)
                    if answer.cut_after is not None and sent > answer.cut_after:
                        return False
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                    await writer.drain()
            writer.write(b"0\r\n\r\n" if chunked else b"")
        await writer.drain()
        return keep


async def end_all_tasks() -> None:
    """Also those of connections that were being accepted when the server closed."""
    quiet = 0
    while quiet < 3:  # turns of the loop: a socket is closed one turn after its transport
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        quiet = 0 if others else quiet + 1


async def _read(reader: asyncio.StreamReader) -> Request | None:
    start = await reader.readexactly(1)
    if not start.isalpha():
        raise ValueError("a TLS handshake, perhaps")
    head = (start + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, http = first.split(" ")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    if headers.get("transfer-encoding") == "chunked":
        raw, size = await _chunks(reader)
    else:
        size = int(headers.get("content-length") or 0)
        raw = await reader.readexactly(size)
    parts = urlsplit(target)
    path, api = unquote(parts.path), ""
    if path.startswith("/v1."):
        _, version, path = path.split("/", 2)
        api, path = version[1:], f"/{path}"
    body: Any = raw or None
    if raw and "json" in headers.get("content-type", ""):
        body = json.loads(raw)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, path, api, query, body, headers, http.removeprefix("HTTP/"), size)


async def _chunks(reader: asyncio.StreamReader) -> tuple[bytes, int]:
    """The beginning of a chunked body, and how long all of it was."""
    kept, size = bytearray(), 0
    while length := int((await reader.readuntil(b"\r\n")).strip(), 16):
        size += length
        left = length
        while left:
            piece = await reader.read(min(left, 256 * 1024))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            kept += piece[: max(0, LARGEST_KEPT - len(kept))]
        await reader.readexactly(2)
    await reader.readexactly(2)
    return bytes(kept), size


async def _ended(reader: asyncio.StreamReader) -> None:
    """Until the other side closes; while an answer is under way our clients send nothing.

    One that closes with something unread resets the connection: an error, and no end of file.
    """
    while not (reader.at_eof() or reader.exception()):  # noqa: ASYNC110 (a read would take what belongs to the next one)
        await asyncio.sleep(0.05)
