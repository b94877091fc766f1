"""What one container is now, asked without a thread, for whoever follows many of them."""

import asyncio
import json

from engine import parse
from engine.addresses import checked_id
from engine.errors import Broken, TimedOut, TooLarge
from engine.streams import opened, read_some
from engine.types import Connection, ContainerDetail

INSPECT_S = 5.0
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes (R13)


async def inspected(
    connection: Connection, reference: str, *, timeout_s: float = INSPECT_S
) -> ContainerDetail:
    """By ID or name, on a connection of its own. Raises NoSuchObject and what `opened` raises."""
    path = f"/containers/{checked_id(reference)}/json"
    body = bytearray()
    try:
        async with (
            asyncio.timeout(timeout_s),
            opened(connection, path, {}, timeout_s=timeout_s) as response,
        ):
            while arrived := await read_some(response):
                body += arrived
                if len(body) > LARGEST_ANSWER:
                    raise TooLarge(f"{connection.url}: the answer is over 64 MiB")
    except TimeoutError as error:
        raise TimedOut(f"{connection.url}: no answer within {timeout_s:g} s") from error
    try:
        return parse.detail(json.loads(bytes(body)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken(f"{connection.url}: not an answer of the Engine API ({error})") from error
