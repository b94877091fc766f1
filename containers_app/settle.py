"""Asking an engine to change a container, and when that counts as done."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from containers_app.inventory import read_one
from engine.client import Engine
from engine.errors import EngineError, NoSuchObject
from engine.types import ContainerDetail
from hosts_app.connections import engine_for
from jobs_app import settle
from jobs_app.models import Job

Done = Callable[[ContainerDetail | None], bool]
"""Whether the container, None when it is gone, is as the job wanted it."""


def act(
    job: Job, call: Callable[[Engine], None], done: Done | None, *, lasts_s: float = 0.0
) -> None:
    """As `jobs_app.settle.act`, looking at the container that the job is about."""

    def is_done(engine: Engine) -> bool:
        assert done, "asked only where somebody can tell"
        return done(_look(engine, job.target))

    settle.act(job, call, is_done if done else None, lasts_s=lasts_s)
    _show(job)


def _show(job: Job) -> None:
    """Let the row say what is true before the job ends, and not what was true before it.

    Else pages show the old state again until the watcher has read the event. Items of a bulk job
    are told four times a second only, and the watcher is sooner.
    """
    if job.host and job.parent_id is None:
        with suppress(EngineError):  # the watcher will read it
            read_one(job.host, engine_for(job.host), job.target)


def _look(engine: Engine, docker_id: str) -> ContainerDetail | None:
    try:
        return engine.container(docker_id)
    except NoSuchObject:
        return None


# -- When a deed counts as done ----------------------------------------------------------


def is_running(found: ContainerDetail | None) -> bool:
    return found is not None and found.state == "running"


def has_started(job: Job) -> Done:
    """Running, or started since the job was: it may have ended again already."""
    since = started_since(job)
    return lambda found: is_running(found) or since(found)


def is_stopped(found: ContainerDetail | None) -> bool:
    return found is None or found.state in {"exited", "dead", "created"}


def is_paused(found: ContainerDetail | None) -> bool:
    return found is not None and found.state == "paused"


def is_gone(found: ContainerDetail | None) -> bool:
    return found is None


def is_named(name: str) -> Done:
    return lambda found: found is not None and found.name == name


def started_since(job: Job) -> Done:
    """Started after the job was, by the engine's clock."""
    assert job.host, "deeds on containers have a host"
    assert job.started, "a running job has started"
    since = job.started + timedelta(seconds=job.host.skew_s)
    return lambda found: bool(found and found.started and found.started > since)
