"""A job is claimed once, kept by a lease, and ends exactly once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext

from accounts_app import audit
from accounts_app.models import AuditEntry, Role, User
from hosts_app.models import Host
from jobs_app import services, upkeep
from jobs_app.bulk import run_children
from jobs_app.deeds import deed
from jobs_app.lifecycle import Cancelled, Failed, OutcomeUnknown, finish, report, running
from jobs_app.models import Job
from jobs_app.rows import rows_of
from jobs_app.words import state_line
from tests import make


@pytest.fixture
def job(operator: User, host: Host) -> Job:
    return make.job(operator, host, target="c" * 64, target_name="web")


def test_only_one_of_two_workers_gets_it(job: Job) -> None:
    with running(job.pk) as first, running(job.pk) as second:
        assert first is not None
        assert second is None


@pytest.mark.parametrize(
    ("raised", "state", "error"),
    [
        (Failed("port taken"), "failed", "port taken"),
        (Cancelled(), "cancelled", "Cancelled."),
        (OutcomeUnknown("nobody knows"), "unknown", "nobody knows"),
    ],
)
def test_it_ends_by_what_happened(job: Job, raised: Exception, state: str, error: str) -> None:
    _run_into(job, raised)
    job.refresh_from_db()
    assert (job.state, job.error) == (state, error)
    assert job.finished is not None
    assert AuditEntry.objects.get().outcome == state


def _run_into(job: Job, raised: Exception) -> None:
    with running(job.pk):  # swallows what it understands
        raise raised


def test_a_bug_of_ours_fails_it_and_is_not_hidden(job: Job) -> None:
    with pytest.raises(KeyError), running(job.pk):
        raise KeyError("secret value")
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "internal error: KeyError")


def test_what_a_worker_says_is_said_in_the_language_of_who_asked(
    host: Host, operator: User
) -> None:
    with translation.override("zh-hans"):
        job = services.ask(operator, services.Wish("container.stop", host, target="c" * 64))
        cancelled = gettext("Cancelled.")
    _run_into(job, Cancelled())
    job.refresh_from_db()
    assert job.error == cancelled != "Cancelled."
    with translation.override("zh-hans"):
        queued, begun = state_line("queued"), state_line("running")
        ended = state_line("cancelled", cancelled)
    assert [line.text for line in job.lines.order_by("n")] == [queued, begun, ended]
    assert queued != state_line("queued")


def test_how_many_items_it_has_is_said_in_the_language_of_who_reads(
    host: Host, operator: User
) -> None:
    wishes = [services.Wish("container.stop", host, target=letter * 64) for letter in "ab"]
    job = services.ask_many(operator, "container.bulk", wishes)
    assert rows_of([job])[0].target == "2 items"
    with translation.override("zh-hans"):
        (row,) = rows_of([job])
    assert "2" in row.target
    assert "items" not in row.target


def test_a_worker_back_from_the_dead_changes_nothing(job: Job) -> None:
    with running(job.pk) as held:
        assert held
        Job.objects.filter(pk=job.pk).update(lease=now() - timedelta(seconds=1))
        upkeep.take_from_the_dead()
        held.result = {"mine": True}
    job.refresh_from_db()
    assert (job.state, job.result) == ("queued", None)


def test_what_is_harmless_to_repeat_runs_again_after_its_worker_died(job: Job) -> None:
    with running(job.pk):
        Job.objects.filter(pk=job.pk).update(lease=now() - timedelta(seconds=1))
        upkeep.take_from_the_dead()
    with running(job.pk) as again:
        assert again
        assert again.attempt == 2
    job.refresh_from_db()
    assert job.state == "succeeded"


def test_what_could_do_harm_twice_ends_as_interrupted(operator: User, host: Host) -> None:
    job = make.job(operator, host, "container.kill", repeatable=False)
    with running(job.pk):
        Job.objects.filter(pk=job.pk).update(lease=now() - timedelta(seconds=1))
        upkeep.take_from_the_dead()
    job.refresh_from_db()
    assert job.state == "interrupted"
    assert [entry.outcome for entry in AuditEntry.objects.all()] == ["interrupted"]


def test_a_job_that_kills_every_worker_is_given_up(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(
        state="running", attempt=upkeep.ATTEMPTS, lease=now() - timedelta(seconds=1)
    )
    upkeep.take_from_the_dead()
    job.refresh_from_db()
    assert job.state == "interrupted"


def test_a_live_lease_is_left_alone(job: Job) -> None:
    with running(job.pk):
        upkeep.take_from_the_dead()
        job.refresh_from_db()
        assert job.state == "running"


def test_it_cannot_end_twice(job: Job) -> None:
    with running(job.pk) as held:
        assert held
        finish(held, Job.State.FAILED, "first")
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "first")


def test_a_wish_to_cancel_reaches_the_worker(job: Job, operator: User) -> None:
    with running(job.pk) as held:
        assert held
        Job.objects.filter(pk=job.pk).update(cancel_asked=now())
        report(held, progress=0.5, text="half")
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_queued_job_is_cancelled_at_once_and_never_runs(job: Job, operator: User) -> None:
    assert services.cancel(operator, job.pk).state == "cancelled"
    with running(job.pk) as held:
        assert held is None


def test_the_outbox_sends_what_was_never_sent_and_what_was_lost(
    job: Job, operator: User, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(upkeep, "send", lambda each: sent.append(each.pk))
    fresh = make.job(operator, host, sent=now())
    lost = make.job(operator, host, sent=now() - timedelta(seconds=11))
    upkeep.send_waiting()
    assert sent == [job.pk, lost.pk]
    assert fresh.pk not in sent


def test_a_key_makes_a_repeat_answer_with_the_same_job(operator: User, host: Host) -> None:
    wish = services.Wish("test.start", host, "c" * 64, "web")
    first = services.ask(operator, wish, idempotency_key="k")
    assert services.ask(operator, wish, idempotency_key="k").pk == first.pk
    assert AuditEntry.objects.count() == 1


def test_without_a_trail_there_is_no_job(
    operator: User, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(audit, "record", full)
    with pytest.raises(OSError, match="No space"), transaction.atomic():
        services.ask(operator, services.Wish("test.start", host, "c" * 64))
    assert not Job.objects.exists()


# -- Bulk ----------------------------------------------------------------------------------


RAISED: dict[str, Exception] = {}


@deed("test.start", role=Role.OPERATOR, repeatable=True)
def perform(job: Job) -> None:
    if job.target in RAISED:
        raise RAISED[job.target]


@deed("test.bulk", role=Role.OPERATOR, repeatable=True)
def perform_all(job: Job) -> None:
    run_children(job)


@pytest.fixture
def outcomes() -> Iterator[dict[str, Exception]]:
    """target → what doing it raises; anything else succeeds."""
    yield RAISED
    RAISED.clear()


def bulk_of(operator: User, host: Host, *targets: str) -> Job:
    wishes = [services.Wish("test.start", host, target, target) for target in targets]
    return services.ask_many(operator, "test.bulk", wishes)


@pytest.mark.django_db(transaction=True)
def test_a_bulk_job_succeeds_only_if_all_do(
    operator: User, host: Host, outcomes: dict[str, Exception]
) -> None:
    outcomes["b"] = Failed("b is stuck")
    bulk = bulk_of(operator, host, "a", "b", "c")
    with running(bulk.pk) as held:
        assert held
        run_children(held)
    bulk.refresh_from_db()
    assert (bulk.state, bulk.error) == ("failed", "2 succeeded, 1 did not.")
    assert bulk.result == {"succeeded": 2, "failed": 1}


@pytest.mark.django_db(transaction=True)
def test_retry_asks_only_for_what_failed(
    operator: User, host: Host, outcomes: dict[str, Exception]
) -> None:
    outcomes["b"] = Failed("b is stuck")
    bulk = bulk_of(operator, host, "a", "b", "c")
    with running(bulk.pk) as held:
        assert held
        run_children(held)
    again = services.retry(operator, bulk.pk)
    assert again.retry_of_id == bulk.pk
    assert [child.target for child in again.children.all()] == ["b"]


@pytest.mark.django_db(transaction=True)
def test_a_bulk_job_taken_over_does_not_repeat_what_is_done(
    operator: User, host: Host, outcomes: dict[str, Exception]
) -> None:
    bulk = bulk_of(operator, host, "a", "b")
    done = bulk.children.get(target="a")
    Job.objects.filter(pk=done.pk).update(state="succeeded", attempt=1)
    with running(bulk.pk) as held:
        assert held
        run_children(held)
    bulk.refresh_from_db()
    done.refresh_from_db()
    assert (bulk.state, done.attempt) == ("succeeded", 1)
