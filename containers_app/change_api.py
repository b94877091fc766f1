"""What a container changed against its image, and an image made of it, over the API."""

from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _
from ninja import Query, Router

from accounts_app.http import Request
from containers_app import changes, services
from containers_app.live_reads import WALKS, changes_of, sizes_in
from containers_app.schemas import ChangeFilters, ChangeOut, CommitBody
from containers_app.selectors import container_for
from core.api import ListOf, idempotency_key, listed
from core.errors import Invalid
from core.gate import signed_in
from core.listing import sort_field
from engine.types import FileChange
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before

router = Router(tags=["containers"])
ONE = "hosts/{host}/containers/{container}"
MOST_SIZES = 100  # files of one page that an engine is asked about


@router.get(f"{ONE}/changes", response=ListOf[ChangeOut])
@signed_in
def list_changes(
    request: Request, host: str, container: str, filters: Query[ChangeFilters]
) -> ListOf[ChangeOut]:
    """What is in its writable layer, path by path, as its engine tells now.

    Folders that count as changed only because something in them did are left out.
    """
    found = container_for(request.user, host, container)
    column, descending = _checked(filters)
    with WALKS.place(request.user.pk):
        known = changes.narrowed(changes_of(found), kind=filters.kind, words=filters.q)
        if filters.path:
            start = f"{filters.path.rstrip('/')}/"
            known = [each for each in known if each.path.startswith(start)]
        known.sort(key=lambda each: (getattr(each, column), each.path), reverse=descending)
        page = filters.page_of(len(known))
        shown = known[page.start : page.stop]
        sizes = sizes_in(found, _measured(shown))[1] if filters.sizes else {}
    items = [
        ChangeOut(path=each.path, kind=each.kind, size=sizes.get(each.path)) for each in shown
    ]
    return listed(ChangeOut, items, page, now())


@router.post(f"{ONE}/commit", response={202: JobOut})
@signed_in
def commit(request: Request, host: str, container: str, wanted: CommitBody) -> JobOut:
    """Make an image of it as it is now; the result has its id. Operators.

    Its environment becomes part of the image; what is mounted into it does not.
    """
    key = idempotency_key(request)
    job = asked_before(
        request.user, key, "container.commit", host=host, target=container
    ) or services.commit(request.user, host, container, wanted.model_dump(), idempotency_key=key)
    return job_out(job)


def _checked(filters: ChangeFilters) -> tuple[str, bool]:
    """The column to sort by, and whether it descends. Raises Invalid."""
    if filters.kind and filters.kind not in changes.KINDS:
        names = ", ".join(changes.KINDS)
        raise Invalid.field("kind", _("One of %(names)s.") % {"names": names})
    if filters.sizes and filters.page_size > MOST_SIZES:
        most = _("At most %(n)d at a time.") % {"n": MOST_SIZES}
        raise Invalid.field("page_size", most)
    columns: dict[str, Any] = {"path": "", "kind": ""}
    return sort_field(filters.sort, columns, "path")


def _measured(shown: list[FileChange]) -> list[str]:
    return [each.path for each in shown if each.kind != "deleted"]
