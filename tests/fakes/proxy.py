"""A chaos proxy between a client and an engine: it stalls, cuts, delays, slows and miscounts."""

import asyncio
import contextlib
import os
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

from engine.addresses import address_of
from engine.types import Connection
from tests.fakes.http import end_all_tasks

PIECE = 64 * 1024  # bytes read at once


class ChaosProxy:
    """Listens on a unix socket (or, with `port`, on TCP) and passes everything on to `target`.

    What goes wrong applies to what comes *from* the engine, on open and later connections:
    `latency_s` before each piece, `bytes_per_s` at most, `cut_after` so many bytes of a
    connection, `refusing` new connections; `up_bytes_per_s` to what goes to it. `stall()` holds
    both directions until `resume()`; `cut()` drops what is open. TLS passes through untouched.
    """

    def __init__(self, target: Connection, *, port: int | None = None) -> None:
        self._target = address_of(target)
        self.latency_s = 0.0
        self.bytes_per_s: float | None = None
        self.up_bytes_per_s: float | None = None
        self.cut_after: int | None = None
        self.refusing = False
        self.accepted = 0  # connections so far
        self.busy = 0  # directions of connections on which a piece is on its way just now
        self._writers: set[asyncio.StreamWriter] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="qd-proxy-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="chaos-proxy", daemon=True)
        self._thread.start()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server = self._call(self._listen(port))
        if port is None:
            url = f"unix://{self._folder.name}/p.sock"
        else:
            url = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self.connection = Connection(url, target.ca, target.cert, target.key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def open(self) -> int:
        """Connections open now."""
        return len(self._writers) // 2

    def stall(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def resume(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.set)

    def cut(self) -> None:
        """Drops every open connection, without a word."""
        self._call(self._drop())

    def close(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._folder.cleanup()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self, port: int | None) -> asyncio.Server:
        if port is None:
            path = Path(self._folder.name) / "p.sock"
            return await asyncio.start_unix_server(self._accept, os.fspath(path))
        return await asyncio.start_server(self._accept, "127.0.0.1", port)

    async def _end(self) -> None:
        self._server.close()
        await self._drop()
        await end_all_tasks()

    async def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with contextlib.suppress(asyncio.CancelledError):  # at our own end: nobody awaits this
            await self._connect(reader, writer)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            if self._target.path:
                engine = await asyncio.open_unix_connection(self._target.path)
            else:
                engine = await asyncio.open_connection(self._target.host, self._target.port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, engine[1]}
        self._writers |= both
        try:
            up = asyncio.ensure_future(self._pass(reader, engine[1], bad=False))
            down = asyncio.ensure_future(self._pass(engine[0], writer, bad=True))
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
                if up.done():  # the client is gone, or has said all: let the answer end
                    engine[1].transport.abort()
            finally:
                up.cancel()
                down.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        finally:
            for each in both:
                each.transport.close()
            self._writers -= both

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, bad: bool
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while piece := await source.read(PIECE):
                self.busy += 1
                try:
                    await self._flowing.wait()
                    if bad:
                        await asyncio.sleep(self.latency_s)
                        if self.cut_after is not None and passed + len(piece) >= self.cut_after:
                            sink.write(piece[: max(0, self.cut_after - passed)])
                            await sink.drain()
                            return
                    if rate := self.bytes_per_s if bad else self.up_bytes_per_s:
                        await asyncio.sleep(len(piece) / rate)
                    passed += len(piece)
                    sink.write(piece)
                    await sink.drain()
                finally:
                    self.busy -= 1
