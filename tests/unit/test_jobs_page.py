"""The jobs page: who sees which job, pages, and what a job's own page offers."""

import pytest
from django.test import Client

from accounts_app.models import User
from hosts_app.models import Host
from jobs_app.models import Job
from tests import make


def test_more_jobs_than_a_page_holds_lead_to_the_next_one(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    for number in range(60):
        make.job(operator, host, target_name=f"c{number}", state="succeeded")
    text = make.session(client, viewer).get("/jobs/").content.decode()
    assert "/jobs/?page=2" in text
    assert "c59" in text
    assert "c5</" not in text


def test_jobs_on_hosts_of_others_are_not_there(
    client: Client, viewer: User, operator: User
) -> None:
    job = make.job(operator, make.host("hidden"), target_name="secret")
    make.session(client, viewer)
    assert "secret" not in client.get("/jobs/").content.decode()
    assert client.get(f"/jobs/{job.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("state", "offered"), [("queued", "cancel"), ("failed", "retry"), ("succeeded", "")]
)
def test_a_job_offers_what_can_be_done_with_it(
    client: Client, operator: User, host: Host, state: str, offered: str
) -> None:
    job = make.job(operator, host, state=state)
    text = make.session(client, operator).get(f"/jobs/{job.pk}/").content.decode()
    buttons = [word for word in ("cancel", "retry") if f"/jobs/{job.pk}/{word}/" in text]
    assert buttons == ([offered] if offered else [])


def test_a_viewer_may_neither_cancel_nor_retry(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    job = make.job(operator, host)
    make.session(client, viewer)
    for verb in ("cancel", "retry", "dismiss"):
        assert client.post(f"/jobs/{job.pk}/{verb}/").status_code == 403
    assert Job.objects.get().state == "queued"


def test_the_error_is_in_the_engines_own_words(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    job = make.job(operator, host, state="failed", error="driver <b>failed</b> programming")
    text = make.session(client, viewer).get(f"/jobs/{job.pk}/").content.decode()
    assert "driver &lt;b&gt;failed&lt;/b&gt; programming" in text
