"""The search through whole logs over the API: who may, what is refused, what is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from accounts_app.models import User
from accounts_app.tokens import new_token
from containers_app.logs import search as log_search
from containers_app.logs.finding import Wanted
from containers_app.logs.sources import Reference, Source, resolve
from containers_app.models import Container
from dashboard.asgi import application
from hosts_app.models import Grant, Host
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, fields, is_problem

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "logs/search?c=lab/web"


@pytest.fixture
def engine(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        Host.objects.filter(pk=host.pk).update(url=fake.url)
        yield fake


@pytest.fixture
def container(host: Host, engine: FakeEngine) -> Container:
    host.refresh_from_db()
    return make.container(host, "web", docker_id=engine.add_container("web"))


@pytest.fixture
def token(viewer: User) -> str:
    return new_token(viewer, "tests", "read", hosts=None, expires=None)[1]


def write(engine: FakeEngine, container: Container, *texts: str, stream: int = 1) -> None:
    for text in texts:
        engine.daemon.log(engine.daemon.containers[container.docker_id], text, stream=stream)


class Asking:
    """A client of the running application, which takes what comes when it likes."""

    def __init__(self, token: str, query: str) -> None:
        path, _mark, given = query.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/api/v1/{path}",
            "query_string": given.encode(),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"authorization", f"Bearer {token}".encode()),
            ],
        }
        self._client: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]

    async def begin(self) -> int:
        """The status."""
        await self._client.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await self._client.receive_output(10)
        status: int = start["status"]
        return status

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        more, rest = True, b""
        while more:
            part = await self._client.receive_output(10)
            more = part.get("more_body", False)
            *lines, rest = (rest + part.get("body", b"")).split(b"\n")
            for line in lines:
                yield json.loads(line)

    async def leave(self) -> None:
        await self._client.send_input({"type": "http.disconnect"})

    async def end(self) -> None:
        await self._client.wait(10)


@asynccontextmanager
async def asking(token: str, query: str) -> AsyncIterator[Asking]:
    client = Asking(token, query)
    assert await client.begin() == 200
    yield client
    await client.end()


async def told(token: str, query: str) -> list[dict[str, Any]]:
    async with asking(token, query) as client:
        return [line async for line in client.lines() if line["t"] != "progress"]


def texts(lines: list[dict[str, Any]]) -> list[str]:
    return [line["text"] for line in lines if line["t"] == "hit"]


async def test_a_whole_log_is_searched_and_its_end_is_told(
    token: str, container: Container, engine: FakeEngine
) -> None:
    write(engine, container, "one error", "two", "three ERROR")
    write(engine, container, "oops, an error", stream=2)
    source, *hits, end = await told(token, f"{PATH}&q=error")
    assert source == {"t": "source", "n": 0, "c": f"lab/{container.docker_id}", "name": "web"}
    assert [(hit["stream"], hit["text"]) for hit in hits] == [
        ("out", "one error"),
        ("out", "three ERROR"),
        ("err", "oops, an error"),
    ]
    assert hits[0].keys() == {"t", "n", "ts", "stream", "text", "cursor"}
    assert (end["t"], end["hits"], end["lines"], end["done"]) == ("end", 3, 4, 1)
    assert (end["cut"], end["failed"]) == (None, 0)
    assert end["bytes"] > 0


async def test_pattern_case_stream_and_level_narrow_it(
    token: str, container: Container, engine: FakeEngine
) -> None:
    write(engine, container, "level=error a1", "level=info a2", "A3")
    write(engine, container, "error a4", stream=2)
    assert texts(await told(token, f"{PATH}&q=a[12]&re=1")) == ["level=error a1", "level=info a2"]
    assert texts(await told(token, f"{PATH}&q=A&case=1")) == ["A3"]
    assert texts(await told(token, f"{PATH}&stream=err")) == ["error a4"]
    assert texts(await told(token, f"{PATH}&level=error")) == ["level=error a1", "error a4"]
    assert texts(await told(token, f"{PATH}&q=a1&level=info,warn")) == []


async def test_it_is_cut_by_time(token: str, container: Container, engine: FakeEngine) -> None:
    write(engine, container, "one")
    assert texts(await told(token, f"{PATH}&q=one&since=1000000000")) == ["one"]
    assert texts(await told(token, f"{PATH}&q=one&until=2001-01-01T00:00:00Z")) == []


async def test_several_logs_and_a_selection(
    token: str, container: Container, engine: FakeEngine
) -> None:
    host = await Host.objects.aget()
    other_id = engine.add_container("db")
    other = await sync_to_async(make.container)(host, "db", docker_id=other_id, project="shop")
    write(engine, container, "error here")
    write(engine, other, "error there", "fine there")
    lines = await told(token, f"{PATH}&c=lab/db&q=error")
    assert {(line["n"], line["text"]) for line in lines if line["t"] == "hit"} == {
        (0, "error here"),
        (1, "error there"),
    }
    selected = await told(token, "logs/search?select=project:shop%20level:error")
    assert texts(selected) == ["error there"]
    hidden = await told(token, "logs/search?select=project:shop%20-level:error&q=there")
    assert texts(hidden) == ["fine there"]


async def test_a_log_that_cannot_be_read_is_told_and_the_others_are_searched(
    token: str, container: Container, engine: FakeEngine
) -> None:
    host = await Host.objects.aget()
    await sync_to_async(make.container)(host, "gone")
    write(engine, container, "error here")
    lines = await told(token, f"{PATH}&c=lab/gone&q=error")
    assert texts(lines) == ["error here"]
    error = next(line for line in lines if line["t"] == "error")
    assert (error["n"], error["code"]) == (1, "not_found")
    assert lines[-1]["failed"] == 1


async def test_an_engine_that_falls_silent_is_told(
    token: str, container: Container, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "IDLE_S", 0.2)
    engine.silence("GET .*/logs")
    lines = await told(token, f"{PATH}&q=error")
    assert next(line["code"] for line in lines if line["t"] == "error") == "timed_out"


async def test_enough_is_said_to_be_enough(
    token: str, container: Container, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "MOST_HITS", 5)
    write(engine, container, *(f"line {number}" for number in range(20)))
    lines = await told(token, f"{PATH}&q=line")
    assert texts(lines) == [f"line {number}" for number in range(5)]
    assert lines[-1]["cut"] == "hits"


async def test_who_leaves_takes_his_place_and_his_stream_with_him(
    viewer: User, token: str, container: Container, engine: FakeEngine
) -> None:
    engine.silence("GET .*/logs")
    async with asking(token, f"{PATH}&q=x") as client:
        await anext(client.lines())
        await until(lambda: taken(viewer) == 1)
        await client.leave()
    await until(lambda: taken(viewer) == 0)


async def test_a_right_that_is_lost_ends_it(
    viewer: User,
    token: str,
    container: Container,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_search, "RECHECK_S", 0.05)
    engine.silence("GET .*/logs")
    async with asking(token, f"{PATH}&q=x") as client:
        lines = client.lines()
        await anext(lines)
        await Grant.objects.filter(user=viewer).adelete()
        end = [line async for line in lines][-1]
    assert (end["t"], end["cut"]) == ("end", "forbidden")


async def test_a_client_that_takes_nothing_holds_no_stream(
    viewer: User,
    token: str,
    container: Container,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_search, "STALLED_S", 0.1)
    monkeypatch.setattr(log_search, "HELD_PARTS", 1)
    monkeypatch.setattr(log_search, "BLOCK", 1)
    write(engine, container, *("x" * 5000 for _ in range(500)))
    user = await User.objects.aget(pk=viewer.pk)
    sources = await sync_to_async(_sources)(user)
    search = log_search.Search(sources, Wanted(), "", None, None, allowed=lambda: True)
    stream = log_search.Stream(search, user)
    await anext(stream)
    await until(lambda: taken(viewer) == 0)
    *_parts, end = [part async for part in stream]
    assert json.loads(end)["cut"] == "stalled"


def _sources(user: User) -> list[Source]:
    return resolve(user, [Reference("lab", "web")])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=(&re=1", "q"),
        ("q=", "q"),
        (f"q={'x' * 1001}", "q"),
        ("q=x&level=loud", "level"),
        ("q=x&stream=in", "stream"),
        ("q=x&since=soon", "since"),
        ("q=x&until=1e9", "until"),
        ("q=x&re=2", "re"),
        ("q=x&follow=1", "follow"),
        ("q=x&c=web", "c"),
        ("q=x&select=colour:red", "select"),
    ],
)
def test_what_makes_no_sense_is_named(
    viewer: User, container: Container, query: str, field: str
) -> None:
    assert fields(Script(viewer, "read").get(f"{PATH}&{query}")) == {field}


def test_a_search_names_containers(viewer: User, container: Container) -> None:
    assert fields(Script(viewer, "read").get("logs/search?q=x")) == {"c"}


def test_what_a_user_does_not_see_is_not_there(stranger: User, container: Container) -> None:
    assert is_problem(Script(stranger, "read").get(f"{PATH}&q=x"), 404, "not_found")
    assert Script(None).get(f"{PATH}&q=x").status == 401


def test_a_person_searches_so_often_at_once_and_no_more(
    viewer: User, container: Container
) -> None:
    script, places = Script(viewer, "read"), log_search.SEARCHES
    with places.place(viewer.pk), places.place(viewer.pk):
        answer = script.get(f"{PATH}&q=x")
    assert is_problem(answer, 429, "rate_limited")


def taken(user: User) -> int:
    return log_search.SEARCHES._taken[user.pk]


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
