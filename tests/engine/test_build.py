"""The engine's classic builder under a Job: it builds, and a cancel ends it even while silent."""

import threading
from collections.abc import Iterator

import pytest

from accounts_app.models import Role, User
from hosts_app.models import Host
from images_app.building import builds
from images_app.building import tasks as build_tasks
from images_app.building.builds import Wanted
from jobs_app import services
from jobs_app.models import Job, JobLine
from tests import make
from tests.lab.dockerd import Dockerd, until

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
ASLEEP = "FROM lab/busybox\nRUN sleep 1000 # of test_build\n"


@pytest.fixture
def place(docker: Dockerd) -> Iterator[Host]:
    yield make.host(url=docker.url)
    docker.cli("image", "prune", "--force", "--filter", "label=lab=build")


def asked(actor: User, dockerfile: str, *tags: str) -> Job:
    wanted = Wanted(
        dockerfile=dockerfile, tags=list(tags), labels={"lab": "build"}, network="none"
    )
    return builds.build(actor, "lab", wanted)


@pytest.fixture
def builder(place: Host) -> User:
    return make.user("builder", on=place, role=Role.OPERATOR)


def test_steps_tags_and_the_cache_are_told(docker: Dockerd, builder: User) -> None:
    dockerfile = "FROM lab/busybox\nRUN echo hello && echo there\n"
    first, second = (asked(builder, dockerfile, "lab/built:1") for _n in range(2))
    for job in (first, second):
        build_tasks.build_image(job.pk)
        job.refresh_from_db()
        assert job.state == "succeeded", job.error
    assert first.result == second.result
    assert docker.api("GET", "/images/lab/built:1/json")["Id"] == first.target
    assert first.detail
    assert second.detail
    assert [step["cached"] for step in first.detail["steps"]][1] is False
    assert [step["cached"] for step in second.detail["steps"]][1] is True
    assert "there" in JobLine.objects.filter(job=first).values_list("text", flat=True)
    docker.cli("rmi", "lab/built:1")


def test_the_engines_words_tell_why_a_step_failed(builder: User) -> None:
    job = asked(builder, "FROM lab/busybox\nRUN exit 7\n")
    build_tasks.build_image(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "returned a non-zero code: 7" in job.error
    assert job.detail
    assert [step["state"] for step in job.detail["steps"]] == ["succeeded", "failed"]


def test_a_cancel_ends_a_silent_run_in_the_engine(docker: Dockerd, builder: User) -> None:
    job = asked(builder, ASLEEP)
    worker = threading.Thread(target=build_tasks.build_image, args=[job.pk])
    worker.start()
    until(lambda: asleep(docker), "the step sleeps", timeout_s=30)
    services.cancel(builder, job.pk)
    worker.join(30)
    job.refresh_from_db()
    assert job.state == "cancelled"
    until(lambda: not asleep(docker), "the engine has ended its build", timeout_s=30)


def asleep(docker: Dockerd) -> bool:
    running = docker.api("GET", "/containers/json")
    return any("of test_build" in each["Command"] for each in running)
