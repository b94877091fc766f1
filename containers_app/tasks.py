"""What a worker does with containers: each task is the deed of one job."""

import json
from typing import Any

from django.utils.translation import gettext as _

from accounts_app.models import Role
from containers_app import (
    commit_tasks,  # noqa: F401 - its deed is registered
    settle,
)
from containers_app.models import Container
from containers_app.policy import require_allowed
from containers_app.privileged import is_administrator, require_first_start
from containers_app.spec import spec_from
from core.errors import Forbidden
from core.sealed import unseal
from engine.client import Engine
from engine.errors import Broken, TimedOut
from engine.types import ContainerSpec
from hosts_app.connections import engine_for
from jobs_app.bulk import run_children
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, say
from jobs_app.models import Job
from jobs_app.settle import found_out

GRACE_S = 10  # the engine's own default between SIGTERM and SIGKILL
START_S = 5  # how long the other half of a restart may take
JOB_LABEL = "quarterdeck.job"


@deed("container.start", role=Role.OPERATOR, repeatable=True)
def start_container(job: Job) -> None:
    require_first_start(job, _engine_of(job))
    settle.act(job, lambda engine: engine.start(job.target), settle.has_started(job))


@deed("container.stop", role=Role.OPERATOR, repeatable=True)
def stop_container(job: Job) -> None:
    grace_s = int(job.params.get("timeout", GRACE_S))
    settle.act(job, lambda engine: engine.stop(job.target, grace_s=grace_s), settle.is_stopped)


@deed("container.restart", role=Role.OPERATOR, repeatable=True)
def restart_container(job: Job) -> None:
    grace_s = int(job.params.get("timeout", GRACE_S))
    require_first_start(job, _engine_of(job))
    settle.act(
        job,
        lambda engine: engine.restart(job.target, grace_s=grace_s),
        settle.started_since(job),
        lasts_s=grace_s + START_S,
    )


@deed("container.pause", role=Role.OPERATOR, repeatable=True)
def pause_container(job: Job) -> None:
    settle.act(job, lambda engine: engine.pause(job.target), settle.is_paused)


@deed("container.unpause", role=Role.OPERATOR, repeatable=True)
def unpause_container(job: Job) -> None:
    settle.act(job, lambda engine: engine.unpause(job.target), settle.is_running)


@deed("container.kill", role=Role.OPERATOR)
def kill_container(job: Job) -> None:
    signal = str(job.params.get("signal", "SIGKILL"))
    done = settle.is_stopped if signal == "SIGKILL" else None
    settle.act(job, lambda engine: engine.kill(job.target, signal=signal), done)


@deed("container.rename", role=Role.OPERATOR, repeatable=True)
def rename_container(job: Job) -> None:
    name = str(job.params["name"])
    settle.act(job, lambda engine: engine.rename(job.target, name), settle.is_named(name))


@deed("container.remove", role=Role.OPERATOR, repeatable=True)
def remove_container(job: Job) -> None:
    force, volumes = bool(job.params.get("force")), bool(job.params.get("volumes"))
    row = Container.objects.filter(host=job.host, docker_id=job.target).first()
    if row and row.locked:  # locked after this was asked
        raise Failed(_("The container is locked against removal."))
    settle.act(
        job,
        lambda engine: engine.remove(job.target, force=force, volumes=volumes),
        settle.is_gone,
    )


@deed("container.run", role=Role.OPERATOR, repeatable=True)
def run_container(job: Job) -> None:
    """Create and start; its label tells a second attempt what the first one made (R7)."""
    engine = _engine_of(job)
    made = engine.container_with_label(JOB_LABEL, str(job.key)) or _create(job, engine)
    job.target, job.result = made, {"id": made}
    Job.objects.filter(pk=job.pk).update(target=made, result=job.result)
    say(job, _("created %(id)s") % {"id": made[:12]})
    if job.params.get("start", True):
        settle.act(job, lambda engine: engine.start(made), settle.has_started(job))
        say(job, _("started"))


def _create(job: Job, engine: Engine) -> str:
    spec = spec_from(job.params | _secrets(job), labels={JOB_LABEL: str(job.key)})
    _require_allowed(job, engine, spec)
    try:
        return engine.create(spec)
    except (TimedOut, Broken) as error:
        found = found_out(
            job, engine, error, lambda: engine.container_with_label(JOB_LABEL, str(job.key))
        )
        assert found, "it returns what it finds"
        return found


def _secrets(job: Job) -> dict[str, Any]:
    secrets: dict[str, Any] = json.loads(unseal(job, "sealed") or "{}")
    return secrets


def _require_allowed(job: Job, engine: Engine, spec: ContainerSpec) -> None:
    """Ask the policy once more, with the rights of now and the volumes as the engine has them."""
    if is_administrator(job):
        return
    named = {mount.source for mount in spec.mounts if mount.type == "volume" and mount.source}
    try:
        require_allowed(spec, {name: engine.volume_options(name) for name in named})
    except Forbidden as refusal:
        raise Failed(refusal.message) from refusal


@deed("container.bulk", role=Role.OPERATOR, repeatable=True)
def run_bulk(job: Job) -> None:
    run_children(job)


@deed("container.prune", role=Role.OPERATOR)
def run_prune(job: Job) -> None:
    run_children(job)


def _engine_of(job: Job) -> Engine:
    assert job.host, "deeds on containers have a host"
    return engine_for(job.host)
