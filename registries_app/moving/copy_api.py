"""Copies between registries over the API."""

from ninja import Router, Status
from pydantic import Field

from accounts_app.http import Request
from core.api import Body, Out, idempotency_key
from core.gate import signed_in
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before
from registries_app.moving import copies
from registries_app.moving.copies import End, Look

router = Router(tags=["registries"])


class SourceBody(Body):
    registry: str = Field(description="The slug")
    repository: str
    reference: str = Field("latest", description="A tag or a digest")


class TargetBody(Body):
    registry: str = Field(description="The slug")
    repository: str
    reference: str = Field("", description="A tag or a digest; empty: the source's")


class CopyBody(Body):
    source: SourceBody
    target: TargetBody
    overwrite: bool = Field(default=False, description="Where the tag stands for another image")
    dry_run: bool = Field(default=False, description="Only tell what would be done")


class PairBody(Body):
    source: SourceBody
    target: TargetBody


class CopiesBody(Body):
    items: list[PairBody]
    overwrite: bool = Field(default=False, description="Where tags stand for other images")


class BlobOut(Out):
    digest: str
    size: int
    does: str = Field(description="copy, mount or present")


class DryRunOut(Out):
    """What a copy would do."""

    digest: str
    manifests: int = Field(description="Platforms, attestations, referrers, and the whole")
    referrers: int = Field(description="Signatures, SBOMs and so on, of these")
    blobs: list[BlobOut]
    bytes: int = Field(description="Of what is to be copied or mounted")
    overwrites: str | None = Field(
        description="The digest for which the tag stands now, where that is another"
    )


def dry_run_out(look: Look) -> DryRunOut:
    found, wanted = look.found, look.plan
    missing = "mount" if wanted.mounts else "copy"
    blobs = [
        BlobOut(digest=digest, size=size, does=missing if digest in wanted.missing else "present")
        for digest, size in found.blobs.items()
    ]
    return DryRunOut(
        digest=found.digest,
        manifests=len(found.manifests),
        referrers=len(found.referrers),
        blobs=blobs,
        bytes=sum(wanted.missing.values()),
        overwrites=wanted.replaces or None,
    )


@router.post("registries/copy", response={200: DryRunOut, 202: JobOut})
@signed_in
def copy_between_registries(request: Request, wanted: CopyBody) -> Status[DryRunOut | JobOut]:
    """Copy an image whole: all platforms, attestations and referrers, its digest verified.

    `dry_run` tells what would be copied, mounted and overwritten. Operators of all hosts.
    """
    source, target = _ends(wanted)
    if wanted.dry_run:
        return Status(200, dry_run_out(copies.look(request.user, source, target)))
    key = idempotency_key(request)
    job = asked_before(request.user, key, "registry.copy") or copies.copy(
        request.user, source, target, overwrite=wanted.overwrite, idempotency_key=key
    )
    return Status(202, job_out(job))


@router.post("registries/copy/bulk", response={202: JobOut})
@signed_in
def copy_several(request: Request, wanted: CopiesBody) -> JobOut:
    """Several copies: one child job each; all must succeed. Operators of all hosts."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "registry.copy.bulk") or copies.copy_several(
        request.user,
        [_ends(pair) for pair in wanted.items],
        overwrite=wanted.overwrite,
        idempotency_key=key,
    )
    return job_out(job)


def _ends(wanted: CopyBody | PairBody) -> tuple[End, End]:
    source, target = wanted.source, wanted.target
    return (
        End(source.registry, source.repository, source.reference),
        End(target.registry, target.repository, target.reference),
    )
