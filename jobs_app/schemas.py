"""Jobs as the API tells them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from core.api import Filters, Out
from jobs_app.models import Job
from jobs_app.selectors import positions


class JobOut(Out):
    """One thing somebody asked an engine to do."""

    id: int
    kind: str = Field(description="container.stop, container.run, container.bulk, …")
    state: str = Field(
        description="queued, running, then one of succeeded, failed, cancelled, interrupted, "
        "unknown"
    )
    host: str | None = Field(description="The slug; null for a job of several hosts, or of none")
    target: str = Field(description="Docker's own id or reference")
    target_name: str
    actor: str
    progress: float | None = Field(description="0 to 1")
    text: str
    detail: Any = Field(description="Of what the progress is made, such as the layers of a pull")
    result: Any
    error: str = Field(description="In the engine's own words")
    created: datetime
    started: datetime | None
    finished: datetime | None
    parent: int | None = Field(description="Its bulk job")
    retry_of: int | None
    position: int | None = Field(description="In the queue, from 1")


class JobFilters(Filters):
    state: str = Field("", description="A state, or `open` for queued and running.")
    kind: str = ""
    host: str = ""
    target: str = ""
    parent: str = Field("", description="The bulk job whose items to list.")


class LogLines(Out):
    items: list[str]
    next: int = Field(description="What to send as `after` to go on")


def job_out(job: Job) -> JobOut:
    return jobs_out([job])[0]


def jobs_out(jobs: Sequence[Job]) -> list[JobOut]:
    places = positions(jobs)
    return [
        JobOut(
            id=job.pk,
            kind=job.kind,
            state=job.state,
            host=job.host_name or None,
            target=job.target,
            target_name=job.target_name,
            actor=job.actor_name,
            progress=job.progress,
            text=job.text,
            detail=job.detail,
            result=job.result,
            error=job.error,
            created=job.created,
            started=job.started,
            finished=job.finished,
            parent=job.parent_id,
            retry_of=job.retry_of_id,
            position=places.get(job.pk),
        )
        for job in jobs
    ]
