"""Pages that delete from registries and copy between them: first what would happen, then do it."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts_app.http import Request
from accounts_app.models import Role
from core.gate import signed_in
from hosts_app.selectors import require_everywhere
from registries_app.moving import deletions as moving
from registries_app.moving.deletions import Hit, Wanted
from registries_app.protocol.failures import RegistryFailed
from registries_app.selectors import registry_named


@signed_in
@require_http_methods(["GET", "POST"])
def delete(request: Request, slug: str, repository: str) -> HttpResponse:
    """What would go, all of it ticked; sent back, that is deleted and nothing else."""
    registry = registry_named(request.user, slug)
    require_everywhere(request.user, Role.OPERATOR)
    said = request.POST if request.method == "POST" else request.GET
    seen = dict(each.partition("=")[::2] for each in said.getlist("seen"))
    wanted = Wanted(
        repository,
        tuple(dict.fromkeys(said.getlist("tag"))),
        tuple(dict.fromkeys(said.getlist("digest"))),
        seen,
    )
    if request.method == "POST":
        key = said.get("key", "")[:64]
        job = moving.delete(request.user, slug, wanted, idempotency_key=key)
        return redirect("jobs:page", job.pk)
    context = {
        "registry": registry,
        "repository": repository,
        "wanted": wanted,
        "back": f"/registries/{slug}/{repository}/",
        "here": request.path,
        "key": uuid.uuid4().hex,
    }
    status = 200
    try:
        hit = moving.preview_deletion(request.user, slug, wanted)
        context |= {
            "hit": hit,
            "images": _images(hit),
            "running": sum(use.running for use in hit.uses),
            "other": _other_way(request.path, wanted, hit),
        }
    except RegistryFailed as error:
        context["error"], status = error, error.status
    return render(request, "registries_app/delete.html", context, status=status)


def _images(hit: Hit) -> list[dict[str, object]]:
    going = set(hit.preview.tags)
    return [
        {
            "digest": digest,
            "going": [tag for tag in tags if tag in going],
            "kept": [tag for tag in tags if tag not in going],
        }
        for digest, tags in hit.preview.digests.items()
    ]


def _other_way(path: str, wanted: Wanted, hit: Hit) -> str:
    """The same page for whole images, where tags alone were asked for."""
    digests = list(hit.preview.digests)
    if not wanted.tags or not digests:
        return ""
    return f"{path}?{urlencode([('digest', digest) for digest in digests])}"
