"""Making an image of a container as a job."""

import json
from datetime import timedelta

from django.utils.translation import gettext as _

from accounts_app.models import Role
from containers_app.privileged import require_commit
from core.sealed import unseal
from engine.client import Engine
from engine.commits import commit
from engine.errors import NoSuchObject, Unreachable
from engine.reference import Reference, parse
from hosts_app.connections import connection_for, engine_for
from jobs_app.deeds import deed
from jobs_app.lifecycle import Cancelled, say
from jobs_app.models import Job
from jobs_app.settle import found_out
from jobs_app.streaming import Reporter, run_streaming

MARGIN = timedelta(seconds=2)  # clocks of engines are known to about a second


@deed("container.commit", role=Role.OPERATOR, repeatable=True, queue="transfers")
def commit_container(job: Job) -> None:
    """A later attempt looks first: the engine goes on when nobody waits for it any more."""
    assert job.host, "a container has a host"
    engine, reference = engine_for(job.host), parse(str(job.params["reference"]))
    require_commit(job, engine)
    made = _made(job, engine, reference) if job.attempt > 1 else ""
    if not made:
        try:
            made = _commit(job, reference)
        except Unreachable as error:
            made = found_out(job, engine, error, lambda: _made(job, engine, reference))
    job.result = {"id": made, "reference": reference.familiar}
    say(job, _("made %(name)s %(id)s") % {"name": reference.familiar, "id": made})


def _commit(job: Job, reference: Reference) -> str:
    assert job.host, "a container has a host"
    connection, said = connection_for(job.host), job.params
    changes: list[str] = json.loads(unseal(job, "sealed") or "[]")

    async def ask(_reporter: Reporter) -> str:
        return await commit(
            connection,
            job.target,
            name=Reference(reference.domain, reference.path).familiar,
            tag=reference.tag,
            message=str(said.get("message") or ""),
            author=str(said.get("author") or ""),
            changes=changes,
            pause=bool(said.get("pause", True)),
        )

    try:
        return run_streaming(job, ask)
    except Cancelled:
        say(job, _("an engine that has begun goes on: the image may appear all the same"))
        raise


def _made(job: Job, engine: Engine, reference: Reference) -> str:
    """The id of the image of that name, where this job made it; else ""."""
    assert job.host, "a container has a host"
    try:
        found = engine.image(reference.familiar)
    except NoSuchObject:
        return ""
    since = job.created + timedelta(seconds=job.host.skew_s) - MARGIN
    source = found.raw.get("Container") or job.target  # newer engines do not tell any more
    ours = source == job.target and found.comment == str(job.params.get("message") or "")
    return found.id if ours and found.created and found.created > since else ""
