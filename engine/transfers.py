"""What lasts as long as it lasts: pull, push, build, load, import and save, as async iterators.

Nothing here has a deadline. A silent engine is asked for a ping now and then, and a cancelled
task closes its connection at once, which is how an engine is told to stop (R3, R46).
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from functools import partial
from typing import Any

import aiohttp

from engine import streams
from engine.errors import Broken, EngineError, Refused
from engine.failures import unreachable
from engine.streams import lines, opened
from engine.types import Connection

BUFFER_SIZE = 1024 * 1024  # bytes kept of an answer before the engine has to wait


async def messages(
    connection: Connection,
    path: str,
    params: Mapping[str, str],
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes | AsyncIterator[bytes] | None = None,
) -> AsyncIterator[dict[str, Any]]:
    """The progress that the engine tells while it does what was asked, message by message.

    Raises Refused with the engine's own words for a message of kind `error`, what `body` raised
    where that failed, Broken where the connection ends too early, and Unreachable where the
    engine answers no ping while it is silent.
    """
    source = _Source(body) if isinstance(body, AsyncIterator) else None
    try:
        async with opened(
            connection,
            path,
            params,
            method=method,
            headers=headers,
            body=aiter(source) if source else body,
            patient=True,
        ) as response:
            async for line in lines(partial(_read, connection, response)):
                yield _checked(line)
    except EngineError:
        if source and source.failure:
            raise source.failure from None
        raise


async def download(
    connection: Connection, path: str, params: Mapping[str, str]
) -> AsyncGenerator[bytes, None]:
    """The body of a GET in pieces, each as large as it came. Raises as `messages`."""
    async with opened(connection, path, params, buffer_size=BUFFER_SIZE, patient=True) as response:
        while piece := await _read(connection, response):
            yield piece


class _Source:
    """A body that is sent, which remembers why it failed: aiohttp would only say that it did."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.failure: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces:
                yield piece
        except Exception as error:
            self.failure = error
            raise
        finally:
            close = getattr(self._pieces, "aclose", None)
            if close:
                with contextlib.suppress(RuntimeError):  # it runs still: its own end closes it
                    await close()


async def _read(connection: Connection, response: aiohttp.ClientResponse) -> bytes:
    """What has arrived; nothing at the proper end."""
    while True:
        try:
            async with asyncio.timeout(streams.SILENCE_S):
                return await response.content.readany()
        except TimeoutError:
            await streams.ping(connection)
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(error, connection.url) from error


def _checked(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Broken(f"not a message of the Engine API: {line[:200]!r}") from error
    if not isinstance(message, dict):
        raise Broken(f"not a message of the Engine API: {line[:200]!r}")
    if words := message.get("error"):
        detail = message.get("errorDetail")
        code = detail.get("code") if isinstance(detail, dict) else None
        raise Refused(str(words), status=code if isinstance(code, int) else 500)
    return message
