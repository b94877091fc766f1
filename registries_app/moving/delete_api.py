"""Images in registries over the API: deleting them, after a look at what would go."""

from typing import Any

from ninja import Router, Status
from pydantic import Field

from accounts_app.http import Request
from core.api import Body, Out, idempotency_key
from core.gate import signed_in
from jobs_app.schemas import JobOut, job_out
from registries_app.moving import deletions as moving
from registries_app.moving.deletions import Hit, Wanted

router = Router(tags=["registries"])


class DeleteBody(Body):
    """Either tags or digests."""

    repository: str
    tags: list[str] = Field([], description="Removed by themselves: their images stay")
    digests: list[str] = Field([], description="Images, which go with all their tags")
    seen: dict[str, str] = Field(
        {}, description="Tag to digest, as you saw them: a tag that has moved since is left alone"
    )
    preview: bool = Field(default=False, description="Only tell what would go")


class HitDigest(Out):
    digest: str
    tags: list[str] = Field(description="All that stand for it, on all pages")


class HitContainer(Out):
    host: str
    id: str
    name: str
    image: str
    running: bool


class PreviewOut(Out):
    """What a deletion would hit."""

    way: str = Field(
        description="How a tag is removed there: by_name, by_replacing (with a manifest of "
        "nothing, deleted by its digest), or off: nothing can be deleted"
    )
    tags: list[str] = Field(description="These go")
    digests: list[HitDigest]
    kept: list[str] = Field(description="Tags of the same images, which stay")
    missing: list[str] = Field(description="Asked for, but not there")
    containers: list[HitContainer] = Field(description="Made from what goes, on hosts you see")
    breaks: dict[str, list[str]] = Field(
        description="Tag of an image that stays, to the platforms that it would lack"
    )
    complete: bool = Field(description="Every tag was looked at in the time there was")


def preview_out(hit: Hit) -> PreviewOut:
    found = hit.preview
    return PreviewOut(
        way=found.way,
        tags=list(found.tags),
        digests=[HitDigest(digest=digest, tags=list(of)) for digest, of in found.digests.items()],
        kept=list(found.kept),
        missing=list(found.missing),
        containers=[
            HitContainer(
                host=use.host.slug,
                id=use.container_id,
                name=use.container_name,
                image=use.reference,
                running=use.running,
            )
            for use in hit.uses
        ],
        breaks=hit.breaks,
        complete=found.complete,
    )


@router.post("registries/{registry}/delete", response={200: PreviewOut, 202: JobOut})
@signed_in
def delete_from_registry(request: Request, registry: str, wanted: DeleteBody) -> Status[Any]:
    """Remove tags only, or images with all their tags; `preview` tells what would go.

    Operators of all hosts. The job reads the registry again, and tells what is really gone.
    """
    said = Wanted(
        wanted.repository,
        tuple(dict.fromkeys(wanted.tags)),
        tuple(dict.fromkeys(wanted.digests)),
        wanted.seen,
    )
    if wanted.preview:
        return Status(200, preview_out(moving.preview_deletion(request.user, registry, said)))
    key = idempotency_key(request)
    return Status(202, job_out(moving.delete(request.user, registry, said, idempotency_key=key)))
