"""The page that gives images of a repository new tags, in place: nothing is sent but the names."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts_app.http import Request
from accounts_app.models import Role
from core.errors import DashboardError, Invalid
from core.forms import refuse
from core.gate import signed_in
from hosts_app.selectors import require_everywhere
from jobs_app.models import Job
from registries_app.models import Registry
from registries_app.moving import copies
from registries_app.moving.copies import End
from registries_app.moving.tag_forms import TagForm
from registries_app.protocol.manifests import DIGEST
from registries_app.selectors import registry_named, tags_of

MOST_NAMED = 3  # tags by which an image is called


@signed_in
@require_http_methods(["GET", "POST"])
def tag(request: Request, slug: str, repository: str) -> HttpResponse:
    registry = registry_named(request.user, slug)
    require_everywhere(request.user, Role.OPERATOR)
    images = _images(registry, repository, request.GET.getlist("digest"))
    taken = dict(tags_of(registry, repository).exclude(digest="").values_list("name", "digest"))
    status = 200
    if request.method == "POST":
        form = TagForm(images, taken, data=request.POST)
        status = 422
        if form.is_valid():
            try:
                return redirect("jobs:page", _asked(request, registry, repository, form).pk)
            except DashboardError as error:
                status = refuse(form, error)
    else:
        form = TagForm(images, taken, initial={"key": uuid.uuid4().hex})
    context = {
        "registry": registry,
        "repository": repository,
        "form": form,
        "fields": [form[digest] for digest in images],
        "back": f"/registries/{slug}/{repository}/",
    }
    return render(request, "registries_app/tag.html", context, status=status)


def _images(registry: Registry, repository: str, digests: list[str]) -> dict[str, str]:
    """Digest → what it is called: its tags as far as they are known, or its digest's beginning."""
    wanted = list(dict.fromkeys(each for each in digests if DIGEST.fullmatch(each)))
    if not wanted or len(wanted) > copies.MOST_AT_ONCE:
        raise Invalid.field("digest", _("Choose at least one image."))
    names: dict[str, list[str]] = {digest: [] for digest in wanted}
    known = tags_of(registry, repository).filter(digest__in=wanted, kind="tag").order_by("name")
    for name, digest in known.values_list("name", "digest"):
        names[digest].append(name)
    return {digest: ", ".join(tags[:MOST_NAMED]) or digest[:19] for digest, tags in names.items()}


def _asked(request: Request, registry: Registry, repository: str, form: TagForm) -> Job:
    said = form.cleaned_data
    pairs = [
        (End(registry.slug, repository, digest), End(registry.slug, repository, tag))
        for digest, tag in said["tags"].items()
    ]
    options = {"overwrite": said["overwrite"], "idempotency_key": said["key"]}
    if len(pairs) == 1:
        return copies.copy(request.user, *pairs[0], **options)
    return copies.copy_several(request.user, pairs, **options)
