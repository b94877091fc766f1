"""What a page of logs scrolls by: stretches of one or several, which meet and tell their ends."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts_app.models import Role, User
from engine.cursor import timestamp_of
from hosts_app.models import Grant, Host
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, fields, is_problem

pytestmark = pytest.mark.django_db(transaction=True)
S = 10**9


class Fleet:
    """Two logs of two engines, one of whose clocks is an hour ahead."""

    def __init__(self, near: FakeEngine, far: FakeEngine) -> None:
        self.near, self.far = near, far
        self.ids = {near: near.add_container("web"), far: far.add_container("db")}
        self.written: list[str] = []

    def write(self, engine: FakeEngine, text: str, *, age_s: float) -> None:
        engine.daemon.clock_offset_s = (3600.0 if engine is self.far else 0.0) - age_s
        engine.daemon.log(engine.daemon.containers[self.ids[engine]], text)
        engine.daemon.clock_offset_s = 3600.0 if engine is self.far else 0.0
        self.written.append(text)


@pytest.fixture
def fleet(host: Host, viewer: User) -> Iterator[Fleet]:
    with FakeEngine() as near, FakeEngine() as far:
        Host.objects.filter(pk=host.pk).update(url=near.url)
        host.refresh_from_db()
        other = make.host("far", url=far.url)
        Grant.objects.create(user=viewer, host=other, role=Role.VIEWER)
        fleet = Fleet(near, far)
        make.container(host, "web", docker_id=fleet.ids[near], project="shop")
        make.container(other, "db", docker_id=fleet.ids[far], project="shop")
        yield fleet


@pytest.fixture
def script(viewer: User) -> Script:
    return Script(viewer, "read")


def page(script: Script, query: str) -> dict[str, Any]:
    answer = script.get(f"logs/page?{query}")
    assert answer.status == 200, answer.content
    found: dict[str, Any] = answer.body
    return found


def texts(found: dict[str, Any]) -> list[str]:
    return [line[3] for line in found["lines"]]


def edges(found: dict[str, Any], held: list[list[Any]]) -> str:
    """Each log's own end of what is held, as the browser tells it."""
    first = {found["sources"][line[1]]["c"]: line[4] for line in held}
    return "".join(f"&edge={name}@{cursor}" for name, cursor in first.items())


def test_stretches_of_several_logs_meet_going_back_and_coming_forth(
    script: Script, fleet: Fleet
) -> None:
    for number in range(40):
        engine = fleet.far if number % 3 == 0 else fleet.near
        fleet.write(engine, f"line {number}", age_s=4000.0 - number)
    found = page(script, "select=project:shop&lines=7")
    held = found["lines"]
    assert texts(found) == fleet.written[-7:]
    assert (found["first"], found["last"]) == (False, None)
    assert [each["skew_ms"] // 10_000 for each in found["sources"]] == [360, 0]
    while not found["first"]:
        found = page(script, f"select=project:shop&lines=7{edges(found, held[::-1])}")
        held = found["lines"] + held
    assert [line[3] for line in held] == fleet.written
    there = held[:10]
    while not found["last"]:
        query = f"select=project:shop&way=newer&lines=7{edges(found, there)}"
        found = page(script, query)
        there = there + found["lines"]
    assert [line[3] for line in there] == fleet.written


def test_a_moment_and_a_line_open_with_what_is_around_them(script: Script, fleet: Fleet) -> None:
    for number in range(20):
        fleet.write(fleet.far if number % 2 else fleet.near, f"line {number}", age_s=60.0 - number)
    whole = page(script, "c=lab/web&c=far/db")["lines"]
    line = next(each for each in whole if each[3] == "line 11")
    query = "c=lab/web&c=far/db&way=around&lines=4"
    found = page(script, f"{query}&line=far/db@{line[0]}")
    assert texts(found) == ["line 9", "line 10", "line 11", "line 12"]
    assert (found["first"], found["last"]) == (False, False)
    at = next(each for each in whole if each[3] == "line 4")[0]
    assert texts(page(script, f"{query}&at={at}"))[2] == "line 4"
    found = page(script, f"{query}&at=2001-01-01T00:00:00Z")
    assert (texts(found), found["first"]) == (["line 0", "line 1"], True)


def test_lines_of_one_nanosecond_are_not_lost_at_the_edge_of_a_stretch(
    script: Script, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = fleet.near.daemon.now_ns() - S
    monkeypatch.setattr(fleet.near.daemon, "now_ns", lambda: at)
    for number in range(9):
        fleet.write(fleet.near, f"line {number}", age_s=0)
    monkeypatch.undo()
    found = page(script, f"c=lab/web&way=newer&lines=4&at={timestamp_of(at)}")
    held = found["lines"]
    while not found["last"]:
        found = page(script, f"c=lab/web&way=newer&lines=4{edges(found, held)}")
        held = held + found["lines"]
    assert [line[3] for line in held] == fleet.written


def test_one_that_cannot_be_read_is_named_beside_the_others(script: Script, fleet: Fleet) -> None:
    fleet.write(fleet.near, "still here", age_s=0)
    fleet.far.fail("GET /containers/.*/logs", 501, "the driver keeps nothing")
    found = page(script, "select=project:shop")
    assert texts(found) == ["still here"]
    assert found["unread"][0]["c"] == f"far/{fleet.ids[fleet.far]}"
    assert "the driver keeps nothing" in found["unread"][0]["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("c=lab/web&at=yesterday", "at"),
        ("c=lab/web&at=2026-13-24T00:00:00.000000000Z", "at"),
        ("c=lab/web&line=lab/web", "line"),
        ("c=lab/web&line=far/db@2026-11-24T00:00:00.000000000Z", "line"),
        ("c=lab/web&edge=lab/web@soon", "edge"),
        ("c=lab/web&lines=0", "lines"),
        ("", "c"),
    ],
)
def test_what_makes_no_sense_is_named(
    script: Script, fleet: Fleet, query: str, field: str
) -> None:
    assert fields(script.get(f"logs/page?{query}")) == {field}


def test_what_a_user_does_not_see_is_not_there(stranger: User, fleet: Fleet) -> None:
    assert is_problem(Script(stranger, "read").get("logs/page?c=lab/web"), 404, "not_found")
