"""Runs what streams from an engine as a Job: progress goes out, a wish to cancel comes in.

The stream has an event loop in a thread of its own. The worker's thread stays beside it, writes
what is new a few times a second, and ends the loop when the job is no longer ours to do.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from jobs_app.lifecycle import LINES_KEPT, Cancelled, check_mine, report, say
from jobs_app.models import Job

LOOK_S = 0.4  # how often progress is written (R47) and a wish to cancel is heard (R46)
STOP_S = 5.0  # a cancelled stream ends at once; nobody waits longer for one that does not

T = TypeVar("T")


class Reporter:
    """How far a stream is. Any thread may tell; it is written at most every LOOK_S."""

    def __init__(self, job: Job, *, kept: int | None = LINES_KEPT) -> None:
        self._job, self._kept = job, kept
        self._guard = threading.Lock()
        self._told: tuple[float | None, str, Any] = (job.progress, job.text, job.detail)
        self._now = self._told
        self._lines: list[str] = []

    def progress(
        self, done: float | None, total: float | None, text: str, *, detail: Any = None
    ) -> None:
        """`done` of `total` in any unit; None or 0 where nobody knows. `detail` is for JSON."""
        share = min(1.0, max(0.0, done / total)) if done is not None and total else None
        with self._guard:
            self._now = (share, text, detail)

    def line(self, text: str) -> None:
        """One line for the job's log."""
        with self._guard:
            self._lines.append(text)

    def result(self, value: dict[str, Any]) -> None:
        """What the job's result will be, whatever becomes of it."""
        self._job.result = value

    def write(self) -> None:
        """Raises LostLease and Cancelled."""
        self.write_lines()
        with self._guard:
            share, text, detail = new = self._now
        if new == self._told:
            check_mine(self._job)
            return
        self._told = new
        report(self._job, progress=share, text=text, detail=detail)

    def write_lines(self) -> None:
        with self._guard:
            waiting, self._lines = self._lines, []
        if waiting:
            say(self._job, *waiting, kept=self._kept)


def run_streaming(
    job: Job, work: Callable[[Reporter], Awaitable[T]], *, kept: int | None = LINES_KEPT
) -> T:
    """What `work` answers, which runs in an event loop and must not touch the database.

    It is cancelled, and so closes its connections, as soon as somebody asks to cancel the job or
    its lease is lost: then Cancelled or LostLease is raised. `kept`: lines of the job's log.
    """
    reporter = Reporter(job, kept=kept)
    stream = _Stream(work, reporter)
    try:
        while not stream.ended.wait(LOOK_S):
            reporter.write()
    except Cancelled:
        stream.stop()
        if not stream.succeeded:  # else it was done before it heard of that
            raise
    finally:
        stream.stop()
    with suppress(Cancelled):
        reporter.write()  # how it was at its end
    return stream.outcome()


class _Stream(Generic[T]):
    """A coroutine in a thread of its own."""

    def __init__(self, work: Callable[[Reporter], Awaitable[T]], reporter: Reporter) -> None:
        self.ended = threading.Event()
        self._failure: BaseException | None = None
        self._answer: list[T] = []
        self._work, self._reporter = work, reporter
        self._begun = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    @property
    def succeeded(self) -> bool:
        return bool(self._answer)

    def outcome(self) -> T:
        if self._failure:
            raise self._failure
        return self._answer[0]

    def stop(self) -> None:
        """Cancels what still runs, and waits for it a moment."""
        self._begun.wait()
        if self._loop and self._task:
            with suppress(RuntimeError):  # it has ended, and so has its loop
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            self._answer.append(asyncio.run(self._main()))
        except BaseException as error:  # noqa: BLE001 - raised in the worker's thread
            self._failure = error
        finally:
            self._begun.set()
            self.ended.set()

    async def _main(self) -> T:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._begun.set()
        return await self._work(self._reporter)
