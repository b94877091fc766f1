"""Remove, tag and untag, asked through services, done by workers' tasks, on a real engine."""

import pytest
from celery import current_app
from django.utils.timezone import now

from accounts_app.models import User
from containers_app.models import Container
from hosts_app.connections import engine_for
from hosts_app.models import Host
from images_app import services
from images_app.models import Image
from inventory_app.reconcile import read_containers, read_images
from jobs_app.models import Job
from tests.lab.dockerd import IMAGE, Dockerd

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def made(docker: Dockerd, place: Host) -> Image:
    """An image of its own, of two names."""
    source = docker.run("source", ("true",))
    docker.api("POST", f"/commit?container={source}&repo=shop/web&tag=1", {})
    docker.clear()
    engine_for(place).tag_image("shop/web:1", "shop/web", "2")
    read_all(place)
    return Image.objects.get(tags__icontains="shop/web")


def read_all(place: Host) -> None:
    read_images(place, engine_for(place))
    read_containers(place, engine_for(place), {})


def worked(job: Job) -> Job:
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def tags_of(place: Host) -> set[str]:
    return {tag for image in engine_for(place).images() for tag in image.tags}


def test_an_image_of_one_tag_goes(place: Host, made: Image, operator: User) -> None:
    worked(services.untag(operator, "lab", "shop/web:2"))
    job = worked(services.remove(operator, "lab", made.docker_id))
    assert (job.state, job.error) == ("succeeded", "")
    assert tags_of(place) == {IMAGE}


def test_several_tags_go_by_force_only(place: Host, made: Image, operator: User) -> None:
    tagged = worked(services.tag(operator, "lab", made.docker_id, "other/name"))
    assert tagged.state == "succeeded"
    assert "other/name:latest" in tags_of(place)
    refused = worked(services.remove(operator, "lab", made.docker_id))
    assert refused.state == "failed"
    assert "referenced in multiple repositories" in refused.error
    assert worked(services.remove(operator, "lab", made.docker_id, force=True)).error == ""
    assert tags_of(place) == {IMAGE}


def test_several_at_once_tell_which_stayed(
    docker: Dockerd, place: Host, made: Image, operator: User
) -> None:
    docker.run("web")
    read_all(place)
    used = Image.objects.get(tags=[IMAGE])
    targets = [("lab", used.docker_id), ("lab", made.docker_id)]
    job = worked(services.remove_several(operator, targets, force=True))
    assert (job.state, job.result) == ("failed", {"succeeded": 1, "failed": 1})
    assert "In use by web" in job.children.get(state="failed").error
    assert tags_of(place) == {IMAGE}


def test_untag_leaves_the_others(place: Host, made: Image, operator: User) -> None:
    assert worked(services.untag(operator, "lab", "shop/web:2")).state == "succeeded"
    assert tags_of(place) == {IMAGE, "shop/web:1"}


def test_the_last_tag_stays_though_the_row_was_old(
    place: Host, made: Image, operator: User
) -> None:
    job = services.untag(operator, "lab", "shop/web:2")
    engine_for(place).remove_image("shop/web:1")  # somebody with a shell
    assert worked(job).state == "failed"
    assert tags_of(place) == {IMAGE, "shop/web:2"}


def test_a_lock_set_after_it_was_asked_holds(
    docker: Dockerd, place: Host, made: Image, operator: User
) -> None:
    docker.run("web", image="shop/web:1")
    read_all(place)
    job = services.remove(operator, "lab", made.docker_id, force=True)
    Container.objects.filter(name="web").update(locked_at=now())
    assert "web" in worked(job).error
    assert "shop/web:1" in tags_of(place)
