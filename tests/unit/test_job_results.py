"""How one learns that something ended: the message to open pages, and results in the tray."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import User
from hosts_app.models import Host
from jobs_app.lifecycle import say
from jobs_app.live import endings
from jobs_app.models import Job
from jobs_app.selectors import tray_jobs
from tests import make


def ended(actor: User, on: Host, kind: str = "image.pull", **more: object) -> Job:
    queue = "transfers" if kind.startswith("image.") else "interactive"
    given: dict[str, object] = {"state": "succeeded", "started": now(), "finished": now()}
    return make.job(actor, on, kind, queue=queue, **(given | more))


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("image.pull", {}, True),
        ("image.pull", {"state": "failed"}, True),
        ("image.pull", {"state": "cancelled"}, False),
        ("image.pull", {"state": "running", "finished": None}, False),
        ("container.stop", {}, False),
        ("container.stop", {"state": "unknown"}, True),
        ("image.pull", {"finished": now() - timedelta(days=2)}, False),
        ("image.pull", {"seen": now()}, False),
    ],
    ids=["pull", "failed", "cancelled", "open", "stop", "unknown", "old", "seen"],
)
def test_the_tray_keeps_what_its_reader_has_not_seen_end(
    operator: User, host: Host, kind: str, more: dict[str, object], told: bool
) -> None:
    job = ended(operator, host, kind, **more)
    tray = tray_jobs(operator)
    assert (tray.ended, tray.ended_count) == (([job], 1) if told else ([], 0))


def test_results_of_others_are_not_mine(operator: User, host_admin: User, host: Host) -> None:
    ended(host_admin, host)
    assert tray_jobs(operator).ended_count == 0


def test_a_later_page_shows_a_result_until_it_was_opened(
    client: Client, operator: User, host_admin: User, host: Host
) -> None:
    job = ended(operator, host, target_name="lab/web:1")
    make.session(client, operator)
    assert f'href="/jobs/{job.pk}/"' in client.get("/jobs/tray/").content.decode()
    other = make.session(Client(), host_admin)
    other.get(f"/jobs/{job.pk}/")
    assert tray_jobs(operator).ended_count == 1
    client.get(f"/jobs/{job.pk}/")
    assert "lab/web:1" not in client.get("/jobs/tray/").content.decode()


def test_results_are_put_away_one_by_one_or_all(
    client: Client, operator: User, host_admin: User, host: Host
) -> None:
    jobs = [ended(operator, host) for _number in range(3)]
    theirs = ended(host_admin, host)
    make.session(client, operator)
    for pk in (jobs[0].pk, theirs.pk):
        assert client.post(f"/jobs/{pk}/seen/").status_code == 204
    assert tray_jobs(operator).ended_count == 2
    client.post("/jobs/seen/")
    assert tray_jobs(operator).ended_count == 0
    assert tray_jobs(host_admin).ended_count == 1


def test_pages_hear_which_success_nobody_waited_for(operator: User, host: Host) -> None:
    long = ended(operator, host, "container.stop", started=now() - timedelta(minutes=1))
    jobs = [ended(operator, host), ended(operator, host, "container.stop"), long]
    told = {each["d"]["id"]: each["d"] for each in endings(operator, [job.pk for job in jobs])}
    assert [told[job.pk]["long"] for job in jobs] == [True, False, True]
    assert told[jobs[0].pk]["title"] == "Pull image"


def test_a_log_is_shown_from_any_line_on(
    client: Client, viewer: User, operator: User, host: Host
) -> None:
    job = ended(operator, host)
    say(job, *(f"line {n}" for n in range(1, 1206)))
    make.session(client, viewer)
    text = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "<span>line 205</span>" not in text
    assert 'id="L206"' in text
    assert "<span>line 1205</span>" in text
    assert f'href="/jobs/{job.pk}/?after=0#log"' in text
    early = client.get(f"/jobs/{job.pk}/?after=0").content.decode()
    assert "<span>line 1</span>" in early
    assert 'data-after="1000" data-open' in early
    assert "Earlier lines" not in early
    late = client.get(f"/jobs/{job.pk}/?after=1204").content.decode()
    assert "<span>line 1204</span>" not in late
    assert "<span>line 1205</span>" in late
