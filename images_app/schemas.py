"""Images as the API tells them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from core.api import Filters, Out
from images_app.models import Image
from images_app.selectors import used_by


class User(Out):
    """A container that was created from the image."""

    host: str
    id: str
    name: str


class ImageOut(Out):
    """An image as its engine last described it."""

    host: str
    id: str = Field(description="sha256:…")
    tags: list[str]
    digests: list[str]
    size: int = Field(description="Bytes")
    created: datetime
    dangling: bool = Field(description="No tag names it")
    used_by: list[User]
    seen: datetime | None = Field(description="When the images of its host were last listed")
    stale: bool = Field(description="Its host does not answer")


class ImageFilters(Filters):
    host: str = Field("", description="A host's slug.")
    dangling: str = Field("", description="true or false")
    used: str = Field("", description="true or false: whether a container was made from it")


def images_out(images: Sequence[Image]) -> list[ImageOut]:
    users = used_by(images)
    return [
        ImageOut(
            host=image.host.slug,
            id=image.docker_id,
            tags=image.tags,
            digests=image.digests,
            size=image.size_bytes,
            created=image.created,
            dangling=not image.tags,
            used_by=[
                User(host=image.host.slug, id=docker_id, name=name)
                for docker_id, name in users.get(image.pk, [])
            ],
            seen=image.host.as_of,
            stale=not image.host.answering,
        )
        for image in images
    ]
