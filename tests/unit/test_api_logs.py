"""Logs over the API: pages of older lines, filters, files, several at once, and who leaves."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils.timezone import now

from accounts_app.models import Role, User
from accounts_app.tokens import new_token
from containers_app.logs import download as log_download
from containers_app.logs import reads as log_reads
from containers_app.logs.sources import Reference, resolve
from containers_app.models import Container
from core.errors import Forbidden
from hosts_app.models import Grant, Host
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, fields, is_problem
from tests.unit.test_api_log_search import Asking

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "hosts/lab/containers/web/logs"


@pytest.fixture
def engine(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        Host.objects.filter(pk=host.pk).update(url=fake.url)
        yield fake


@pytest.fixture
def container(host: Host, engine: FakeEngine) -> Container:
    host.refresh_from_db()
    return make.container(host, "web", docker_id=engine.add_container("web"), project="shop")


@pytest.fixture
def script(viewer: User) -> Script:
    return Script(viewer, "read")


def write(engine: FakeEngine, container: Container, *texts: str, stream: int = 1) -> None:
    for text in texts:
        engine.daemon.log(engine.daemon.containers[container.docker_id], text, stream=stream)


def lines(script: Script, query: str, path: str = PATH) -> list[dict[str, Any]]:
    answer = script.get(f"{path}?format=ndjson&{query}")
    assert answer.status == 200, answer.content
    return [json.loads(line) for line in answer.content.splitlines()]


def texts(script: Script, query: str, path: str = PATH) -> list[str]:
    return [line["text"] for line in lines(script, query, path)]


def test_older_pages_meet_without_a_line_lost_or_given_twice(
    script: Script, container: Container, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [f"line {number}" for number in range(57)]
    write(engine, container, *written[:20])
    at = engine.daemon.now_ns()
    monkeypatch.setattr(engine.daemon, "now_ns", lambda: at)  # 17 in one nanosecond
    write(engine, container, *written[20:37])
    monkeypatch.undo()
    write(engine, container, *written[37:])
    page = lines(script, "tail=5")
    found = page
    while page:
        page = lines(script, f"tail=5&before={page[0]['cursor']}")
        assert len(page) in {0, 2, 5}
        found = page + found
    assert [line["text"] for line in found] == written


def test_the_last_lines_before_a_moment_may_lie_far_back(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    engine.daemon.clock_offset_s = -30 * 86400.0
    write(engine, container, "one", "two", "three")
    engine.daemon.clock_offset_s = 0.0
    moment = now().timestamp()
    write(engine, container, "four")
    assert texts(script, f"tail=2&until={moment:.6f}") == ["two", "three"]
    assert texts(script, f"tail=9&until={moment:.6f}&since={moment - 86400:.6f}") == []
    far = now() - timedelta(days=29)
    assert texts(script, f"tail=2&until={far:%Y-%m-%dT%H:%M:%SZ}") == ["two", "three"]


def test_filters_come_before_the_count(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    write(engine, container, "error a1", "fine a2", "error a3", "fine b4")
    write(engine, container, "oops a5", stream=2)
    assert texts(script, "tail=1&q=ERROR") == ["error a3"]
    assert texts(script, "tail=all&q=a[25]&re=1") == ["fine a2", "oops a5"]
    assert texts(script, "tail=2&level=error") == ["error a1", "error a3"]
    assert texts(script, "tail=1&stream=out") == ["fine b4"]
    assert texts(script, "stream=err") == ["oops a5"]
    assert texts(script, "tail=0&q=a") == []


def test_last_lines_that_are_held_are_bounded(
    script: Script, container: Container, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_download, "LARGEST", 1000)
    write(engine, container, *("x" * 100 for _ in range(20)))
    assert len(lines(script, "tail=20&stream=out")) == 3
    assert len(lines(script, "tail=20")) == 20  # the engine counts them: nothing is held


def test_a_file_is_named_and_packed_where_that_is_taken(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    write(engine, container, *("the same again" for _ in range(2000)))
    script.headers["Accept-Encoding"] = "br, gzip;q=0.5"
    answer = script.get(f"{PATH}?tail=all&download=1")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content) == b"the same again\n" * 2000
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="web-2')
    assert answer.headers["Content-Disposition"].endswith('Z.log"')
    script.headers["Accept-Encoding"] = "gzip;q=0"
    plain = script.get(f"{PATH}?tail=all")
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_several_come_in_order_of_corrected_time(
    viewer: User, script: Script, container: Container, engine: FakeEngine
) -> None:
    with FakeEngine() as ahead:
        far = make.host("far", url=ahead.url)
        Grant.objects.create(user=viewer, host=far, role=Role.VIEWER)
        other = make.container(far, "db", docker_id=ahead.add_container("db"), project="shop")
        for second in range(6):
            ahead.daemon.clock_offset_s = 3600.0 + second - 60
            engine.daemon.clock_offset_s = second - 60.0
            if second % 2:
                write(ahead, other, f"db {second}")
            else:
                write(engine, container, f"web {second}")
        ahead.daemon.clock_offset_s, engine.daemon.clock_offset_s = 3600.0, 0.0
        found = lines(script, "select=project:shop", "logs")
        assert [line["text"] for line in found] == [
            "web 0", "db 1", "web 2", "db 3", "web 4", "db 5",
        ]  # fmt: skip
        assert {line["c"] for line in found} == {
            f"lab/{container.docker_id}",
            f"far/{other.docker_id}",
        }
        text = script.get("logs?c=lab/web&c=far/db&tail=1").content
        assert text == b"lab/web | web 4\nfar/db | db 5\n"


def test_one_of_several_that_cannot_be_read_is_named_among_the_others_lines(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    gone = make.container(container.host, "gone")
    write(engine, container, "still here")
    text = script.get("logs?c=lab/web&c=lab/gone").content.decode()
    assert text.startswith("lab/gone | -- Not read: lab/gone: ")
    assert text.endswith("lab/web | still here\n")
    told, line = lines(script, "c=lab/gone&c=lab/web", "logs")
    assert (told["t"], told["c"]) == ("error", f"lab/{gone.docker_id}")
    assert line["text"] == "still here"
    alone = script.get("logs?c=lab/gone")
    assert is_problem(alone, 404, "not_found")
    assert "lab/gone" in alone.body["detail"]


def test_one_of_several_that_breaks_off_is_named_where_it_does(
    script: Script, container: Container, engine: FakeEngine
) -> None:
    other = make.container(container.host, "db", docker_id=engine.add_container("db"))
    write(engine, other, *(f"{number} {'x' * 1000}" for number in range(500)))
    write(engine, container, "the last one")
    engine.break_off(f"GET /containers/{other.docker_id}/logs", after=300_000)
    text = script.get("logs?c=lab/web&c=lab/db&tail=all").content.decode()
    assert text.startswith("lab/db | 0 xx")
    assert "\nlab/db | -- Not read: " in text
    assert text.endswith("lab/web | the last one\n")


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "c"), ("c=web", "c"), ("select=colour:red", "select"), ("c=lab/web&q=(&re=1", "q")],
)
def test_what_makes_no_sense_is_named(
    script: Script, container: Container, query: str, field: str
) -> None:
    assert fields(script.get(f"logs?{query}")) == {field}


def test_what_a_user_does_not_see_is_not_there(stranger: User, container: Container) -> None:
    script = Script(stranger, "read")
    assert is_problem(script.get(PATH), 404, "not_found")
    assert is_problem(script.get("logs?c=lab/web"), 404, "not_found")


@pytest.fixture
def token(viewer: User) -> str:
    return new_token(viewer, "tests", "read", hosts=None, expires=None)[1]


@pytest.fixture
def long(container: Container, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a log that comes in many parts."""
    monkeypatch.setattr(log_download, "BLOCK", 1)
    monkeypatch.setattr(log_download, "LEAST_BLOCK", 1)
    write(engine, container, *("x" * 10_000 for _ in range(2000)))
    return f"{PATH}?tail=all"


def taken(user: User) -> int:
    return log_download.DOWNLOADS._taken[user.pk]


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_who_leaves_takes_his_place_and_his_stream_with_him(
    viewer: User, token: str, long: str, engine: FakeEngine
) -> None:
    client = Asking(token, long)
    assert await client.begin() == 200
    assert taken(viewer) == 1
    await client.leave()
    await client.end()
    await until(lambda: taken(viewer) == 0 and not engine.streams)


async def test_a_client_that_takes_nothing_holds_no_stream(
    viewer: User, long: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_download, "STALLED_S", 0.1)
    stream = await sync_to_async(_download)(viewer)
    await anext(stream)
    await until(lambda: taken(viewer) == 0 and not engine.streams)
    with pytest.raises(TimeoutError):
        await anext(stream)


def _download(viewer: User) -> log_download.Download:
    sources = resolve(viewer, [Reference("lab", "web")])
    piece = log_download.Piece(
        sources, {sources[0].name: False}, log_reads.Bounds(), "text", packed=False,
        allowed=lambda: True,
    )  # fmt: skip
    return log_download.Download(piece, viewer)


async def test_a_right_that_is_lost_cuts_it(
    viewer: User, long: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_download, "RECHECK_S", 0.0)
    stream = await sync_to_async(_download)(viewer)
    stream._allowed = lambda: Grant.objects.filter(user=viewer).exists()
    await anext(stream)
    await Grant.objects.filter(user=viewer).adelete()
    with pytest.raises(Forbidden):
        await anext(stream)
    assert taken(viewer) == 0
