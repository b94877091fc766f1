"""What a worker does to build an image by the engine's classic builder, told step by step."""

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from accounts_app.models import Role
from core.sealed import unseal
from engine.errors import EngineError, Unreachable
from engine.transfers import messages
from engine.types import Connection
from hosts_app.connections import connection_for
from hosts_app.selectors import may
from images_app.building.auth import sign_ins
from images_app.building.dockerfile import check
from images_app.building.spool import forget, pieces
from images_app.building.steps import Progress
from images_app.models import Build
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, Interrupted
from jobs_app.models import Job
from jobs_app.streaming import Reporter, run_streaming

CLASSIC = "1"  # BuildKit would be 2, and wants a session beside the request


@dataclass(frozen=True, slots=True)
class _Order:
    """All that the stream needs, read from the database before it begins."""

    connection: Connection
    path: str
    context: str  # name of its file; "" where the engine fetches it
    headers: dict[str, str] = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)


@deed("image.build", role=Role.OPERATOR, queue="transfers")
def build_image(job: Job) -> None:
    """Never done twice: with its worker, its connection ends, and so the engine's build (R45)."""
    build = Build.objects.get(job=job)
    try:
        order = _order(job, build)
        job.result = run_streaming(job, lambda reporter: _stream(order, reporter), kept=None)
        job.result = {"id": job.result["id"], "tags": job.params.get("tags", [])}
        Job.objects.filter(pk=job.pk).update(target=job.result["id"])
        job.target = job.result["id"]
    finally:
        forget(build)


def _order(job: Job, build: Build) -> _Order:
    assert job.host, "a build has a host"
    assert job.actor, "a job of nobody does not begin"
    params = job.params
    for_administrators = params.get("remote") or params.get("network") == "host"
    if for_administrators and not may(job.actor, job.host, Role.ADMINISTRATOR):
        raise Failed(_("Rights changed: only an administrator of the host may build this."))
    values: dict[str, str] = json.loads(unseal(job, "sealed") or "{}")
    if sorted(values) != params.get("build_args", []) or not (build.spool or params.get("remote")):
        raise Failed(_("Its context or arguments are gone: build it again from its page."))
    # which bases a git repository names, only the engine will know: it gets no sign-in for them
    target = params.get("target", "")
    images = check(build.dockerfile, target=target, build_args=values).images
    return _Order(
        connection_for(job.host),
        f"/build?{urlencode(_query(params, values))}",
        build.spool,
        {"Content-Type": "application/x-tar", **sign_ins(images)},
        tuple(values.values()),
    )


def _query(params: dict[str, Any], values: dict[str, str]) -> list[tuple[str, str]]:
    """The engine's own parameters: docs.docker.com/reference/api/engine, ImageBuild."""
    said = {
        "version": CLASSIC,
        "rm": "1",
        "forcerm": "1",
        "dockerfile": params.get("dockerfile_path", ""),
        "target": params.get("target", ""),
        "networkmode": params.get("network", ""),
        "remote": params.get("remote", ""),
        "nocache": "1" if params.get("no_cache") else "",
        "pull": "1" if params.get("pull") else "",
        "buildargs": json.dumps(values) if values else "",
        "labels": json.dumps(params["labels"]) if params.get("labels") else "",
    }
    tags = [("t", tag) for tag in params.get("tags", [])]
    return [(name, value) for name, value in said.items() if value] + tags


async def _stream(order: _Order, reporter: Reporter) -> dict[str, Any]:
    progress, began = Progress(order.hidden), time.monotonic()

    def tell(lines: list[str]) -> None:
        for line in lines:
            reporter.line(line)
        done = len(progress.steps) - 1 if progress.steps else 0
        reporter.progress(done, progress.total, progress.text, detail=progress.told())

    body = pieces(order.context) if order.context else None
    failed = True
    try:
        async for message in messages(
            order.connection, order.path, {}, headers=order.headers, body=body
        ):
            tell(progress.read(message, time.monotonic() - began))
        failed = False
    except Unreachable as error:
        raise Interrupted(progress.without_secrets(str(error))) from error
    except EngineError as error:
        raise Failed(progress.without_secrets(str(error))) from error
    finally:
        tell(progress.end(time.monotonic() - began, failed=failed))
    if not progress.image:
        raise Failed(_("The engine ended without an image."))
    return {"id": progress.image}
