"""Pages and files of a real engine's log: exact, cut short never, and gone with the client."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from accounts_app.models import User
from containers_app.logs import download as log_download
from containers_app.logs.download import Download, Piece
from containers_app.logs.reads import Bounds
from containers_app.logs.sources import Source
from engine.errors import EngineError
from engine.types import Connection
from hosts_app.models import Host
from tests.fakes.proxy import ChaosProxy
from tests.lab.dockerd import Dockerd

pytestmark = pytest.mark.engine

LINES = 30_000
TALK = f"awk 'BEGIN {{ for (i = 0; i < {LINES}; i++) print \"line\", i }}'; echo oops >&2"
PERSON = User(pk=1)


@pytest.fixture
def written(docker: Dockerd) -> Iterator[str]:
    container_id = docker.run("talker", ["sh", "-c", TALK])
    docker.wait(container_id)
    yield container_id
    docker.clear()


def download(connection: Connection, container_id: str, **bounds: Any) -> Download:
    host = Host(pk=1, slug="lab", url=connection.url)
    source = Source(host, 1, container_id, "talker", datetime.now(UTC), None, connection)
    piece = Piece(
        [source], {source.name: False}, Bounds(**bounds), "ndjson", packed=False,
        allowed=lambda: True,
    )  # fmt: skip
    return Download(piece, PERSON)


async def lines(download: Download) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        parts = [part async for part in download]
    return [orjson.loads(line) for line in b"".join(parts).splitlines()]


async def test_a_whole_log_and_its_pages_are_what_the_engine_has(
    docker: Dockerd, written: str
) -> None:
    whole = await lines(download(docker.connection, written))
    out = [line["text"] for line in whole if line["stream"] == "out"]
    assert out == [f"line {number}" for number in range(LINES)]
    assert len(whole) == LINES + 1
    newest = await lines(download(docker.connection, written, tail=100))
    assert newest == whole[-100:]
    for start in (LINES + 1 - 100, LINES + 1 - 600):
        older = download(docker.connection, written, tail=500, before=whole[start]["cursor"])
        assert await lines(older) == whole[start - 500 : start]
    first = download(docker.connection, written, tail=500, before=whole[7]["cursor"])
    assert await lines(first) == whole[:7]


async def test_a_cut_is_never_taken_for_the_end(docker: Dockerd, written: str) -> None:
    with ChaosProxy(docker.connection) as proxy:
        proxy.cut_after = 500_000
        with pytest.raises(EngineError):
            await lines(download(proxy.connection, written))
    assert not log_download.DOWNLOADS._taken


async def test_who_leaves_closes_the_engine_s_stream(docker: Dockerd, written: str) -> None:
    with ChaosProxy(docker.connection) as proxy:
        proxy.bytes_per_s = 1_000_000
        answer = download(proxy.connection, written)
        await anext(answer)
        await until(lambda: proxy.open == 1)
        answer.close()
        await until(lambda: proxy.open == 0)
    assert not log_download.DOWNLOADS._taken


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)
