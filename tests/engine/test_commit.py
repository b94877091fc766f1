"""What a container changed, the image made of it, and how that came to be, on a real engine."""

import pytest
from celery import current_app

from accounts_app.models import User
from containers_app import live_reads, services
from containers_app.models import Container
from engine.client import Engine
from engine.errors import NoSuchObject
from hosts_app.connections import engine_for
from hosts_app.models import Host
from images_app.layers import steps_of
from inventory_app.reconcile import read_containers, read_images
from jobs_app.models import Job
from tests.lab.dockerd import IMAGE, Dockerd

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]

SCRIPT = (
    "mkdir -p /data/deep; printf hello > /data/deep/file; ln -s file /data/deep/link; "
    "rm /bin/yes /bin/wget; printf x > /bin/wget"
)
CHANGED = {
    "/data": "added",
    "/data/deep": "added",
    "/data/deep/file": "added",
    "/data/deep/link": "added",
    "/bin/yes": "deleted",
    "/bin/wget": "changed",
}


@pytest.fixture
def changed(docker: Dockerd, place: Host) -> Container:
    """A container that has changed files of its image, and ended."""
    docker_id = docker.run("changed", ("sh", "-c", SCRIPT))
    docker.wait(docker_id)
    return known(place, docker_id)


def known(place: Host, docker_id: str) -> Container:
    engine = engine_for(place)
    read_images(place, engine)
    read_containers(place, engine, {})
    return Container.objects.get(docker_id=docker_id)


def commit(actor: User, container: Container, **said: object) -> Job:
    job = services.commit(actor, container.host.slug, container.docker_id, said)
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def test_changes_are_told_by_path_and_kind_with_sizes_of_files(changed: Container) -> None:
    found = {each.path: each.kind for each in live_reads.changes_of(changed, timeout_s=15)}
    assert {path: found.get(path) for path in CHANGED} == CHANGED
    assert "/bin" not in found  # it is different only by what is in it
    whole, sizes = live_reads.sizes_in(changed, [*CHANGED, "/no/such"], timeout_s=15)
    assert sizes == {"/data/deep/file": 5, "/bin/wget": 1}
    assert whole == 6 + len("file")  # what a link says counts


def test_a_container_that_changed_nothing_has_no_changes(docker: Dockerd, place: Host) -> None:
    assert engine_for(place).changes(docker.create("quiet")) == []


@pytest.mark.parametrize("container_id", ["nosuch", "../images", ""])
def test_no_such_container_has_changes(docker: Dockerd, container_id: str) -> None:
    with Engine(docker.connection) as engine, pytest.raises(NoSuchObject):
        engine.changes(container_id)


def test_an_image_is_made_with_all_that_was_said(changed: Container, operator: User) -> None:
    said = {
        "reference": "shop/web:fixed",
        "message": "wget by hand",
        "author": "ada",
        "changes": ['CMD ["sh", "-c", "cat /data/deep/file"]', 'ENV MODE="two words"', "USER 1000",
                    "EXPOSE 80/tcp", "LABEL a=b"],
    }  # fmt: skip
    job = commit(operator, changed, **said)
    assert job.state == "succeeded", job.error
    engine = engine_for(changed.host)
    made, base = engine.image("shop/web:fixed"), engine.image(IMAGE)
    assert job.result == {"id": made.id, "reference": "shop/web:fixed"}
    assert made.command == ("sh", "-c", "cat /data/deep/file")
    assert (made.env["MODE"], made.user, made.labels["a"]) == ("two words", "1000", "b")
    assert (made.author, made.comment) == ("ada", "wget by hand")
    assert made.layers[: len(base.layers)] == base.layers
    assert len(made.layers) == len(base.layers) + 1

    steps = steps_of(engine.image_history(made.id), made.layers)
    assert [step.layer for step in steps if step.layer] == list(made.layers)
    assert (steps[-1].comment, steps[-1].size_bytes) == ("wget by hand", 10)
    assert steps[-1].layer == made.layers[-1]


def test_a_running_container_goes_on_after_it(
    docker: Dockerd, place: Host, operator: User
) -> None:
    container = known(place, docker.run("live"))
    for pause in (True, False):
        job = commit(operator, container, reference="shop/live:1", pause=pause)
        assert job.state == "succeeded", job.error
        assert engine_for(place).container(container.docker_id).state == "running"


def test_what_only_the_engine_refuses_is_the_job_s_error_in_its_words(
    changed: Container, operator: User
) -> None:
    engine_for(changed.host).remove(changed.docker_id)
    job = commit(operator, changed, reference="shop/web:1")
    assert job.state == "failed"
    assert "No such container" in job.error


def test_a_second_attempt_knows_the_image_of_the_first(changed: Container, operator: User) -> None:
    job = commit(operator, changed, reference="shop/web:fixed", message="once")
    assert job.result
    made = job.result["id"]
    Job.objects.filter(pk=job.pk).update(state="queued", result=None, finished=None, attempt=1)
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert job.result == {"id": made, "reference": "shop/web:fixed"}
    assert engine_for(changed.host).image("shop/web:fixed").id == made
