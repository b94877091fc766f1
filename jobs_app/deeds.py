"""What can be done as a Job: each deed with the role it needs and how often it may be tried."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celery import shared_task

from accounts_app.models import Role
from jobs_app.dispatch import send_next
from jobs_app.lifecycle import running
from jobs_app.models import Job


@dataclass(frozen=True, slots=True)
class Deed:
    """`kind` is the name of the Celery task, the Job's kind and the action in the trail."""

    kind: str
    role: Role
    repeatable: bool  # doing it again after a worker died does no harm (R7)
    queue: str


DEEDS: dict[str, Deed] = {}


def deed(
    kind: str, *, role: Role, repeatable: bool = False, queue: str = "interactive"
) -> Callable[[Callable[[Job], None]], Any]:
    """Make `function(job)` the Celery task `kind`, run under the job's lease."""

    def register(function: Callable[[Job], None]) -> Any:
        DEEDS[kind] = Deed(kind, role, repeatable, queue)

        def run(job_id: int) -> None:
            with running(job_id) as job:
                if job:
                    function(job)
            if job:
                send_next(job)

        run.__name__ = function.__name__
        run.__doc__ = function.__doc__
        return shared_task(name=kind)(run)

    return register
