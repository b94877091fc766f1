"""A stream under a job: progress is written now and then, a cancel ends it even while silent."""

import asyncio
import threading
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts_app.models import User
from hosts_app.models import Host
from jobs_app import services, streaming, upkeep
from jobs_app.lifecycle import LINES_KEPT, Interrupted, LostLease, running
from jobs_app.models import Job
from jobs_app.selectors import lines_after
from jobs_app.streaming import Reporter, run_streaming
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "LOOK_S", 0.02)


@pytest.fixture
def job(operator: User, host: Host) -> Job:
    return make.job(operator, host, "container.start", queue="transfers")


class Silent:
    """A stream that says nothing until it is cancelled."""

    def __init__(self) -> None:
        self.begun, self.closed = threading.Event(), threading.Event()

    async def __call__(self, reporter: Reporter) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.closed.set()


def test_it_answers_and_its_last_words_are_kept(job: Job) -> None:
    async def work(reporter: Reporter) -> str:
        for number in range(5000):  # R47
            reporter.line(f"layer {number}")
            reporter.progress(number, 10_000, f"{number} bytes", detail=[number])
        reporter.result({"id": "sha256:1"})
        return "done"

    with running(job.pk) as held:
        assert held
        assert run_streaming(held, work) == "done"
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"id": "sha256:1"})
    assert (job.text, job.detail) == ("4999 bytes", [4999])
    lines = lines_after(job, 0, 10_000)
    assert len(lines) == LINES_KEPT + 1  # and how it ended
    assert [line.text for line in lines[-2:]] == ["layer 4999", "succeeded"]


def test_progress_is_written_at_most_at_every_look(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[float | None] = []
    monkeypatch.setattr(
        streaming, "report", lambda _job, *, progress, **_more: written.append(progress)
    )
    reporter = Reporter(job)
    for number in range(100):
        reporter.progress(number, 100, "")
    with running(job.pk) as held:
        assert held
        reporter.write()
        reporter.write()
    assert written == [0.99]


def test_a_cancel_closes_a_silent_stream(job: Job, operator: User) -> None:
    silent = Silent()

    def cancel() -> None:
        silent.begun.wait(10)
        services.cancel(operator, job.pk)

    asking = threading.Thread(target=cancel)
    asking.start()
    with running(job.pk) as held:
        assert held
        run_streaming(held, silent)
    asking.join()
    assert silent.closed.is_set()
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_what_was_done_before_the_cancel_was_heard_is_done(job: Job) -> None:
    async def work(reporter: Reporter) -> str:
        return "done"

    with running(job.pk) as held:
        assert held
        Job.objects.filter(pk=job.pk).update(cancel_asked=now())
        assert run_streaming(held, work) == "done"


def test_a_lost_lease_closes_it(job: Job) -> None:
    silent = Silent()
    with running(job.pk) as held:
        assert held
        Job.objects.filter(pk=job.pk).update(lease=now() - timedelta(seconds=1))
        upkeep.take_from_the_dead()
        with pytest.raises(LostLease):
            run_streaming(held, silent)
    assert silent.closed.is_set()


def test_its_failure_is_the_jobs(job: Job) -> None:
    async def work(reporter: Reporter) -> None:
        raise Interrupted("the engine died")

    with running(job.pk) as held:
        assert held
        run_streaming(held, work)
    job.refresh_from_db()
    assert (job.state, job.error) == ("interrupted", "the engine died")
