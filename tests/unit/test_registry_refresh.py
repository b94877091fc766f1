"""Registries read by themselves: which, when, one at a time, and what becomes of failures."""

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from registries_app.content import index
from registries_app.content.refreshing import look_at, refresh, spared
from registries_app.models import Index, Registry, Repository
from registries_app.selectors import repositories_of, tags_of
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.lab.pushing import Pusher
from tests.lab.registry import Registry as LabRegistry
from tests.unit.test_registry_index import lists, record

DEAD = "http://127.0.0.1:9"
HOUR = timedelta(hours=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The looks that a worker was woken for."""
    found: list[tuple[int, str]] = []

    def send(_name: str, arguments: list[Any], **_options: Any) -> None:
        found.append((arguments[0], arguments[1]))

    monkeypatch.setattr(current_app, "send_task", send)
    return found


@pytest.fixture
def dead(db: None) -> Registry:
    return record(DEAD)


def long_ago(registry: Registry) -> None:
    Index.objects.filter(registry=registry).update(indexed_at=now() - 2 * HOUR, retry_at=None)


def test_a_new_registry_is_read_by_itself_and_again_when_an_hour_has_gone_by(
    db: None, lab_registry: LabRegistry, sent: list[tuple[int, str]]
) -> None:
    registry = record(f"http://{lab_registry.address}")
    with Pusher(lab_registry.port) as push:
        one = push.image("refresh/shop", ["1"], layers=[b"refresh 1"])
        refresh()
        look_at(*sent.pop())
        assert dict(tags_of(registry, "refresh/shop").values_list("name", "digest")) == {
            "1": one.digest
        }
        refresh()
        assert not sent, "it is fresh"
        push.image("refresh/shop", ["2"], layers=[b"refresh 2"])
        long_ago(registry)
        refresh()
        look_at(*sent.pop())
    assert {tag.name for tag in tags_of(registry, "refresh/shop")} == {"1", "2"}
    assert registry.index.begun_at is None


def test_never_where_what_is_asked_is_counted(db: None, sent: list[tuple[int, str]]) -> None:
    hub = record("https://registry-1.docker.io", "hub", kind="hub")
    mirror = record(DEAD, "mirror", mirror_of=hub, mirror_kind="root")
    told = record("http://127.0.0.1:8", "told", budget={"limit": 100, "remaining": 3})
    assert all(map(spared, (hub, mirror, told)))
    refresh()
    assert not sent


def test_not_at_all_where_it_is_switched_off(
    dead: Registry, sent: list[tuple[int, str]], settings: Any
) -> None:
    settings.REGISTRY_REFRESH_MINUTES = 0
    refresh()
    assert not sent


def test_one_is_looked_at_at_a_time_and_a_look_that_died_is_done_again(
    dead: Registry, sent: list[tuple[int, str]]
) -> None:
    record("http://127.0.0.1:8", "second")
    refresh()
    (first,) = sent
    long_ago(dead)  # so that now it is the second that waits for longest
    refresh()
    assert len(sent) == 1
    Index.objects.update(begun_at=now() - HOUR)
    refresh()
    assert len(sent) == 2
    before = Index.objects.get(registry=first[0])
    look_at(*first)  # which comes late: another one is at work
    assert Index.objects.get(registry=first[0]).failures == before.failures == 0


def test_a_queue_that_is_away_leaves_it_for_the_next_time(
    dead: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: Any, **_options: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app, "send_task", away)
    refresh()
    assert dead.index.begun_at is None


def test_who_does_not_answer_is_left_alone_twice_as_long_each_time(
    dead: Registry, sent: list[tuple[int, str]]
) -> None:
    waits = []
    for _time in range(3):
        refresh()
        look_at(*sent.pop())
        known = Index.objects.get(registry=dead)
        assert known.retry_at
        waits.append(round((known.retry_at - now()).total_seconds() / 60))
        refresh()
        assert not sent
        Index.objects.update(retry_at=None)
    assert waits == [1, 2, 4]
    assert (known.begun_at, known.indexed_at, known.code) == (None, None, "unreachable")


def test_the_pause_that_a_registry_asks_for_is_kept(db: None, sent: list[tuple[int, str]]) -> None:
    def reply(asked: Asked, _fake: Fake) -> Reply:
        if asked.path.startswith("/v2/_catalog"):
            return Reply(body=lists("a", "b"))
        return Reply(429, headers={"Retry-After": "1800"})

    with hostile(reply) as fake:
        registry = record(fake.url)
        refresh()
        look_at(*sent.pop())
        asked = len(fake.asked)
        retry_at = Index.objects.get(registry=registry).retry_at
        assert retry_at
        assert 1700 < (retry_at - now()).total_seconds() <= 1800
        Index.objects.update(retry_at=None)  # what it said holds all the same
        refresh()
        assert not sent
        assert len(fake.asked) == asked


def test_of_a_public_registry_only_what_is_pinned_is_read(
    db: None, sent: list[tuple[int, str]]
) -> None:
    def reply(asked: Asked, _fake: Fake) -> Reply:
        return Reply(body=b'{"name": "a/b", "tags": null}')

    with hostile(reply) as fake:
        registry = record(fake.url, kind="quay")
        Repository.objects.create(registry=registry, name="a/b", pinned=True)
        refresh()
        look_at(*sent.pop())
        assert [asked.path.partition("?")[0] for asked in fake.asked] == ["/v2/a/b/tags/list"]
    assert repositories_of(registry).get().tag_count == 0


def test_a_registry_that_is_forgotten_meanwhile_ends_the_look(
    dead: Registry, sent: list[tuple[int, str]]
) -> None:
    refresh()
    Registry.objects.all().delete()
    look_at(*sent.pop())
    with pytest.raises(index.NoLonger):
        index.still(dead)
