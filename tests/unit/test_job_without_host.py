"""Jobs of no host, such as copying between registries: who asks for, sees and does them."""

from collections.abc import Iterator

import pytest

from accounts_app.models import AuditEntry, Role, User
from core.errors import Conflict, Forbidden, NotFound
from hosts_app.models import Grant, Host
from jobs_app import services
from jobs_app.bulk import run_children
from jobs_app.deeds import deed
from jobs_app.lifecycle import running
from jobs_app.models import Job
from jobs_app.selectors import job_for, jobs_for, tray_jobs
from registries_app.protocol.failures import Unreachable
from tests import make
from tests.unit.script import Script, is_problem

DONE: list[str] = []
RAISED: dict[str, Exception] = {}


@deed("nowhere.move", role=Role.OPERATOR, repeatable=True, queue="transfers")
def move(job: Job) -> None:
    assert job.host is None
    if job.target in RAISED:
        raise RAISED[job.target]
    DONE.append(job.target)


@deed("nowhere.bulk", role=Role.OPERATOR, repeatable=True, queue="transfers")
def move_all(job: Job) -> None:
    run_children(job)


@pytest.fixture(autouse=True)
def _nothing_done() -> Iterator[None]:
    yield
    DONE.clear()
    RAISED.clear()


@pytest.fixture
def everywhere(db: None) -> User:
    return make.user("everywhere", role=Role.OPERATOR, everywhere=True)


def ask(actor: User, target: str = "shop") -> Job:
    return services.ask(actor, services.Wish("nowhere.move", None, target, target))


def ask_for_two(actor: User) -> Job:
    wishes = [services.Wish("nowhere.move", None, target, target) for target in ("a", "b")]
    return services.ask_many(actor, "nowhere.bulk", wishes)


def test_it_is_done_and_the_trail_names_no_host(everywhere: User) -> None:
    job = ask(everywhere)
    move(job.pk)
    job.refresh_from_db()
    assert (job.state, DONE) == ("succeeded", ["shop"])
    assert {entry.host for entry in AuditEntry.objects.filter(action="nowhere.move")} == {""}


def test_who_lost_the_role_on_all_hosts_meanwhile_gets_it_not_done(
    everywhere: User, host: Host
) -> None:
    job = ask(everywhere)
    everywhere.fleet_role = Role.VIEWER
    everywhere.save()
    Grant.objects.create(user=everywhere, host=host, role=Role.ADMINISTRATOR)
    move(job.pk)
    job.refresh_from_db()
    assert (job.state, DONE) == ("failed", [])
    assert job.error.startswith("Rights changed")


def test_what_a_registry_answers_fails_it_in_its_own_words(everywhere: User) -> None:
    RAISED["shop"] = Unreachable("registry.example")
    job = ask(everywhere)
    move(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error == "The registry registry.example cannot be reached."


def test_it_is_seen_by_who_asked_and_by_who_sees_all_hosts(
    everywhere: User, admin: User, operator: User, stranger: User
) -> None:
    job = ask(everywhere)
    for user in (everywhere, admin):
        assert job_for(user, job.pk) == job
        assert job in jobs_for(user)
    for user in (operator, stranger):
        with pytest.raises(NotFound):
            job_for(user, job.pk)
        assert job not in jobs_for(user)
    assert tray_jobs(everywhere).open_count == 1
    assert tray_jobs(operator).open_count == 0


def test_it_is_retried_with_the_role_on_all_hosts_only(everywhere: User, admin: User) -> None:
    RAISED["shop"] = Unreachable("registry.example")
    job = ask(everywhere)
    move(job.pk)
    again = services.retry(admin, job.pk)
    assert (again.host, again.retry_of, again.target) == (None, job, "shop")
    everywhere.fleet_role = None
    everywhere.save()
    with pytest.raises(Forbidden, match="on all hosts"):
        services.retry(everywhere, job.pk)


@pytest.mark.django_db(transaction=True)
def test_of_several_only_those_that_failed_are_asked_for_again(everywhere: User) -> None:
    RAISED["b"] = Unreachable("registry.example")
    bulk = ask_for_two(everywhere)
    with running(bulk.pk) as held:
        assert held
        run_children(held)
    bulk.refresh_from_db()
    assert (bulk.state, bulk.result) == ("failed", {"succeeded": 1, "failed": 1})
    again = services.retry(everywhere, bulk.pk)
    assert [(child.target, child.host_id) for child in again.children.all()] == [("b", None)]


def test_one_whose_host_is_gone_is_not_taken_for_one_of_no_host(
    everywhere: User, host: Host
) -> None:
    job = make.job(everywhere, host, state=Job.State.FAILED)
    host.delete()
    with pytest.raises(Conflict, match="host is gone"):
        services.retry(everywhere, job.pk)


def test_it_is_cancelled_by_who_asked(everywhere: User) -> None:
    job = ask(everywhere)
    assert services.cancel(everywhere, job.pk).state == "cancelled"


def test_a_script_reads_it_with_host_null(everywhere: User) -> None:
    job = ask(everywhere)
    answer = Script(everywhere, "operate").get(f"jobs/{job.pk}")
    assert (answer.status, answer.body["host"]) == (200, None)


def test_a_token_for_some_hosts_neither_retries_it(everywhere: User, host: Host) -> None:
    job = ask(everywhere)
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
    script = Script(everywhere, "operate", hosts=[host.slug])
    assert is_problem(script.post(f"jobs/{job.pk}/retry"), 403, "forbidden")
