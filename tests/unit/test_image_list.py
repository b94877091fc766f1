"""The list of images: who sees what, filter words, states, groups, order, cost, what it asks."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import User
from hosts_app.models import Host
from images_app import listing, live, services
from images_app.models import Image
from jobs_app.models import Job
from tests import make

DIGEST = "sha256:" + "d" * 64


def labels(user: User, query: str = "") -> list[str]:
    params = QueryDict(query)
    return [row.label for row in listing.listing(user, listing.read(params), params).rows]


def search(user: User, words: str) -> set[str]:
    query = QueryDict(mutable=True)
    query["q"] = words
    return set(labels(user, query.urlencode()))


@pytest.fixture
def fleet(host: Host) -> Host:
    """Images on two hosts; `lab` is the first. One has no tag, one is used."""
    web = make.image(host, "nginx:1.27", "shop/web:2", digests=[f"nginx@{DIGEST}"])
    make.image(host, "reg.example:5000/team/app:1.0-alpine", size_bytes=9_000_000)
    make.image(host, "redis:8")
    make.image(host)
    make.image(make.host("edge"), "edge:1")
    make.container(host, "front", image_row=web)
    make.container(host, "old", image_row=web, gone=now())
    return host


def untagged(host: Host) -> Image:
    return Image.objects.get(host=host, tags=[])


def test_a_user_sees_only_the_images_of_his_hosts_and_those_without_a_name_last(
    fleet: Host, viewer: User, stranger: User, admin: User
) -> None:
    names = ["nginx:1.27", "redis:8", "reg.example:5000/team/app:1.0-alpine"]
    assert labels(viewer) == [*names, untagged(fleet).label]
    assert labels(viewer, "sort=-name") == [*reversed(names), untagged(fleet).label]
    assert labels(stranger) == []
    assert len(labels(admin)) == 5


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("web", {"nginx:1.27"}),
        ("tag:2", {"nginx:1.27"}),
        ("tag:1.0", {"reg.example:5000/team/app:1.0-alpine"}),
        ("tag:1.2", set()),
        ("tag:5000", set()),
        ("tag:8 -name:shop", {"redis:8"}),
        ("name:team/app", {"reg.example:5000/team/app:1.0-alpine"}),
        ("digest:sha256:dddd", {"nginx:1.27"}),
        ("used:yes", {"nginx:1.27"}),
        # what stands between two names in the database is no part of any
        ("name:,", set()),
        ("name:[", set()),
        ('digest:"[]"', set()),
        ('tag:"1.27\\""', set()),
        ('name:"1.27\\", \\"shop"', set()),
        ('tag:"%"', set()),
        (",", set()),
    ],
)
def test_every_filter_word_must_match(
    fleet: Host, viewer: User, words: str, expected: set[str]
) -> None:
    assert search(viewer, words) == expected


def test_the_states_are_counted_beside_each_other(fleet: Host, viewer: User) -> None:
    params = QueryDict("state=unused")
    found = listing.listing(viewer, listing.read(params), params)
    assert len(found.rows) == 3
    assert found.states == {"all": 4, "used": 1, "unused": 3, "dangling": 1}


def test_hosts_are_headed_by_what_their_images_take(
    client: Client, fleet: Host, admin: User
) -> None:
    text = make.session(client, admin).get("/images/?group=host&sort=-size").content.decode()
    assert text.index('data-group="edge"') < text.index('data-group="lab"')
    assert "4 images · 22.9\N{NO-BREAK SPACE}MB" in text


def test_a_row_tells_names_and_who_uses_it(client: Client, fleet: Host, viewer: User) -> None:
    text = make.session(client, viewer).get("/images/?q=shop").content.decode()
    assert 'data-tags="nginx:1.27 shop/web:2"' in text
    assert 'href="/h/lab/i/nginx:1.27/"' in text
    assert '<td role="cell" class="st">front</td>' in text
    assert DIGEST[:19] in text


def test_a_host_that_does_not_answer_keeps_its_rows(
    client: Client, fleet: Host, viewer: User
) -> None:
    since = now() - timedelta(minutes=4)
    Host.objects.filter(pk=fleet.pk).update(state="down", as_of=since, state_since=since)
    text = make.session(client, viewer).get("/images/").content.decode()
    assert "lab: Down for 4m. Its 4 images are shown as last known." in text
    assert text.count(" stale") == 4


def test_hostile_names_are_shown_as_text(client: Client, host: Host, viewer: User) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    make.image(host, hostile, hostile + "2", digests=[hostile])
    text = make.session(client, viewer).get("/images/").content.decode()
    assert "<img" not in text
    assert "&lt;img src=x" in text


@pytest.mark.parametrize(
    ("query", "field"), [("q=colour:red", "q"), ("state=flying", "state"), ("group=tag", "group")]
)
def test_what_does_not_exist_is_said_at_its_field(
    client: Client, fleet: Host, viewer: User, query: str, field: str
) -> None:
    answer = make.session(client, viewer).get(f"/images/?{query}")
    assert answer.status_code == 422
    assert answer.context["filter_error"]


def test_an_empty_list_says_why(client: Client, host: Host, viewer: User, operator: User) -> None:
    assert "No images yet" in make.session(client, viewer).get("/images/").content.decode()
    assert "Pull an image" in make.session(client, operator).get("/images/").content.decode()
    make.image(host, "nginx:1")
    assert "No image matches" in client.get("/images/?q=nothing").content.decode()


@pytest.mark.parametrize("rows", [1, 50])
def test_a_page_costs_the_same_number_of_queries_for_1_and_for_50_rows(
    client: Client, host: Host, viewer: User, django_assert_max_num_queries: Any, rows: int
) -> None:
    for number in range(rows):
        image = make.image(host, f"shop/c{number:02}:1")
        make.container(host, f"c{number:02}", image_row=image)
    make.session(client, viewer)
    with django_assert_max_num_queries(22):
        assert client.get("/images/").status_code == 200


def test_open_pages_hear_what_a_row_is_now_and_what_is_gone(fleet: Host, viewer: User) -> None:
    web = Image.objects.get(tags__0="nginx:1.27")
    far = Image.objects.get(host__slug="edge")
    messages = live.patches(viewer, {web.pk, far.pk})
    assert messages == [
        {"t": "image", "d": [[web.pk, "used", "running", "front", "", ""]]},
        {"t": "image_gone", "d": [far.pk]},
    ]


def test_an_open_job_is_what_a_row_says(fleet: Host, operator: User) -> None:
    redis = Image.objects.get(tags=["redis:8"])
    job = services.act(operator, "remove", [("lab", redis.docker_id)], {})
    assert job.params == {"force": True}
    assert live.touched_by(operator, [job.pk]) == {redis.pk}
    (message,) = live.patches(operator, [redis.pk])
    assert message["d"] == [[redis.pk, "busy", "busy", "Removing…", "remove", ""]]


def test_a_bulk_removal_finds_its_images_at_once(
    host: Host, operator: User, django_assert_max_num_queries: Any
) -> None:
    targets = [("lab", make.image(host, f"shop/c{n}:1").docker_id) for n in range(40)]
    with django_assert_max_num_queries(30):
        job = services.act(operator, "remove", targets, {})
    assert job.children.count() == 40


@pytest.mark.parametrize(
    ("action", "options", "params"),
    [
        ("tag", {"reference": "shop/new"}, {"reference": "shop/new:latest"}),
        ("untag", {"reference": "shop/web:2"}, {"reference": "shop/web:2"}),
    ],
)
def test_the_page_asks_for_tags(
    client: Client,
    fleet: Host,
    operator: User,
    action: str,
    options: dict[str, str],
    params: dict[str, str],
) -> None:
    image = Image.objects.get(tags__0="nginx:1.27")
    make.session(client, operator)
    answer = client.post(
        "/images/act/",
        {"action": action, "target": f"lab/{image.docker_id}", **options},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 202
    job = Job.objects.get(pk=json.loads(answer.content)["job"])
    assert (job.kind, job.target, job.params) == (f"image.{action}", image.docker_id, params)


@pytest.mark.parametrize(
    "said",
    [
        {"action": "prune", "target": "lab/x"},
        {"action": "remove"},
        {"action": "tag", "target": ["lab/a", "lab/b"]},
        {"action": "remove", "target": "lab"},
    ],
)
def test_what_makes_no_sense_is_refused(
    client: Client, fleet: Host, operator: User, said: dict[str, Any]
) -> None:
    answer = make.session(client, operator).post(
        "/images/act/", said, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 422
    assert not Job.objects.exists()


def test_the_palette_finds_images(client: Client, fleet: Host, viewer: User) -> None:
    items = make.session(client, viewer).get("/palette/?q=team").json()["items"]
    assert [(each["kind"], each["label"]) for each in items] == [
        ("image", "reg.example:5000/team/app:1.0-alpine")
    ]
    assert items[0]["url"] == "/h/lab/i/reg.example:5000/team/app:1.0-alpine/"
