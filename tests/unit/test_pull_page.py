"""The page that pulls an image, and the layers on a job's page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import Role, User
from hosts_app.models import Grant, Host
from jobs_app.models import Job
from tests import make

FORM = {"reference": "nginx", "platform": "", "key": "k1"}


def test_one_host_gets_a_job_of_its_own(client: Client, operator: User) -> None:
    make.session(client, operator)
    assert b'value="lab" selected' in client.get("/images/pull/?host=lab").content
    answer = client.post("/images/pull/", FORM | {"hosts": ["lab"]})
    job = Job.objects.get()
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, job.target, job.queue) == ("image.pull", "nginx:latest", "transfers")


def test_several_hosts_get_one_job_together(client: Client, operator: User) -> None:
    Grant.objects.create(user=operator, host=make.host("second"), role=Role.OPERATOR)
    make.session(client, operator)
    client.post("/images/pull/", FORM | {"hosts": ["lab", "second"]})
    parent = Job.objects.get(parent=None)
    assert parent.kind == "image.pull.bulk"
    assert {child.host_name for child in parent.children.all()} == {"lab", "second"}


@pytest.mark.parametrize(
    "wrong", [{"reference": "lab/UP"}, {"platform": "x"}, {"hosts": ["attic"]}]
)
def test_what_is_wrong_is_said_at_its_field(
    client: Client, operator: User, wrong: dict[str, str | list[str]]
) -> None:
    answer = make.session(client, operator).post(
        "/images/pull/", FORM | {"hosts": ["lab"]} | wrong
    )
    assert answer.status_code == 422
    assert f'id="id_{next(iter(wrong))}_error"' in answer.content.decode()
    assert not Job.objects.exists()


def test_a_viewer_may_not(client: Client, viewer: User) -> None:
    assert make.session(client, viewer).get("/images/pull/").status_code == 403


def test_layers_are_shown_with_how_far_they_are(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    layers = [
        {"id": "aaaaaaaaaaaa", "state": "present", "done": 0, "total": 0},
        {
            "id": "bbbbbbbbbbbb",
            "state": "running",
            "done": 512,
            "total": 2048,
            "text": "1.5 MiB/s · 0:06",
        },
    ]
    job = make.job(operator, host, "image.pull", state="running", detail={"layers": layers})
    text = make.session(client, viewer).get(f"/jobs/{job.pk}/").content.decode()
    assert "Already there: 1 · On its way: 1" in text
    assert 'value="25" aria-label="bbbbbbbbbbbb"' in text
    assert "1.5 MiB/s · 0:06" in text


def test_each_host_of_a_pull_is_shown_with_its_layers(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    parent = make.job(operator, host, "image.pull.bulk", state="running")
    layers = [
        {"id": each, "state": state, "done": 0, "total": 0}
        for each, state in (("a", "present"), ("b", "done"), ("c", "done"))
    ]
    kind = {"parent": parent, "queue": "transfers", "target_name": "lab/web:1"}
    told = {"detail": {"layers": layers}, "progress": 0.5, "text": "3.0 / 6.0 MiB · 1.0 MiB/s"}
    make.job(operator, host, "image.pull", state="running", **told, **kind)
    make.job(operator, host, "image.pull", **kind)
    text = make.session(client, viewer).get(f"/jobs/{parent.pk}/").content.decode()
    assert 'aria-label="Already there: 1 · Done: 2"' in text
    assert "3.0 / 6.0 MiB · 1.0 MiB/s" in text
    assert "Place 1 in the queue" in text


def test_the_page_tells_that_it_is_being_cancelled_and_how_long_that_took(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    at = now()
    job = make.job(operator, host, "image.pull", state="running", started=at, cancel_asked=at)
    make.session(client, viewer)
    text = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "the engine is told to stop" in text
    assert f"/jobs/{job.pk}/cancel/" not in text
    Job.objects.update(state="cancelled", finished=at + timedelta(seconds=0.7))
    assert "0.7 s after" in client.get(f"/jobs/{job.pk}/").content.decode()


def test_several_images_are_pulled_by_one_job(client: Client, operator: User) -> None:
    make.session(client, operator).post(
        "/images/pull/", FORM | {"hosts": ["lab"], "reference": "lab/a:1 lab/b@sha256:" + "1" * 64}
    )
    parent = Job.objects.get(parent=None)
    assert parent.kind == "image.pull.bulk"
    assert sorted(parent.children.values_list("target_name", flat=True)) == [
        "lab/a:1",
        "lab/b@sha256:" + "1" * 64,
    ]
