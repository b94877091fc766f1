"""With a full disk nothing is done, since nothing could be written down (I2)."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts_app import audit
from accounts_app.models import AuditEntry, User
from containers_app.models import Container
from jobs_app import services
from jobs_app.models import Job
from tests import make


@pytest.fixture
def page(client: Client, operator: User) -> Client:
    return make.session(client, operator)


@pytest.fixture
def full_disk(container: Container, operator: User) -> Iterator[None]:
    """The database may not grow by a single page, and its last pages are full."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
        with suppress(OperationalError):
            for _row in range(10_000):
                audit.record(operator, "filler", target="x" * 250)
        yield
        cursor.execute("PRAGMA max_page_count = 4294967294")


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs whose workers were woken."""
    jobs: list[Job] = []
    monkeypatch.setattr(services, "send_on_commit", jobs.append)
    return jobs


@pytest.mark.django_db(transaction=True)
def test_a_stop_is_503_and_no_job(
    page: Client, container: Container, full_disk: None, woken: list[Job]
) -> None:
    answer = page.post(
        "/containers/act/",
        {"action": "stop", "target": f"{container.host.slug}/{container.docker_id}"},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert "nothing was done" in answer.json()["detail"]
    assert not Job.objects.exists()
    assert not woken
    assert audit.first_broken() is None


@pytest.mark.django_db(transaction=True)
def test_reading_goes_on(page: Client, full_disk: None) -> None:
    assert page.get("/jobs/").status_code == 200
    assert page.get("/containers/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_signing_in_says_so_too(admin: User, full_disk: None) -> None:
    sent = {"username": "admin", "password": make.PASSWORD}
    assert Client().post("/login/", sent).status_code == 503


def test_a_trail_that_cannot_be_written_stops_the_deed(
    page: Client, container: Container, woken: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise OperationalError('could not extend file "base/1": No space left on device')

    monkeypatch.setattr(AuditEntry.objects, "bulk_create", broken)
    target = f"{container.host.slug}/{container.docker_id}"
    answer = page.post("/containers/act/", {"action": "stop", "target": target})
    assert answer.status_code == 503
    assert not Job.objects.exists()
    assert not woken
