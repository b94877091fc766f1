"""Search over all registries and hosts, over the API."""

from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts_app.http import Request
from core.api import Out
from core.gate import signed_in
from registries_app.finding.finding import Found, find

router = Router(tags=["registries"])


class FindFilters(BaseModel):
    q: str = Field("", description="Words: of names, tags and digests; all must match")


class FoundHost(Out):
    host: str
    id: str
    tags: list[str]


class FoundContainer(Out):
    host: str
    id: str
    name: str
    running: bool


class FoundOut(Out):
    registry: str | None = Field(description="The slug; null for an image that only hosts have")
    repository: str
    digest: str | None = Field(description="Null where nobody has looked yet")
    tags: list[str]
    hosts: list[FoundHost] = Field(description="That have the image, of those you see")
    containers: list[FoundContainer] = Field(description="Made from it, on hosts you see")


class FoundsOut(Out):
    items: list[FoundOut]
    total: int
    complete: bool = Field(description="False: only the first are told; say more words")


def found_out(found: Found) -> FoundOut:
    return FoundOut(
        registry=found.slug or None,
        repository=found.repository,
        digest=found.digest or None,
        tags=found.tags,
        hosts=[
            FoundHost(host=kept.host.slug, id=kept.image_id, tags=list(kept.tags))
            for kept in found.kept
        ],
        containers=[
            FoundContainer(
                host=use.host.slug,
                id=use.container_id,
                name=use.container_name,
                running=use.running,
            )
            for use in found.uses
        ],
    )


@router.get("registries/search", response=FoundsOut)
@signed_in
def search(request: Request, filters: Query[FindFilters]) -> FoundsOut:
    """Where a tag, digest or name is stored, and where it runs, as far as it is known here."""
    found, whole = find(request.user, filters.q)
    return FoundsOut(items=[found_out(each) for each in found], total=len(found), complete=whole)
