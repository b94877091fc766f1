"""What a prune of images would remove, and the removal of what was agreed to."""

import uuid
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts_app.http import Request
from core.gate import signed_in
from core.listing import address
from core.targets import targets_of
from core.text import visible
from core.times import age
from images_app import listing, services
from images_app.prune import Preview, Prunable
from images_app.rows import name_of, status_text

PATH = "/images/prune/"


@signed_in
@require_http_methods(["GET", "POST"])
def prune(request: Request) -> HttpResponse:
    """The unused images that the filter finds, and the removal of those agreed to."""
    if request.method == "POST":
        job = services.prune(
            request.user,
            targets_of(request.POST.getlist("target")),
            password=request.POST.get("password", ""),
            idempotency_key=request.POST.get("key", "")[:64],
        )
        return redirect("jobs:page", job.pk)
    tagged = request.GET.get("all") == "1"
    found = services.prune_preview(request.user, listing.read(request.GET), tagged=tagged)
    return render(request, "images_app/prune.html", _context(found, request.GET, tagged=tagged))


def _context(found: Preview, params: QueryDict, *, tagged: bool) -> dict[str, Any]:
    """Each image that would go with what that frees, and what stays."""
    return {
        "items": [_item(each) for each in found.going],
        "least": "" if found.least_bytes is None else filesizeformat(found.least_bytes),
        "most": filesizeformat(found.most_bytes),
        "stays": [
            {"name": visible(image.label, 400), "host": image.host.name,
             "users": status_text(users), "locked": any(user.locked for user in users)}
            for image, users in found.staying
        ],
        "stays_count": found.staying_count,
        "choices": [
            {"label": _("Without a tag"), "url": address(PATH, params, all=""),
             "pressed": not tagged},
            {"label": _("All unused"), "url": address(PATH, params, all="1"), "pressed": tagged},
        ],
        "tagged": tagged,
        "key": uuid.uuid4().hex,
        "back": address("/images/", params, all=""),
    }  # fmt: skip


def _item(each: Prunable) -> dict[str, str]:
    image = each.image
    return {
        "target": f"{image.host.slug}/{image.docker_id}",
        "names": ", ".join(visible(tag, 400) for tag in image.tags) or image.short_id,
        "url": f"/h/{image.host.slug}/i/{name_of(image)}/",
        "host": image.host.name,
        "created": age(image.created, now() + image.host.clock_ahead),
        "size": filesizeformat(image.size_bytes),
        "own": "–" if each.own_bytes is None else filesizeformat(each.own_bytes),
    }
