"""The fake daemon's endless answers: events and logs."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from tests.fakes.daemon import UP, Container, Daemon, stamp


async def events(daemon: Daemon, query: dict[str, str]) -> AsyncIterator[bytes]:
    filters = json.loads(query.get("filters") or "{}")
    waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def hear(event: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(waiting.put_nowait, event)

    with daemon.lock:
        since = _nanoseconds(query.get("since")) or daemon.now_ns()
        past = [event for event in daemon.events if event["timeNano"] >= since]
        daemon.listeners.append(hear)
    try:
        for event in past:
            if _wanted(event, filters):
                yield json.dumps(event).encode() + b"\n"
        async with asyncio.timeout(_left_s(daemon, query.get("until"))):
            while event := await waiting.get():
                if _wanted(event, filters):
                    yield json.dumps(event).encode() + b"\n"
    except TimeoutError:
        return  # until
    finally:
        daemon.listeners.remove(hear)


async def log(daemon: Daemon, container: Container, query: dict[str, str]) -> AsyncIterator[bytes]:
    since, until = _nanoseconds(query.get("since")), _nanoseconds(query.get("until"))
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hear(container_id: str) -> None:
        if container_id == container.id:
            loop.call_soon_threadsafe(changed.set)

    daemon.log_listeners.append(hear)
    try:
        tail = query.get("tail", "all")
        start = max(0, len(container.log) - int(tail)) if tail.isdigit() else 0
        wanted = {1: query.get("stdout"), 2: query.get("stderr")}
        follow, stamps = query.get("follow") == "1", query.get("timestamps") == "1"
        while True:
            changed.clear()
            ended = container.state not in UP
            entries, start = container.log[start:], len(container.log)
            for entry in entries:
                if wanted[entry.stream] not in {"1", "true"}:
                    continue
                if entry.time_ns >= since and (not until or entry.time_ns <= until):
                    text = stamp(entry.time_ns).encode() + b" " if stamps else b""
                    text += entry.text
                    if container.tty:
                        yield re.sub(rb"\n$", b"\r\n", text)
                    else:
                        yield bytes((entry.stream, 0, 0, 0)) + len(text).to_bytes(4) + text
            if not follow or ended:
                return
            await changed.wait()
    finally:
        daemon.log_listeners.remove(hear)


def _wanted(event: dict[str, Any], filters: dict[str, list[str]]) -> bool:
    types, actions = filters.get("type"), filters.get("event")
    containers = filters.get("container")
    actor = event["Actor"]
    return (
        (not types or event["Type"] in types)
        and (not actions or event["Action"] in actions)
        and (
            not containers
            or actor["ID"] in containers
            or actor["Attributes"].get("name") in containers
        )
    )


def _left_s(daemon: Daemon, until: str | None) -> float | None:
    """Until `until` on the daemon's clock; None: for ever."""
    return None if until is None else max(0.0, (_nanoseconds(until) - daemon.now_ns()) / 1e9)


def _nanoseconds(text: str | None) -> int:
    """SECONDS.NNNNNNNNN, as the engine takes it."""
    whole, _, part = (text or "0").partition(".")
    return int(whole) * 10**9 + int(f"{part or '0':0<9}")
