"""The comparison of two images, of one host or of two."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts_app.http import Request
from core.compare import Side
from core.errors import DashboardError, Invalid
from core.gate import signed_in
from images_app import compare, live_reads, object_page
from images_app.models import Image
from images_app.rows import name_of


@dataclass(slots=True)
class Asked:
    """One side of what is asked for: its text, and what came of it."""

    text: str
    image: Image | None = None
    side: Side | None = None
    error: str = ""  # in the form: what is wrong with the text
    failed: DashboardError | None = None  # the engine's own words


@signed_in
@require_GET
def page(request: Request) -> HttpResponse:
    """Two images named `host/reference` in left and right; without both, a form for them."""
    left, right = (_asked(request, field) for field in ("left", "right"))
    context: dict[str, Any] = {
        "sides": [_shown(left, "left"), _shown(right, "right")],
        "choices": compare.choices(request.user),
        "swapped": compare.address_of(right.text, left.text) if left.text and right.text else "",
        "failed": left.failed or right.failed,
    }
    if left.image and not right.image:
        context["suggestions"] = compare.suggestions(request.user, left.image)
    if left.side and right.side:
        context |= compare.shown(left.side, right.side) | {"compared": True}
    wrong = left.error or right.error
    return render(request, "images_app/compare.html", context, status=422 if wrong else 200)


def _asked(request: Request, field: str) -> Asked:
    asked = Asked(request.GET.get(field, "").strip())
    if not asked.text:
        return asked
    try:
        host, reference = compare.place_of(asked.text, field)
        asked.image = live_reads.find(request.user, host, reference)
    except Invalid as wrong:
        asked.error = wrong.errors[0].message
        return asked
    except DashboardError as missing:
        asked.error = missing.message
        return asked
    try:
        asked.side = compare.side_of(*live_reads.whole(asked.image))
    except DashboardError as failed:
        asked.failed = failed
    return asked


def _shown(asked: Asked, field: str) -> dict[str, Any]:
    image = asked.image
    shown = {"field": field, "text": asked.text, "error": asked.error}
    if image is None:
        return shown
    called = asked.text.partition("/")[2]
    name = called if called in image.tags else name_of(image)
    platform = asked.side.platform if asked.side else ""
    return shown | {"image": object_page.head(image, name), "platform": platform}
