"""Images as the API tells them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from core.api import Body, Filters, Out
from core.masking import HIDDEN
from engine.types import ImageDetail
from images_app.layers import Step
from images_app.models import Image
from images_app.prune import Preview
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


class ImageConfigOut(Out):
    """How containers of an image run, unless they are told otherwise."""

    platform: str = Field(description="linux/arm64/v8")
    entrypoint: list[str]
    command: list[str]
    environment: dict[str, str] = Field(description="Names; their values are hidden")
    exposed_ports: list[str] = Field(description="80/tcp")
    volumes: list[str]
    working_dir: str
    user: str
    labels: dict[str, str]
    stop_signal: str
    health_check: list[str]
    author: str
    layers: list[str] = Field(description="Digests of the unpacked layers, the lowest first")


class ImageDetailOut(ImageOut):
    """An image, and what its engine tells of it now."""

    config: ImageConfigOut | None = Field(description="Null while the engine does not tell")
    error: str = Field(description="Why config is null, in the engine's words")


class StepOut(Out):
    """One step in which an image was made."""

    created: datetime | None
    created_by: str = Field(description="The instruction; values of ENV and ARG are hidden")
    size: int = Field(description="Bytes of the layer that it made")
    comment: str
    tags: list[str]
    empty: bool | None = Field(description="It made no layer; null when nobody can tell")
    layer: str | None = Field(description="The digest of its layer, where that is certain")


class HistoryOut(Out):
    items: list[StepOut] = Field(description="The newest first")
    bytes: int


class PruneBody(Body):
    preview: bool = False
    all: bool | None = Field(None, description="Not only images without a tag")
    ids: list[str] | None = Field(None, description="As a preview listed them")
    password: str = Field("", description="Your own, for step-up")


class PrunableOut(Out):
    id: str
    name: str
    size: int | None = Field(description="Bytes shared with no other image; null if not known")


class Prunables(Out):
    items: list[PrunableOut]
    bytes: int = Field(description="That come back at least; layers that only these share add")


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


def prunables_out(found: Preview) -> Prunables:
    items = [
        PrunableOut(id=each.image.docker_id, name=each.image.label, size=each.own_bytes)
        for each in found.going
    ]
    return Prunables(items=items, bytes=found.least_bytes or 0)


def image_detail_out(image: Image, found: ImageDetail | None, error: str) -> ImageDetailOut:
    (known,) = images_out([image])
    return ImageDetailOut(
        **known.model_dump(), config=_config_out(found) if found else None, error=error
    )


def _config_out(found: ImageDetail) -> ImageConfigOut:
    return ImageConfigOut(
        platform=found.platform,
        entrypoint=list(found.entrypoint),
        command=list(found.command),
        environment={name: HIDDEN if value else "" for name, value in found.env.items()},
        exposed_ports=[f"{port.container}/{port.protocol}" for port in found.exposed_ports],
        volumes=list(found.volumes),
        working_dir=found.working_dir,
        user=found.user,
        labels=found.labels,
        stop_signal=found.stop_signal,
        health_check=list(found.health_check),
        author=found.author,
        layers=list(found.layers),
    )


def history_out(steps: Sequence[Step]) -> HistoryOut:
    items = [
        StepOut(
            created=step.created,
            created_by=step.text,
            size=step.size_bytes,
            comment=step.comment,
            tags=list(step.tags),
            empty=step.empty,
            layer=step.layer or None,
        )
        for step in reversed(steps)
    ]
    return HistoryOut(items=items, bytes=sum(step.size_bytes for step in steps))
