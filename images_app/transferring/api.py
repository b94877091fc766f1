"""Images on their way over the API: pull, push, save, and sending host to host."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts_app.http import Request
from core.api import Body, idempotency_key
from core.gate import signed_in
from images_app.transferring import distribute as sending
from images_app.transferring import transfers
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
    source: str = Field("", description="An image of the host, which gets this name first")
    platform: str | None = Field(None, description="Null: an engine has one of each name")


class Source(Body):
    host: str
    reference: str | None = None
    references: list[str] = Field([], description="More of them")


class DistributeBody(Body):
    source: Source
    targets: list[str] = Field(description="Slugs; not that of the source")
    via: str | None = Field(
        None, description="A registry to push to and pull from by digest; null: straight"
    )


class SaveFilters(BaseModel):
    reference: list[str] = Field([], description="An image, any number of times")


TAR = "application/x-tar"
ARCHIVE = {"responses": {200: {"description": "OK", "content": {TAR: {}}}}}


@router.post("images/distribute", response={202: JobOut})
@signed_in
def distribute(request: Request, wanted: DistributeBody) -> JobOut:
    """Send images to other hosts: one child job for each image and host, and where it goes by way
    of a registry, one push before. The same id must arrive. Operators of all of them.
    """
    source, key = wanted.source, idempotency_key(request)
    first = [source.reference] if source.reference is not None else []
    job = asked_before(request.user, key, "image.distribute.bulk") or sending.distribute(
        request.user,
        source.host,
        [*first, *source.references],
        wanted.targets,
        wanted.via or "",
        idempotency_key=key,
    )
    return job_out(job)


@router.get("hosts/{host}/images/save", openapi_extra=ARCHIVE)
@signed_in
def save(request: Request, host: str, asked: Query[SaveFilters]) -> HttpResponseBase:
    """One or several images as a tar, streamed from the engine. Operators."""
    saved = transfers.save(request.user, host, asked.reference)
    if request.method == "HEAD":
        saved.close()
        return HttpResponse(content_type=TAR)
    answer = StreamingHttpResponse(saved, content_type=TAR)
    answer["Content-Disposition"] = 'attachment; filename="images.tar"'
    return answer


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
    """Send an image to the registry of its name. The result has the digest that was answered, and
    whether the registry itself tells the same (`confirmed`; null: it could not be asked).
    Operators.
    """
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.push", host=host) or transfers.push(
        request.user, host, wanted.reference, wanted.source, idempotency_key=key
    )
    return job_out(job)
