"""What is in a registry over the API: repositories, tags by image, one manifest, the index."""

from django.utils.translation import gettext as _
from ninja import Query, Router

from accounts_app.http import Request
from core.api import ListOf, idempotency_key, listed
from core.errors import NotFound
from core.gate import signed_in
from core.listing import sort_field
from jobs_app.schemas import JobOut, job_out
from registries_app.content import browsing
from registries_app.content import rows as browse_rows
from registries_app.content import services as browse_services
from registries_app.content.schemas import (
    ManifestOut,
    RepositoryFilters,
    RepositoryOut,
    TagFilters,
    TagRowOut,
    manifest_out,
    repository_out,
    row_out,
)
from registries_app.selectors import manifest_kept, registry_named, repositories_of

router = Router(tags=["registries"])
COLUMNS = {"name": "name", "tags": "tag_count"}


@router.get("registries/{registry}/repositories", response=ListOf[RepositoryOut])
@signed_in
def list_repositories(
    request: Request, registry: str, filters: Query[RepositoryFilters]
) -> ListOf[RepositoryOut]:
    """Its repositories, with their tags counted. 409 where it does not list them."""
    found = registry_named(request.user, registry)
    column, descending = sort_field(filters.sort, COLUMNS, "name")
    with browsing.looking_at(request.user, found) as scan:
        known = browsing.names(found, scan)
        rows = repositories_of(found)
        for word in filters.q.split():
            rows = rows.filter(name__icontains=word)
        page = filters.page_of(rows.count())
        order = f"{'-' if descending else ''}{COLUMNS[column]}"
        shown = list(rows.order_by(order, "name")[page.start : page.stop])
        browsing.counts(shown, scan)
    return listed(
        RepositoryOut,
        map(repository_out, shown),
        page,
        browsing.as_of(shown, known.named_at),
    )


@router.get("registries/{registry}/tags", response=ListOf[TagRowOut])
@signed_in
def list_tags(request: Request, registry: str, filters: Query[TagFilters]) -> ListOf[TagRowOut]:
    """The images of a repository, each with all its tags."""
    found = registry_named(request.user, registry)
    said = {"q": filters.q, "sort": filters.sort, "state": filters.state}
    query = browse_rows.read(said)
    with browsing.looking_at(request.user, found) as scan:
        repository = browsing.repository(found, filters.repository, scan)
        _all, page, shown = browsing.rows(request.user, repository, query, filters.page_of, scan)
    return listed(TagRowOut, map(row_out, shown), page, repository.scanned_at)


@router.get("registries/{registry}/manifest", response=ManifestOut)
@signed_in
def get_manifest(request: Request, registry: str, repository: str, reference: str) -> ManifestOut:
    """The manifest that a tag or digest names, and what of it is understood."""
    found = registry_named(request.user, registry)
    with browsing.looking_at(request.user, found) as scan:
        digest = browsing.digest(found, repository, reference, scan)
    kept = manifest_kept(digest)
    if kept is None:
        raise NotFound(_("This image was forgotten a moment ago."), hint=_("Ask again."))
    return manifest_out(kept)


@router.post("registries/{registry}/index", response={202: JobOut})
@signed_in
def index_registry(request: Request, registry: str) -> JobOut:
    """Have everything in it looked at, for whoever operates all hosts."""
    found = registry_named(request.user, registry)
    job = browse_services.ask_index(request.user, found, idempotency_key=idempotency_key(request))
    return job_out(job)
