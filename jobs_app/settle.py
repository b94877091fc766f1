"""Asking an engine to change something, and finding out what it did when it does not answer."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.utils.timezone import now
from django.utils.translation import gettext as _

from engine.client import Engine
from engine.errors import Broken, Down, TimedOut, Unreachable
from hosts_app.connections import engine_for
from jobs_app.lifecycle import Failed, OutcomeUnknown, report, say
from jobs_app.models import Job

LOOK_S = 2.0  # how often the engine is asked what it did
LOOK_FOR_S = 60.0  # and for how long, before the outcome is called unknown (R5)

T = TypeVar("T")
Done = Callable[[Engine], bool]
"""Whether the engine has what the job wanted."""


def act(
    job: Job, call: Callable[[Engine], None], done: Done | None, *, lasts_s: float = 0.0
) -> None:
    """`call` the engine; where the answer is lost, look until `done`.

    A later attempt looks first: the one before may have got through before its worker died,
    and what it asked for may go on in the engine for `lasts_s`.
    `done` None means that nobody can tell. Raises EngineError, Failed or OutcomeUnknown.
    """
    assert job.host, "such deeds have a host"
    engine = engine_for(job.host)
    if job.attempt > 1 and done and _done_before(job, engine, done, lasts_s):
        return
    try:
        call(engine)
    except (TimedOut, Broken) as error:
        _find_out(job, engine, done, error)


def _done_before(job: Job, engine: Engine, done: Done, lasts_s: float) -> bool:
    assert job.started, "a running job has started"
    while not done(engine):
        if now() > job.started + timedelta(seconds=lasts_s):
            return False
        report(job, text=_("No answer; checking what the engine did."))
        time.sleep(LOOK_S)
    return True


def _find_out(job: Job, engine: Engine, done: Done | None, error: Unreachable) -> None:
    if done is None:
        say(job, _("no answer: %(error)s") % {"error": error})
        raise OutcomeUnknown(
            _("The engine was asked and did not answer: %(error)s") % {"error": error}
        )
    found_out(job, engine, error, lambda: done(engine))
    say(job, _("the engine has done it"))


def found_out(job: Job, engine: Engine, error: Unreachable, look: Callable[[], T]) -> T:
    """What `look` at the engine finds, as soon as it finds something.

    Raises OutcomeUnknown after LOOK_FOR_S (R5), and Failed where the engine has ended meanwhile.
    """
    say(job, _("no answer: %(error)s") % {"error": error})
    ended = False
    deadline = time.monotonic() + LOOK_FOR_S
    while time.monotonic() < deadline:
        report(job, text=_("No answer; checking what the engine did."))
        try:
            if found := look():
                return found
            if ended:
                raise Failed(_("The engine ended while it was asked, and has not done it."))
        except Down:
            # nobody listens: its process is gone, and what it was asked with it. Behind TCP
            # it may only be out of reach, and still at work
            ended = engine.connection.url.startswith("unix:")
        except Unreachable:
            pass
        time.sleep(LOOK_S)
    raise OutcomeUnknown(
        _("The engine was asked, did not answer, and has not done it after a minute: %(error)s")
        % {"error": error}
    )


def await_engine(job: Job) -> None:
    """Until the engine answers again, or for LOOK_FOR_S. Raises LostLease and Cancelled."""
    assert job.host, "such deeds have a host"
    engine = engine_for(job.host)
    deadline = time.monotonic() + LOOK_FOR_S
    while time.monotonic() < deadline:
        report(job, text=_("No answer; waiting for the engine."))
        try:
            engine.ping()
        except Unreachable:
            time.sleep(LOOK_S)
        else:
            return
