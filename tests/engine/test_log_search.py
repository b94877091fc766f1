"""Searches of real logs: all of each, side by side, and gone with whoever asked."""

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts_app.models import User
from containers_app.logs import search as log_search
from containers_app.logs.finding import Wanted, wanted
from containers_app.logs.search import Search, Stream
from containers_app.logs.sources import Source
from engine.types import Connection
from hosts_app.models import Host
from tests.fakes.proxy import ChaosProxy
from tests.lab.dockerd import Dockerd, needed

pytestmark = pytest.mark.engine

LINES = 60_000
TALK = (
    f'awk \'BEGIN {{ for (i = 0; i < {LINES}; i++) print (i % 7919 ? "GET" : "deadlock"), i; '
    'for (i = 0; i < 20000; i++) printf "long "; print "deadlock at its end" }\'; '
    "echo deadlock of stderr >&2; printf 'deadlock without an end'"
)
PERSON = User(pk=1)


@pytest.fixture
def written(docker: Dockerd) -> Iterator[str]:
    """A container that has written its log and ended."""
    container_id = docker.run("talker", ["sh", "-c", TALK])
    docker.wait(container_id)
    yield container_id
    docker.clear()


def source(connection: Connection, container_id: str) -> Source:
    host = Host(pk=1, slug="lab", url=connection.url)
    return Source(host, 1, container_id, "talker", datetime.now(UTC), None, connection)


def search(lines: Wanted, *sources: Source, stream: Any = "") -> Stream:
    return Stream(Search(sources, lines, stream, None, None, allowed=lambda: True), PERSON)


async def told(stream: Stream) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        parts = [part async for part in stream]
    return [json.loads(line) for line in b"".join(parts).splitlines()]


def truth(docker: Dockerd, container_id: str, word: str) -> list[str]:
    """As the engine's own command and a plain loop find them, in order of the text."""
    command = [needed("docker", "docker.io"), "-H", docker.url, "logs", container_id]
    output = subprocess.run(command, check=True, stdout=-1, stderr=subprocess.STDOUT).stdout
    return sorted(line for line in output.decode().split("\n") if word in line)


async def test_a_whole_log_long_and_unended_lines_too(docker: Dockerd, written: str) -> None:
    lines = await told(
        search(wanted("DEADLOCK", regex=False, case=False), source(docker.connection, written))
    )
    hits = [line for line in lines if line["t"] == "hit"]
    expected = await asyncio.to_thread(truth, docker, written, "deadlock")
    short = [text for text in expected if len(text) < 1000]
    assert len(short) == LINES // 7919 + 3
    assert sorted(hit["text"] for hit in hits if len(hit["text"]) < 1000) == short
    assert any(hit["text"].endswith("deadlock at its end") for hit in hits)
    assert [hit["stream"] for hit in hits].count("err") == 1
    end = lines[-1]
    assert (end["cut"], end["failed"], end["hits"]) == (None, 0, len(hits))
    assert end["lines"] == LINES + 4  # the long line comes in two pieces


async def test_several_side_by_side_and_one_stream_only(docker: Dockerd, written: str) -> None:
    second = await asyncio.to_thread(docker.run, "other", ["sh", "-c", "echo deadlock here"])
    await asyncio.to_thread(docker.wait, second)
    pattern = wanted("^deadlock (here|of)", regex=True, case=True)
    both = [source(docker.connection, each) for each in (written, second)]
    lines = await told(search(pattern, *both))
    assert {(line["n"], line["text"]) for line in lines if line["t"] == "hit"} == {
        (0, "deadlock of stderr"),
        (1, "deadlock here"),
    }
    lines = await told(search(pattern, *both, stream="out"))
    assert [line["text"] for line in lines if line["t"] == "hit"] == ["deadlock here"]


async def test_who_leaves_closes_the_engine_s_streams(docker: Dockerd, written: str) -> None:
    with ChaosProxy(docker.connection) as proxy:
        proxy.bytes_per_s = 100_000
        stream = search(Wanted(), source(proxy.connection, written))
        await anext(stream)
        await until(lambda: proxy.open == 1)
        stream.close()
        await until(lambda: proxy.open == 0)
        assert not log_search.SEARCHES._taken


async def test_a_cut_is_never_taken_for_the_end(docker: Dockerd, written: str) -> None:
    with ChaosProxy(docker.connection) as proxy:
        proxy.cut_after = 500_000
        lines = await told(
            search(
                wanted("no such line", regex=False, case=False), source(proxy.connection, written)
            )
        )
    assert [line["n"] for line in lines if line["t"] == "error"] == [0]
    assert lines[-1]["failed"] == 1


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)
