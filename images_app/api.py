"""Images over the API: the list over all hosts, one, and what can be done with them."""

from typing import Any, Literal

from django.utils.translation import gettext as _
from ninja import Query as Params
from ninja import Router, Status
from pydantic import Field

from accounts_app.http import Request
from accounts_app.models import Role
from accounts_app.signin import require_step_up
from core.api import Body, ListOf, idempotency_key, listed
from core.errors import EngineFailed, Invalid
from core.gate import signed_in
from core.limits import AtOnce
from hosts_app.selectors import host_for, oldest_as_of
from images_app import live_reads, services
from images_app.listing import Query, wanted
from images_app.schemas import (
    HistoryOut,
    ImageDetailOut,
    ImageFilters,
    ImageOut,
    Prunables,
    PruneBody,
    history_out,
    image_detail_out,
    images_out,
    prunables_out,
)
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before

router = Router(tags=["images"])
READS = AtOnce(each=4, in_all=8)  # each keeps one of the 16 threads of requests waiting
ONE = "hosts/{host}/images/{path:image}"  # names have slashes: GET takes them too


class ImageTarget(Body):
    host: str = Field(description="A slug")
    id: str = Field(description="sha256:…")


class ImageOptions(Body):
    force: bool = Field(default=False, description="Also images of several tags")


class ImagesBulkBody(Body):
    action: Literal["remove"]
    targets: list[ImageTarget]
    options: ImageOptions = Field(default_factory=ImageOptions)


class TagBody(Body):
    source: str = Field(description="An image of the host: a tag, or sha256:…")
    reference: str = Field(description="The new name: registry.example:5000/team/app:1.0")


class UntagBody(Body):
    reference: str = Field(description="The tag to take away; not the only one of its image")


@router.get("images", response=ListOf[ImageOut])
@signed_in
def list_images(request: Request, filters: Params[ImageFilters]) -> ListOf[ImageOut]:
    """Images of every host that the user sees."""
    images = wanted(request.user, request.GET)
    page = filters.page_of(images.count())
    found = images_out(list(images[page.start : page.stop]))
    return listed(ImageOut, found, page, oldest_as_of(request.user))


@router.post("images/bulk", response={202: JobOut})
@signed_in
def bulk(request: Request, wanted: ImagesBulkBody) -> JobOut:
    """Remove many images of any hosts: all are asked for, or none. Operators."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.bulk") or services.remove_several(
        request.user,
        [(target.host, target.id) for target in wanted.targets],
        force=wanted.options.force,
        idempotency_key=key,
    )
    return job_out(job)


@router.post("hosts/{host}/images/prune", response={200: Prunables, 202: JobOut})
@signed_in
def prune(request: Request, host: str, wanted: PruneBody) -> Status[Any]:
    """`preview` lists images without a tag, with `all` every unused one; `ids` removes some.

    Exactly those of the list that are named, unless one is in use or got a tag since. Operators.
    """
    place = host_for(request.user, host, Role.OPERATOR)
    if wanted.preview == (wanted.ids is not None):
        raise Invalid.field("preview", _("Send either preview or the ids of one."))
    if wanted.preview:
        query, tagged = Query(host=place.slug), wanted.all or False
        found = services.prune_preview(request.user, query, tagged=tagged)
        return Status(200, prunables_out(found))
    if wanted.all is not None:
        raise Invalid.field("all", _("Only with preview."))
    require_step_up(request.user, wanted.password)
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.prune") or services.prune(
        request.user,
        [(place.slug, docker_id) for docker_id in wanted.ids or ()],
        idempotency_key=key,
    )
    return Status(202, job_out(job))


@router.post("hosts/{host}/images/tag", response={202: JobOut})
@signed_in
def tag(request: Request, host: str, wanted: TagBody) -> JobOut:
    """Give an image one more tag; whichever image had it loses it. Operators."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.tag", host=host) or services.tag(
        request.user, host, wanted.source, wanted.reference, idempotency_key=key
    )
    return job_out(job)


@router.post("hosts/{host}/images/untag", response={202: JobOut})
@signed_in
def untag(request: Request, host: str, wanted: UntagBody) -> JobOut:
    """Take a tag away; 409 for the only one of an image. Operators."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "image.untag", host=host) or services.untag(
        request.user, host, wanted.reference, idempotency_key=key
    )
    return job_out(job)


@router.get(f"{ONE}/history", response=HistoryOut)
@signed_in
def history(request: Request, host: str, image: str) -> HistoryOut:
    """How the image came to be, step by step, as its engine tells."""
    found = live_reads.find(request.user, host, image)
    with READS.place(request.user.pk):
        _detail, steps = live_reads.whole(found)
    return history_out(steps)


@router.get(ONE, response=ImageDetailOut)
@signed_in
def get_image(request: Request, host: str, image: str) -> ImageDetailOut:
    """One image, by its id, a unique beginning of it, its digest or a tag.

    What only the engine knows is in `config`, which is null while it does not tell.
    """
    found = live_reads.find(request.user, host, image)
    with READS.place(request.user.pk):
        try:
            return image_detail_out(found, live_reads.detail(found), "")
        except EngineFailed as error:
            return image_detail_out(found, None, error.message)


@router.delete(ONE, response={202: JobOut})
@signed_in
def remove(
    request: Request,
    host: str,
    image: str,
    force: bool = False,  # noqa: FBT001, FBT002 - a query parameter
) -> JobOut:
    """Remove the image of this full id with all its tags. Operators.

    `force` also where it has several tags. 409 while a container of it is locked.
    """
    key = idempotency_key(request)
    job = asked_before(
        request.user, key, "image.remove", host=host, target=image
    ) or services.remove(request.user, host, image, force=force, idempotency_key=key)
    return job_out(job)
