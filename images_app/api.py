"""Images over the API."""

from ninja import Query, Router

from accounts_app.http import Request
from core.api import ListOf, listed
from core.gate import signed_in
from hosts_app.selectors import oldest_as_of
from images_app.listing import wanted
from images_app.schemas import ImageFilters, ImageOut, images_out

router = Router(tags=["images"])


@router.get("images", response=ListOf[ImageOut])
@signed_in
def list_images(request: Request, filters: Query[ImageFilters]) -> ListOf[ImageOut]:
    """Images of every host that the user sees."""
    images = wanted(request.user, request.GET)
    page = filters.page_of(images.count())
    found = images_out(list(images[page.start : page.stop]))
    return listed(ImageOut, found, page, oldest_as_of(request.user))
