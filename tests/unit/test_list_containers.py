"""The list of containers: who sees what, filter words, states, groups, order, pages."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import Role, User
from containers_app import listing
from containers_app.rows import status_text
from core.errors import Invalid
from hosts_app.models import Grant, Host
from tests import make


def names(user: User, query: str = "") -> list[str]:
    params = QueryDict(query)
    found = listing.listing(user, listing.read(params), params)
    return [row.name for row in found.rows]


@pytest.fixture
def fleet(host: Host) -> Host:
    """Five containers on two hosts; `lab` is the first."""
    other = make.host("edge")
    make.container(
        host, "shop-web", project="shop", labels={"tier": "front"}, port_words=",80,8080,"
    )
    make.container(
        host, "shop-db", project="shop", image_ref="postgres:17", state="exited", exit_code=1
    )
    make.container(host, "cache", image_ref="redis:8", state="exited", exit_code=0)
    make.container(host, "sick", state="running", health="unhealthy", docker_id=f"5ea5{'0' * 60}")
    make.container(other, "edge-web", project="shop")
    return host  # fmt: skip


def test_a_user_sees_only_the_containers_of_his_hosts(
    fleet: Host, viewer: User, stranger: User, admin: User
) -> None:
    assert "edge-web" not in names(viewer)
    assert names(stranger) == []
    assert len(names(admin)) == 5


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("shop", {"shop-web", "shop-db"}),
        ("shop -db", {"shop-web"}),
        ("image:redis", {"cache"}),
        ("project:shop state:failed", {"shop-db"}),
        ("state:exited", {"cache"}),
        ("health:unhealthy", {"sick"}),
        ("label:tier", {"shop-web"}),
        ("label:tier=front", {"shop-web"}),
        ("label:tier=back", set()),
        ("port:8080", {"shop-web"}),
        ("port:808", set()),
        ("id:5ea5", {"sick"}),
        ("host:lab name:sick", {"sick"}),
        ('"shop-web"', {"shop-web"}),
        ("-project:shop", {"cache", "sick"}),
        ("project:=sho", set()),
        ("project:=shop -name:=shop-db", {"shop-web"}),
    ],
)
def test_every_filter_word_must_match(
    fleet: Host, viewer: User, words: str, expected: set[str]
) -> None:
    query = QueryDict(mutable=True)
    query["q"] = words
    assert set(names(viewer, query.urlencode())) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=colour:red", "q"),
        ("q=state:flying", "q"),
        ("q=port:http", "q"),
        ("q=name:", "q"),
        ("state=flying", "state"),
        ("sort=password", "sort"),
        ("group=owner", "group"),
    ],
)
def test_what_does_not_exist_is_an_error_at_its_field(query: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        listing.read(QueryDict(query))
    assert [error.field for error in caught.value.errors] == [field]


def test_the_page_shows_the_error_and_keeps_what_was_typed(
    client: Client, fleet: Host, viewer: User
) -> None:
    answer = make.session(client, viewer).get("/containers/?q=colour:red")
    assert answer.status_code == 422
    assert "There is no filter" in answer.content.decode()
    assert 'value="colour:red"' in answer.content.decode()


def test_groups_with_problems_come_first(fleet: Host, viewer: User) -> None:
    assert names(viewer) == ["shop-db", "shop-web", "cache", "sick"]


def test_pages_cut_through_groups_without_losing_a_row(host: Host, viewer: User) -> None:
    for number in range(25):
        make.container(host, f"c{number:02}", project=f"p{number % 4}")
    pages = [names(viewer, f"page_size=7&page={page}") for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [7, 7, 7, 4]
    assert len({name for page in pages for name in page}) == 25


def test_a_page_beyond_the_end_is_the_last_one(fleet: Host, viewer: User) -> None:
    assert names(viewer, "page=99&group=none") == names(viewer, "group=none")


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["cache", "shop-db", "shop-web", "sick"]),
        ("-name", ["sick", "shop-web", "shop-db", "cache"]),
        ("image", ["shop-web", "sick", "shop-db", "cache"]),
    ],
)
def test_rows_are_sorted_by_a_column(
    fleet: Host, viewer: User, sort: str, expected: list[str]
) -> None:
    assert names(viewer, f"group=none&sort={sort}") == expected


@pytest.mark.parametrize("column", ["created", "started"])
def test_moments_sort_both_ways(host: Host, viewer: User, column: str) -> None:
    for name, hours in (("middle", 2), ("new", 1), ("old", 3)):
        make.container(host, name, **{column: now() - timedelta(hours=hours)})
    up, down = (names(viewer, f"group=none&sort={sign}{column}") for sign in ("", "-"))
    assert {tuple(up), tuple(down)} == {("old", "middle", "new"), ("new", "middle", "old")}
    assert up != down


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"state": "running"}, "Up 3h"),
        ({"state": "running", "health": "healthy"}, "Up 3h · healthy"),
        ({"state": "running", "health": "unhealthy"}, "Up 3h · unhealthy"),
        ({"state": "paused"}, "Paused · up 3h"),
        ({"state": "restarting", "exit_code": 1}, "Restarting (1) · 2h"),
        ({"state": "exited", "exit_code": 137}, "Exited (137) · 2h"),
        ({"state": "created"}, "Created · 4h"),
        ({"state": "dead"}, "Dead"),
        ({"state": "of tomorrow"}, "of tomorrow"),
    ],
)
def test_a_state_is_told_with_its_age(host: Host, fields: dict[str, Any], text: str) -> None:
    hours = {"created": 4, "started": 3, "finished": 2}
    at = now()
    moments = {name: at - timedelta(hours=each) for name, each in hours.items()}
    row = make.container(host, "web", **(moments | fields))
    assert status_text(row, at) == text


def test_the_toggles_count_what_the_words_match_whatever_the_state(
    fleet: Host, viewer: User
) -> None:
    params = QueryDict("q=project:shop&state=failed")
    found = listing.listing(viewer, listing.read(params), params)
    assert [row.name for row in found.rows] == ["shop-db"]
    assert (found.states["all"], found.states["running"], found.states["failed"]) == (2, 1, 1)


def test_an_unreachable_host_keeps_its_rows_and_says_how_old_they_are(
    client: Client, fleet: Host, viewer: User
) -> None:
    as_of = now() - timedelta(minutes=4)
    Host.objects.filter(pk=fleet.pk).update(state="down", as_of=as_of, state_since=as_of)
    text = make.session(client, viewer).get("/containers/").content.decode()
    assert f"Unknown · as of {as_of:%H:%M:%S} UTC" in text
    assert "lab: Down for 4m. Its 4 containers show the last known state." in text


def test_exit_code_0_is_no_failure(client: Client, fleet: Host, viewer: User) -> None:
    text = make.session(client, viewer).get("/containers/").content.decode()
    assert re.search(r"class=\"r s-exited[^>]*>.*?>cache</a>", text)
    assert re.search(r"class=\"r s-failed[^>]*>.*?>shop-db</a>", text)


@pytest.mark.parametrize("rows", [1, 50])
def test_a_page_costs_the_same_number_of_queries_for_1_and_for_50_rows(
    client: Client, host: Host, viewer: User, django_assert_max_num_queries: Any, rows: int
) -> None:
    for number in range(rows):
        make.container(host, f"c{number:02}", project=f"p{number % 9}")
    make.session(client, viewer)
    with django_assert_max_num_queries(11):
        assert client.get("/containers/").status_code == 200


def test_hostile_texts_are_shown_as_text(client: Client, host: Host, viewer: User) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    make.container(host, "evil", project=hostile, image_ref=hostile, status=hostile)
    text = make.session(client, viewer).get("/containers/").content.decode()
    assert "<img" not in text
    assert "&lt;img src=x" in text


def test_chinese_is_chinese(client: Client, fleet: Host, viewer: User) -> None:
    Grant.objects.filter(user=viewer).update(role=Role.VIEWER)
    User.objects.filter(pk=viewer.pk).update(language="zh-hans")
    text = make.session(client, viewer).get("/containers/").content.decode()
    assert "<h1>容器</h1>" in text
