"""A prune removes exactly the stopped containers that its preview showed."""

from collections.abc import Iterator

import pytest
from django.http import QueryDict
from django.test import Client

from accounts_app.models import User
from containers_app import listing, services
from containers_app.listing import Query
from containers_app.models import Container
from core.errors import Conflict, Locked
from hosts_app.models import Host
from jobs_app import upkeep
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def place(fake: FakeEngine, host: Host) -> Host:
    host.url = fake.url
    host.save()
    return host


def names(actor: User, query: Query | None = None) -> list[str]:
    return [each.container.name for each in services.prune_preview(actor, query or Query())]


def test_only_what_is_stopped_is_shown(place: Host, operator: User) -> None:
    for state in ("running", "paused", "restarting", "removing", "exited", "created", "dead"):
        make.container(place, state, state=state)
    assert names(operator) == ["created", "dead", "exited"]


def test_the_filter_of_the_list_narrows_it(place: Host, operator: User) -> None:
    make.container(place, "old-1", state="exited")
    make.container(place, "new-1", state="exited")
    assert names(operator, listing.read(QueryDict("q=old"))) == ["old-1"]
    assert names(operator, Query(host="other")) == []


def test_hosts_that_do_not_answer_or_are_only_looked_at_are_left_out(
    place: Host, operator: User
) -> None:
    other = make.host("other")
    make.container(other, "there", state="exited")
    make.container(place, "here", state="exited")
    assert names(operator) == ["here"]
    place.state = Host.State.DOWN
    place.save()
    assert names(operator) == []


def test_sizes_are_those_the_engine_tells(fake: FakeEngine, place: Host, operator: User) -> None:
    docker_id = fake.add_container("old", state="exited")
    make.container(place, "old", docker_id=docker_id, state="exited")
    (found,) = services.prune_preview(operator, Query())
    assert found.size_bytes is not None
    assert len(fake.asked("GET /containers/json")) == 1


def test_exactly_these_are_removed_and_never_by_the_engines_own_prune(
    client: Client, place: Host, operator: User
) -> None:
    old = make.container(place, "old", state="exited")
    make.container(place, "later", state="exited")
    make.session(client, operator)
    page = client.get("/containers/prune/").content.decode()
    assert f'value="lab/{old.docker_id}"' in page
    answer = client.post("/containers/prune/", {"target": [f"lab/{old.docker_id}"]})
    parent = Job.objects.get(kind="container.prune")
    assert answer["Location"] == f"/jobs/{parent.pk}/"
    (child,) = parent.children.all()
    assert (child.kind, child.target) == ("container.remove", old.docker_id)
    assert child.params == {"force": False, "volumes": False}


def test_what_runs_again_meanwhile_stops_the_whole(place: Host, operator: User) -> None:
    old = make.container(place, "old", state="exited")
    back = make.container(place, "back", state="running")
    with pytest.raises(Conflict, match="back"):
        services.prune(operator, [("lab", old.docker_id), ("lab", back.docker_id)])
    assert not Job.objects.exists()


def test_a_locked_one_stops_the_whole(place: Host, operator: User) -> None:
    old = make.container(place, "old", state="exited")
    services.lock(operator, "lab", old.docker_id)
    with pytest.raises(Locked):
        services.prune(operator, [("lab", old.docker_id)])


def test_only_a_person_repeats_it(place: Host, operator: User) -> None:
    old = make.container(place, "old", state="exited")
    job = services.prune(operator, [("lab", old.docker_id)])
    Job.objects.filter(pk=job.pk).update(state="running", lease="2020-01-01T00:00:00Z", owner="x")
    upkeep.take_from_the_dead()
    assert set(Job.objects.values_list("state", flat=True)) == {"interrupted"}


def test_a_viewer_is_shown_nothing_and_may_nothing(
    client: Client, place: Host, viewer: User
) -> None:
    old: Container = make.container(place, "old", state="exited")
    make.session(client, viewer)
    assert old.docker_id not in client.get("/containers/prune/").content.decode()
    answer = client.post("/containers/prune/", {"target": [f"lab/{old.docker_id}"]})
    assert answer.status_code == 403
