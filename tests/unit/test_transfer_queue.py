"""How many transfers an engine does at once, who is next, and that nothing else waits for them."""

import threading

import pytest
from celery import current_app
from django.conf import LazySettings

from accounts_app.models import Role, User
from hosts_app.models import Grant, Host
from images_app.transferring import transfers
from jobs_app import dispatch, services
from jobs_app.deeds import DEEDS
from jobs_app.lifecycle import running
from jobs_app.models import Job
from jobs_app.selectors import positions
from jobs_app.services import Wish
from tests import make
from tests.fakes.engine import FakeEngine
from tests.lab.dockerd import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _two(settings: LazySettings) -> None:
    settings.TRANSFERS_PER_HOST = 2


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Jobs for which a worker was woken."""
    woken: list[int] = []
    monkeypatch.setattr(dispatch, "send", lambda job: woken.append(job.pk))
    return woken


def pull(actor: User, on: Host, **more: object) -> Job:
    return make.job(actor, on, "image.pull", queue="transfers", **more)


def begins(job: Job) -> bool:
    with running(job.pk) as held:
        return held is not None


def test_a_third_transfer_waits_and_a_stop_does_not(operator: User, host: Host) -> None:
    for _number in range(2):
        pull(operator, host, state="running")
    third = pull(operator, host)
    assert not begins(third)
    third.refresh_from_db()
    assert (third.state, third.attempt) == ("queued", 0)
    assert begins(make.job(operator, host, "container.stop"))
    assert DEEDS["container.stop"].queue != DEEDS["image.pull"].queue


def test_each_host_has_places_of_its_own(operator: User, host: Host) -> None:
    second = make.host("second")
    Grant.objects.create(user=operator, host=second, role=Role.OPERATOR)
    for _number in range(2):
        pull(operator, host, state="running")
    assert begins(pull(operator, second))


def sends(actor: User, source: Host, target: Host, **more: object) -> Job:
    params = {"source": source.slug, "reference": "lab/a:1", "from_host": source.pk}
    return make.job(actor, target, "image.distribute", queue="transfers", params=params, **more)


def test_the_host_that_an_image_is_sent_from_is_as_busy_as_the_one_it_goes_to(
    operator: User, host: Host, sent: list[int]
) -> None:
    second, third = make.host("second"), make.host("third")
    for place in (second, third):
        Grant.objects.create(user=operator, host=place, role=Role.OPERATOR)
    first = sends(operator, host, second, state="running")
    pull(operator, host, state="running")
    assert not begins(sends(operator, host, third))
    waiting = pull(operator, host)
    assert not begins(waiting)
    dispatch.send_next(first)
    assert waiting.pk in sent
    first.state = "succeeded"
    first.save()
    Job.objects.filter(kind="image.distribute", state="queued").delete()
    assert begins(waiting)


def test_who_came_first_is_next(operator: User, host: Host) -> None:
    pull(operator, host, state="running")
    first, second = pull(operator, host), pull(operator, host)
    assert not begins(second)
    assert begins(first)


def test_a_bulk_job_itself_takes_no_place(operator: User, host: Host) -> None:
    for _number in range(2):
        pull(operator, host, state="running")
    assert begins(make.job(operator, host, "image.pull.bulk", queue="transfers"))
    Job.objects.filter(state="running", kind="image.pull").delete()
    make.job(operator, host, "image.pull.bulk", queue="transfers", state="running")
    make.job(operator, host, "image.pull.bulk", queue="transfers", state="running")
    assert begins(pull(operator, host))


def test_the_end_of_one_wakes_those_that_wait(operator: User, host: Host, sent: list[int]) -> None:
    with FakeEngine() as engine:
        Host.objects.update(url=engine.url)
        job = transfers.pull(operator, "lab", "lab/web:1")
        waiting = [pull(operator, host) for _number in range(3)]
        sent.clear()
        current_app.tasks[job.kind].run(job.pk)
    assert sent == [waiting[0].pk, waiting[1].pk]


def test_the_place_of_a_transfer_is_that_at_its_host(operator: User, host: Host) -> None:
    second = make.host("second")
    jobs = [pull(operator, host), pull(operator, second), pull(operator, host)]
    assert positions(jobs) == {jobs[0].pk: 1, jobs[1].pk: 1, jobs[2].pk: 2}
    stops = [make.job(operator, each, "container.stop") for each in (host, second)]
    assert [positions(stops)[job.pk] for job in stops] == [1, 2]


def test_items_of_one_host_go_two_at_a_time_and_all_end(operator: User, host: Host) -> None:
    with FakeEngine() as engine:
        Host.objects.update(url=engine.url)
        engine.transfers.silent_after = 1
        wishes = [
            Wish("image.pull", host, name, name, {"reference": name})
            for name in ("lab/a:1", "lab/b:1", "lab/c:1", "lab/d:1")
        ]
        job = services.ask_many(operator, "image.pull.bulk", wishes)
        working = threading.Thread(target=current_app.tasks[job.kind].run, args=[job.pk])
        working.start()
        until(lambda: engine.streams == 2, "two of them pull")
        states = sorted(job.children.values_list("state", flat=True))
        assert states == ["queued", "queued", "running", "running"]
        engine.transfers.silent_after = None
        engine.transfers.resume()
        working.join(30)
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert len(engine.asked("POST /images/create")) == 4


def test_items_wait_for_what_others_do_and_a_cancel_ends_them(operator: User, host: Host) -> None:
    for _number in range(2):
        pull(operator, host, state="running")
    wishes = [Wish("image.pull", host, "lab/a:1", "lab/a:1", {"reference": "lab/a:1"})]
    job = services.ask_many(operator, "image.pull.bulk", wishes)
    working = threading.Thread(target=current_app.tasks[job.kind].run, args=[job.pk])
    working.start()
    until(lambda: Job.objects.get(pk=job.pk).state == "running", "the bulk job runs")
    services.cancel(operator, job.pk)
    working.join(30)
    job.refresh_from_db()
    assert (job.state, job.children.get().state) == ("cancelled", "cancelled")
