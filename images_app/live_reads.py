"""What pages and the API ask engines about images: short questions that change nothing."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import EngineFailed, NotFound
from engine.client import Engine
from engine.types import HistoryEntry, ImageDetail
from hosts_app.asking import PAGE_S, asked, asked_each
from hosts_app.selectors import host_for
from images_app.layers import Step, steps_of
from images_app.masking import masked
from images_app.models import Image
from images_app.selectors import image_at

SIZES_S = 6.0  # the engine adds up layers
LONG_AGO = datetime.fromtimestamp(0, tz=UTC)  # of an image that does not say when it was made

Whole = tuple[ImageDetail, list[Step]]
"""What an image is, and how it came to be, the oldest step first."""


def detail(image: Image, *, timeout_s: float = PAGE_S) -> ImageDetail:
    """All that the engine knows of it. Raises EngineFailed, and NotFound when it is gone."""
    return asked(image.host, lambda engine: engine.image(image.docker_id), timeout_s)


def whole(image: Image, *, timeout_s: float = PAGE_S) -> Whole:
    """The same with its history: two questions, in the time of one."""

    def both(engine: Engine) -> tuple[ImageDetail, Sequence[HistoryEntry]]:
        return engine.image(image.docker_id), engine.image_history(image.docker_id)

    found, history = asked(image.host, both, timeout_s)
    return found, steps_of(history, found.layers)


def inspected(image: Image, *, timeout_s: float = PAGE_S) -> dict[str, Any]:
    """The engine's JSON about it, with the values of its environment masked (F3)."""
    return masked(detail(image, timeout_s=timeout_s).raw)


def own_bytes(images: Collection[Image]) -> dict[tuple[int, str], int]:
    """(host, full id) → bytes that no other image shares, where the host tells in time."""
    hosts = {image.host for image in images}
    answers = asked_each(hosts, lambda _host, engine: engine.images_own_bytes(), SIZES_S)
    return {
        (host.pk, docker_id): size
        for host, sizes in answers.items()
        for docker_id, size in sizes.items()
    }


def find(user: User, host: str, reference: str) -> Image:
    """The image that an address names; one that was made a moment ago the engine tells of.

    Such an image has no row yet. Raises NotFound.
    """
    if known := image_at(user, host, reference):
        return known
    place = host_for(user, host)
    try:
        found = asked(place, lambda engine: engine.image(reference))
    except (EngineFailed, NotFound) as error:
        raise _missing(reference) from error
    return Image(
        host=place,
        docker_id=found.id,
        tags=list(found.tags),
        digests=list(found.digests),
        labels=found.labels,
        size_bytes=found.size_bytes,
        created=found.created or LONG_AGO,
    )


def _missing(reference: str) -> NotFound:
    return NotFound(
        _("No such image: %(name)s") % {"name": reference[:400]},
        hint=_("It may have been removed, or carry another name now."),
    )
