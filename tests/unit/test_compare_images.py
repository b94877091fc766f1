"""Two images beside each other: what changed in how they run and in their layers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts_app.models import User
from core.compare import Change, Layer, Side, bytes_of, compare
from hosts_app.models import Host
from tests import make
from tests.fakes.engine import FakeEngine

SECRET = "hunter2-canary"
PLAIN = Side(
    platform="linux/amd64",
    command=("sh",),
    ports=("80/tcp",),
    environment={"PATH": "/bin", "TOKEN": "one"},
    labels={"a": "1"},
    layers=(Layer("base", 100, "ADD rootfs"), Layer("app", 20, "COPY app")),
)
digests = st.lists(st.sampled_from("abcdef"), max_size=12)


def of(digests: list[str]) -> Side:
    return Side(layers=tuple(Layer(digest, 1) for digest in digests))


# -- The function -------------------------------------------------------------------------------


def test_an_image_is_the_same_as_itself() -> None:
    found = compare(PLAIN, PLAIN)
    assert found.same
    assert found.changes == ()
    assert found.shared == PLAIN.layers


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"platform": "linux/arm64"}, Change("platform", "", "linux/amd64", "linux/arm64")),
        ({"command": ("sh", "-c", "x")}, Change("command", "", ("sh",), ("sh", "-c", "x"))),
        ({"entrypoint": ("/e",)}, Change("entrypoint", "", None, ("/e",))),
        ({"command": ()}, Change("command", "", ("sh",), None)),
        ({"user": "1000"}, Change("user", "", None, "1000")),
        ({"working_dir": "/app"}, Change("working_dir", "", None, "/app")),
        ({"stop_signal": "SIGQUIT"}, Change("stop_signal", "", None, "SIGQUIT")),
        ({"health_check": ("NONE",)}, Change("health_check", "", None, ("NONE",))),
        ({"ports": ("80/tcp", "443/tcp")}, Change("ports", "443/tcp", None, "443/tcp")),
        ({"ports": ()}, Change("ports", "80/tcp", "80/tcp", None)),
        ({"volumes": ("/data",)}, Change("volumes", "/data", None, "/data")),
        ({"labels": {"a": "2"}}, Change("labels", "a", "1", "2")),
        ({"labels": {}}, Change("labels", "a", "1", None)),
        ({"labels": {"a": "1", "b": ""}}, Change("labels", "b", None, "")),
    ],
)
def test_each_difference_is_named(changed: dict[str, Any], expected: Change) -> None:
    found = compare(PLAIN, replace(PLAIN, **changed))
    assert found.changes == (expected,)
    assert not found.same


def test_values_of_the_environment_are_compared_and_never_told() -> None:
    other = replace(PLAIN, environment={"PATH": "/bin", "TOKEN": SECRET, "EMPTY": ""})
    found = compare(PLAIN, other)
    assert found.changes == (
        Change("environment", "EMPTY", None, ""),
        Change("environment", "TOKEN", "***", "***"),
    )
    assert SECRET not in repr(found)
    assert SECRET not in repr(other)


def test_layers_are_shared_or_of_one_side_with_their_bytes() -> None:
    other = replace(PLAIN, layers=(PLAIN.layers[0], Layer("new", 7), Layer("more", None)))
    found = compare(PLAIN, other)
    assert found.shared == PLAIN.layers[:1]
    assert [layer.digest for layer in found.only_left] == ["app"]
    assert [layer.digest for layer in found.only_right] == ["new", "more"]
    assert bytes_of(found.only_left) == 20
    assert bytes_of(found.only_right) is None  # of one of them nobody knows the size


@given(digests, digests)
def test_no_layer_is_lost_or_told_twice(left: list[str], right: list[str]) -> None:
    rows = compare(of(left), of(right)).rows
    assert [each.digest for each, _ in rows if each] == left
    assert [each.digest for _, each in rows if each] == right
    assert all(one.digest == other.digest for one, other in rows if one and other)


@given(digests, digests)
def test_the_other_way_round_it_says_the_opposite(left: list[str], right: list[str]) -> None:
    one = replace(of(left), labels=dict.fromkeys(left, "1"))
    two = replace(of(right), labels=dict.fromkeys(right, "2"))
    there, back = compare(one, two).changes, compare(two, one).changes
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    assert [(each.name, opposite[each.kind]) for each in there] == [
        (each.name, each.kind) for each in back
    ]


# -- The page -----------------------------------------------------------------------------------


@pytest.fixture
def fake(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        Host.objects.filter(pk=host.pk).update(url=engine.url)
        host.refresh_from_db()
        base = ("sha256:" + "b" * 64, "ADD file in /", 4_000_000)
        for tag, more in [("1", "c"), ("2", "d")]:
            layers = [base, ("sha256:" + more * 64, f"COPY {more} /", 1_000_000)]
            config = {"Env": [f"TOKEN={SECRET}{tag}"], "User": tag}
            made = engine.add_image(f"shop/web:{tag}", layers=layers, config=config)
            make.image(host, f"shop/web:{tag}", docker_id=made.id)
        yield engine


def look(client: Client, user: User, query: str) -> tuple[int, str]:
    make.session(client, user)
    answer = client.get(f"/images/compare/{query}")
    return answer.status_code, answer.content.decode()


def test_the_page_compares_what_its_address_names(
    fake: FakeEngine, viewer: User, client: Client
) -> None:
    status, page = look(client, viewer, "?left=lab/shop/web:1&right=lab/shop/web:2")
    assert status == 200
    assert page.count("<h1>") == 1
    for said in ("TOKEN", "changed", "COPY c /", "COPY d /", "1 layer", "shared", "only left"):
        assert said in page, said
    assert SECRET not in page
    assert "?left=lab/shop/web:2&amp;right=lab/shop/web:1" in page  # the other way round


def test_with_one_side_it_offers_the_likely_others(
    fake: FakeEngine, viewer: User, client: Client
) -> None:
    status, page = look(client, viewer, "?left=lab/shop/web:1")
    assert status == 200
    assert "?left=lab/shop/web:1&amp;right=lab/shop/web:2" in page
    assert '<option value="lab/shop/web:2">' in page
    assert not fake.asked("GET /images/json")


def test_the_same_image_twice_has_no_difference(
    fake: FakeEngine, viewer: User, client: Client
) -> None:
    _status, page = look(client, viewer, "?left=lab/shop/web:1&right=lab/shop/web:1")
    assert "No difference" in page


@pytest.mark.parametrize("wrong", ["web", "lab/", "/x", "lab/no/such:1", "nosuch/shop/web:1"])
def test_what_names_no_image_is_said_at_its_field(
    fake: FakeEngine, viewer: User, client: Client, wrong: str
) -> None:
    status, page = look(client, viewer, f"?left=lab/shop/web:1&right={wrong}")
    assert status == 422
    assert 'id="right-error"' in page
    assert 'id="left-error"' not in page


def test_an_engine_that_is_away_is_told_in_its_words(
    fake: FakeEngine, viewer: User, client: Client
) -> None:
    Host.objects.update(state=Host.State.DOWN, error="connection refused")
    status, page = look(client, viewer, "?left=lab/shop/web:1&right=lab/shop/web:2")
    assert status == 200
    assert "connection refused" in page
    assert "only left" not in page


def test_hosts_that_one_does_not_see_are_no_choice(
    fake: FakeEngine, stranger: User, client: Client
) -> None:
    status, page = look(client, stranger, "?left=lab/shop/web:1&right=lab/shop/web:2")
    assert status == 422
    assert "shop/web:1</a>" not in page
    assert "<option" not in page
