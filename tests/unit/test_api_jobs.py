"""Jobs over the API."""

import pytest

from accounts_app.models import User
from hosts_app.models import Host
from jobs_app.lifecycle import say
from jobs_app.models import Job
from tests import make
from tests.unit.script import Script, fields, is_problem


@pytest.fixture
def script(operator: User) -> Script:
    return Script(operator, "operate")


def test_a_job_has_its_place_in_the_queue(script: Script, operator: User, host: Host) -> None:
    first, second = make.job(operator, host), make.job(operator, host)
    places = {job["id"]: job["position"] for job in script.get("jobs").body["items"]}
    assert places == {first.pk: 1, second.pk: 2}
    Job.objects.filter(pk=first.pk).update(state=Job.State.RUNNING)
    assert script.get(f"jobs/{second.pk}").body["position"] == 1
    assert script.get(f"jobs/{first.pk}").body["position"] is None


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", 2),
        ("?state=open", 1),
        ("?state=failed", 1),
        ("?kind=container.start", 1),
        ("?host=lab", 2),
        ("?host=elsewhere", 0),
        ("?q=web", 1),
    ],
)
def test_jobs_are_filtered(
    script: Script, operator: User, host: Host, query: str, total: int
) -> None:
    make.job(operator, host, "container.start", target_name="web")
    make.job(operator, host, state=Job.State.FAILED)
    assert script.get(f"jobs{query}").body["total"] == total


@pytest.mark.parametrize("query", ["state=odd", "sort=odd", "parent=²", "parent=-1", "odd=1"])
def test_a_filter_that_makes_no_sense_is_named(script: Script, host: Host, query: str) -> None:
    assert fields(script.get(f"jobs?{query}")) == {query.partition("=")[0]}


def test_the_log_goes_on_after_a_line(script: Script, operator: User, host: Host) -> None:
    job = make.job(operator, host)
    for text in ("one", "two", "three"):
        say(job, text)
    assert script.get(f"jobs/{job.pk}/log?after=1").body == {"items": ["two", "three"], "next": 3}
    assert script.get(f"jobs/{job.pk}/log?after=3").body == {"items": [], "next": 3}


@pytest.mark.parametrize("after", ["x", "1.5", ""])
def test_a_line_that_is_no_number_is_named(
    script: Script, operator: User, host: Host, after: str
) -> None:
    job = make.job(operator, host)
    assert fields(script.get(f"jobs/{job.pk}/log?after={after}")) == {"after"}


@pytest.mark.parametrize("after", [str(10**30), str(-(10**30))])
def test_a_line_beyond_all_numbers_is_no_error(
    script: Script, operator: User, host: Host, after: str
) -> None:
    job = make.job(operator, host)
    assert script.get(f"jobs/{job.pk}/log?after={after}").status in {200, 422}


def test_a_queued_job_is_cancelled(script: Script, operator: User, host: Host) -> None:
    job = make.job(operator, host)
    answer = script.post(f"jobs/{job.pk}/cancel")
    assert (answer.status, answer.body["state"]) == (202, "cancelled")
    assert is_problem(script.post(f"jobs/{job.pk}/cancel"), 409, "conflict")


def test_a_failed_job_is_asked_again(script: Script, operator: User, host: Host) -> None:
    job = make.job(operator, host, state=Job.State.FAILED)
    answer = script.post(f"jobs/{job.pk}/retry")
    assert (answer.status, answer.body["retry_of"]) == (202, job.pk)
    assert answer.body["state"] == "queued"


def test_asking_again_twice_with_one_key_is_one_job(
    script: Script, operator: User, host: Host
) -> None:
    job = make.job(operator, host, state=Job.State.FAILED)
    first = script.post(f"jobs/{job.pk}/retry", Idempotency_Key="k1").body
    again = script.post(f"jobs/{job.pk}/retry", Idempotency_Key="k1").body
    assert first["id"] == again["id"] != job.pk


def test_an_open_job_is_not_asked_again(script: Script, operator: User, host: Host) -> None:
    job = make.job(operator, host)
    assert is_problem(script.post(f"jobs/{job.pk}/retry"), 409, "conflict")


@pytest.mark.parametrize("number", [0, 999_999, 10**18, 10**30])
def test_a_job_that_does_not_exist_is_404(script: Script, host: Host, number: int) -> None:
    for path in (f"jobs/{number}", f"jobs/{number}/log"):
        assert is_problem(script.get(path), 404, "not_found")
    assert is_problem(script.post(f"jobs/{number}/cancel"), 404, "not_found")


@pytest.mark.parametrize("parent", ["x", "-1", "9" * 30])
def test_a_parent_that_is_no_job_number_is_422(admin: User, parent: str) -> None:
    answer = Script(admin).get(f"jobs?parent={parent}")
    assert is_problem(answer, 422, "invalid")
