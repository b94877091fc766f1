"""Images on their way over the API: pull, on one host or several, and push."""

from ninja import Router
from pydantic import Field

from accounts_app.http import Request
from core.api import Body, idempotency_key
from core.gate import signed_in
from images_app import transfers
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before

router = Router(tags=["images"])


class PullBody(Body):
    reference: str = Field(description="nginx:1.27, registry.example:5000/team/app@sha256:…")
    platform: str | None = Field(None, description="linux/arm64; the engine's own unless given")


class PullOnBody(PullBody):
    hosts: list[str] = Field(description="Slugs")


class PushBody(Body):
    reference: str = Field(description="The name says to which registry")
    platform: str | None = Field(None, description="Null: an engine has one of each name")


@router.post("hosts/{host}/images/pull", response={202: JobOut})
@signed_in
def pull(request: Request, host: str, wanted: PullBody) -> JobOut:
    """Fetch an image. Repeated once where it was interrupted; can be cancelled. Operators."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.pull", host=host) or transfers.pull(
        request.user, host, wanted.reference, wanted.platform or "", idempotency_key=key
    )
    return job_out(job)


@router.post("images/pull", response={202: JobOut})
@signed_in
def pull_on(request: Request, wanted: PullOnBody) -> JobOut:
    """The same on several hosts: one child job each; all must succeed. Operators of each."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.pull.bulk") or transfers.pull_on(
        request.user,
        wanted.hosts,
        wanted.reference,
        wanted.platform or "",
        idempotency_key=key,
    )
    return job_out(job)


@router.post("hosts/{host}/images/push", response={202: JobOut})
@signed_in
def push(request: Request, host: str, wanted: PushBody) -> JobOut:
    """Send an image to the registry of its name; the result has its digest. Operators."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.push", host=host) or transfers.push(
        request.user, host, wanted.reference, idempotency_key=key
    )
    return job_out(job)
