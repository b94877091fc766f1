"""Containers that are root on their host: whoever controls one controls the host (B8)."""

from django.utils.translation import gettext as _

from accounts_app.models import Role
from containers_app.isolation import ways_to_root
from engine.client import Engine
from engine.types import ContainerDetail
from hosts_app.selectors import may
from jobs_app.lifecycle import Failed
from jobs_app.models import Job


def reaches(found: ContainerDetail) -> list[str]:
    """How this container could become root on its host or look into its other processes."""
    ways = ways_to_root(found)
    if found.pid_mode == "host":
        ways.append(_("it sees all processes of the host"))
    if found.network_mode == "host":
        ways.append(_("it shares the host's network"))
    return ways


def require_first_start(job: Job, engine: Engine) -> None:
    """Raise Failed where the first start of a container that reaches its host is not the actor's.

    What an administrator has let run once, an operator may start again: he could stop it, and
    nothing of it has changed since. Raises EngineError where the engine cannot be asked.
    """
    if is_administrator(job):
        return
    found = engine.container(job.target)
    if found.started is None and (ways := reaches(found)):
        raise Failed(
            _("Only an administrator of the host may start this container first: %(why)s.")
            % {"why": ", ".join(ways)}
        )


def require_commit(job: Job, engine: Engine) -> None:
    """Raise Failed where an image of a container that reaches its host is not the actor's.

    What such a container has in its writable layer may be of the host. Raises EngineError where
    the engine cannot be asked.
    """
    if not is_administrator(job) and (ways := reaches(engine.container(job.target))):
        raise Failed(
            _("Only an administrator of the host may make an image of this container: %(why)s.")
            % {"why": ", ".join(ways)}
        )


def is_administrator(job: Job) -> bool:
    """Whether who asked for the job is an administrator of its host now."""
    assert job.host, "deeds on containers have a host"
    assert job.actor, "a job of nobody does not begin"
    return may(job.actor, job.host, Role.ADMINISTRATOR)
