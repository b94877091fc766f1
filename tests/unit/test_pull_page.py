"""The page that pulls an image, and the layers on a job's page."""

import pytest
from django.test import Client

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


@pytest.mark.parametrize("wrong", [{"reference": "a b"}, {"platform": "x"}, {"hosts": ["attic"]}])
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
        {"id": "bbbbbbbbbbbb", "state": "running", "done": 512, "total": 2048},
    ]
    job = make.job(operator, host, "image.pull", state="running", detail={"layers": layers})
    text = make.session(client, viewer).get(f"/jobs/{job.pk}/").content.decode()
    assert "Already there" in text
    assert 'value="25" aria-label="bbbbbbbbbbbb"' in text
