"""The first page: what needs attention, how the hosts are, who changed what."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts_app import audit
from accounts_app.models import Role, User
from hosts_app.models import Host
from jobs_app.models import Job
from tests import make

pytestmark = pytest.mark.django_db


def page(user: User) -> str:
    return make.session(Client(), user).get("/").content.decode()


def failed_job(actor: User, host: Host, **fields: Any) -> Job:
    given: dict[str, Any] = {"state": "failed", "finished": now(), "error": "no such network"}
    return make.job(actor, host, target_name="web", **(given | fields))


def test_a_well_fleet_is_one_calm_line(viewer: User, host: Host) -> None:
    make.container(host)
    shown = page(viewer)
    assert "All is as it should be (containers: 1, hosts: 1)." in shown
    assert "1/1 up" in shown


def test_what_is_wrong_comes_worst_first(viewer: User, host: Host) -> None:
    down = make.host("basement", state=Host.State.DOWN, error="connection refused")
    make.user("other", on=down, role=Role.VIEWER)
    make.container(host, "ended", state="exited", exit_code=137, finished=now())
    make.container(host, "well-ended", state="exited", exit_code=0, finished=now())
    make.container(host, "ill", health="unhealthy")
    make.container(host, "loops", state="restarting", exit_code=1)
    failed_job(viewer, host)
    shown = page(viewer)
    attention = shown[shown.index("Needs attention") : shown.index("<h2>Hosts</h2>")]
    places = [attention.index(f">{name}<") for name in ("ill", "loops", "ended", "Stop container")]
    assert places == sorted(places)
    assert "well-ended" not in attention
    assert "no such network" in attention
    assert "basement" not in shown  # not this user's


def test_hosts_that_do_not_answer_come_first_and_their_rows_do_not_count(
    admin: User, host: Host
) -> None:
    down = make.host("basement", state=Host.State.DOWN, error="connection refused")
    make.container(down, "unknown-now", health="unhealthy")
    shown = page(admin)
    assert "connection refused" in shown
    assert "unknown-now" not in shown


def test_twelve_lines_and_how_many_more(admin: User, host: Host) -> None:
    for number in range(15):
        make.container(host, f"failed-{number}", state="exited", exit_code=1, finished=now())
    shown = page(admin)
    assert shown.count('/logs/"') - shown.count('"/logs/"') == 12  # less the navigation's
    assert '<a href="/containers/?state=failed">3 more</a>' in shown


def test_old_repeated_and_dismissed_failures_need_no_attention(admin: User, host: Host) -> None:
    make.container(host)
    failed_job(admin, host, finished=now() - timedelta(days=2))
    failed_job(admin, host, dismissed=now())
    repeated = failed_job(admin, host)
    make.job(admin, host, state="succeeded", finished=now(), retry_of=repeated)
    assert "All is as it should be" in page(admin)


def test_changes_name_who_did_them(admin: User, viewer: User, host: Host) -> None:
    other = make.host("secret-host")
    make.job(admin, host, state="succeeded", target_name="web", finished=now())
    make.job(admin, other, state="succeeded", target_name="others-thing", finished=now())
    audit.record(admin, "host.update", host="lab", target_name="lab", outcome="succeeded")
    audit.record(admin, "user.create", target_name="roberta", outcome="succeeded")
    assert all(word in page(admin) for word in ("web", "others-thing", "Change host", "roberta"))
    shown = page(viewer)
    changes = shown[shown.index("Recent changes") :]
    assert "Change host" in changes
    assert "admin" in changes
    assert "others-thing" not in changes
    assert "roberta" not in changes


def test_an_empty_fleet_explains_itself(admin: User, operator: User, host: Host) -> None:
    shown = page(operator)
    for text in ("Image", "Container", "Registry", "/containers/new/", "/hosts/lab/#images"):
        assert text in shown
    Host.objects.all().delete()
    assert "/hosts/new/" in page(admin)
    assert "/hosts/new/" not in page(make.user("nobody"))


def test_its_cost_does_not_grow_with_the_fleet(admin: User, host: Host) -> None:
    def queries() -> int:
        client = make.session(Client(), admin)
        client.get("/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/")
        return len(captured)

    make.container(host, "one", state="exited", exit_code=1, finished=now())
    failed_job(admin, host)
    few = queries()
    for number in range(20):
        more = make.host(f"more-{number}")
        for name in ("a", "b", "c"):
            make.container(more, name, state="exited", exit_code=1, finished=now())
        make.job(admin, more, state="succeeded", finished=now())
    assert queries() <= few
    assert few <= 30


def test_a_page_that_is_open_fetches_only_what_changes(admin: User, host: Host) -> None:
    client = make.session(Client(), admin)
    part = client.get("/", headers={"HX-Request": "true"}).content.decode()
    assert "Needs attention" in part
    assert "<html" not in part
