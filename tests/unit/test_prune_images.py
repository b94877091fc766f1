"""A prune of images removes exactly the unused ones that its preview showed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import current_app
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import User, UserSession
from core.errors import Conflict
from hosts_app.models import Host
from images_app import services
from images_app.listing import Query
from images_app.models import Image
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, is_problem

SIZE = 5_000_000


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def place(fake: FakeEngine, host: Host) -> Host:
    """A host with an image without a name, one with two, and one in use by a locked container."""
    host.url = fake.url
    host.save()
    for tag in ("", "shop/web:1", "used:1"):
        known(host, fake, tag)
    Image.objects.filter(tags=["shop/web:1"]).update(tags=["shop/web:1", "other/web:2"])
    made = next(each for each in fake.daemon.images.values() if "shop/web:1" in each.tags)
    fake.daemon.tag_image(made, "other/web:2")
    make.container(host, "web", image_row=Image.objects.get(tags=["used:1"]), locked_at=now())
    return host


def known(host: Host, fake: FakeEngine, tag: str) -> Image:
    added = fake.add_image(tag, size_bytes=SIZE)
    return make.image(host, *added.tags, docker_id=added.id, size_bytes=SIZE)


def names(actor: User, *, tagged: bool) -> list[str]:
    found = services.prune_preview(actor, Query(), tagged=tagged)
    return [",".join(each.image.tags) for each in found.going]


def worked(job: Job) -> dict[str, str]:
    """What became of each of its items: name → error."""
    for child in job.children.all():
        current_app.tasks[child.kind].run(child.pk)
    return dict(job.children.values_list("target_name", "error"))


def test_what_has_no_name_goes_and_all_that_is_unused_if_wanted(
    place: Host, operator: User, viewer: User
) -> None:
    assert names(operator, tagged=False) == [""]
    assert names(operator, tagged=True) == ["shop/web:1,other/web:2", ""]
    assert names(viewer, tagged=True) == []
    Host.objects.update(state="down")
    assert names(operator, tagged=True) == []


def test_it_tells_what_comes_back_and_what_stays(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    found = services.prune_preview(operator, Query(), tagged=True)
    assert (found.least_bytes, found.most_bytes) == (2 * SIZE, 2 * SIZE)
    assert [image.label for image, _users in found.staying] == ["used:1"]
    assert len(fake.asked("GET /system/df")) == 1


def test_bytes_are_not_told_where_the_engine_does_not_tell(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    place.url = "unix:///nowhere.sock"
    place.save()
    found = services.prune_preview(operator, Query(), tagged=True)
    assert (found.least_bytes, found.most_bytes) == (None, 2 * SIZE)


def test_exactly_these_go_and_never_by_the_engines_own_prune(
    client: Client, fake: FakeEngine, place: Host, operator: User
) -> None:
    web = Image.objects.get(tags__0="shop/web:1")
    make.session(client, operator)
    page = client.get("/images/prune/?all=1").content.decode()
    assert f'value="lab/{web.docker_id}"' in page
    assert "1 image is in use and stays" in page
    answer = client.post("/images/prune/", {"target": [f"lab/{web.docker_id}"]})
    job = Job.objects.get(kind="image.prune")
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert worked(job) == {"shop/web:1": ""}
    assert {tag for each in fake.daemon.images.values() for tag in each.tags} == {"used:1"}
    assert not fake.asked("POST .*prune")
    assert not [each for each in fake.requests if each.query.get("force") not in {None, "False"}]


def test_what_is_in_use_by_now_stops_the_whole(place: Host, operator: User) -> None:
    web = Image.objects.get(tags__0="shop/web:1")
    make.container(place, "late", image_row=web)
    with pytest.raises(Conflict, match="shop/web:1"):
        services.prune(operator, [("lab", web.docker_id)])
    assert not Job.objects.exists()


def test_what_is_used_or_named_after_it_was_asked_stays(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    images = list(Image.objects.exclude(tags=["used:1"]).order_by("pk"))
    job = services.prune(operator, [("lab", each.docker_id) for each in images])
    fake.daemon.tag_image(fake.daemon.images[images[0].docker_id], "kept:1")
    make.container(place, "late", image_row=images[1])
    errors = worked(job)
    assert errors[images[0].short_id] == "It has a tag by now: kept:1"
    assert errors["shop/web:1"] == "In use by late"
    tags = {tag for each in fake.daemon.images.values() for tag in each.tags}
    assert tags == {"used:1", "kept:1", "shop/web:1", "other/web:2"}


def test_it_asks_for_the_password_again(place: Host, operator: User, client: Client) -> None:
    make.session(client, operator)
    UserSession.objects.update(confirmed=now() - timedelta(minutes=11))
    web = Image.objects.get(tags__0="shop/web:1")
    answer = client.post("/images/prune/", {"target": [f"lab/{web.docker_id}"]})
    assert answer.status_code == 403
    assert not Job.objects.exists()


def test_the_api_previews_and_takes_ids(fake: FakeEngine, place: Host, host_admin: User) -> None:
    script = Script(host_admin, "admin")
    preview = script.ask("POST", "hosts/lab/images/prune", {"preview": True, "all": True})
    assert preview.status == 200
    assert preview.body["bytes"] == 2 * SIZE
    assert next(each["name"] for each in preview.body["items"]) == "shop/web:1"
    ids = [each["id"] for each in preview.body["items"]]
    assert len(script.ask("POST", "hosts/lab/images/prune", {"preview": True}).body["items"]) == 1
    answer = script.ask("POST", "hosts/lab/images/prune", {"ids": ids})
    assert (answer.status, answer.body["kind"]) == (202, "image.prune")
    for body in ({}, {"preview": True, "ids": ids}, {"ids": ids, "all": True}):
        assert is_problem(script.ask("POST", "hosts/lab/images/prune", body), 422, "invalid")
