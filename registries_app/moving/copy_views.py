"""The page that copies images between registries: a look at what it would do, then the Job."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts_app.http import Request
from accounts_app.models import Role
from core.errors import DashboardError, FieldError, Invalid
from core.forms import refuse
from core.gate import signed_in
from hosts_app.selectors import require_everywhere
from jobs_app.models import Job
from registries_app.moving import copies
from registries_app.moving.copies import End
from registries_app.moving.copy_forms import CopyForm
from registries_app.protocol.failures import RegistryFailed
from registries_app.selectors import registries_for, tags_of

MOST_LOOKED_AT = 5  # images; a look at more would keep the reader waiting
FIELDS = {
    "source.registry": "source",
    "source.repository": "repository",
    "source.reference": "references",
    "target.registry": "target",
    "target.repository": "target_repository",
    "target.reference": "target_reference",
}


@signed_in
@require_http_methods(["GET", "POST"])
def copy(request: Request) -> HttpResponse:
    require_everywhere(request.user, Role.OPERATOR)
    registries = list(registries_for(request.user))
    if request.method == "GET":
        return _page(request, CopyForm(registries, initial=_initial(request)))
    form, status = CopyForm(registries, request.POST), 422
    looks: list[dict[str, Any]] = []
    if form.is_valid():
        try:
            if "look" not in request.POST:
                return redirect("jobs:page", _asked(request, form).pk)
            looks, status = _looks(request, form), 200
        except Invalid as error:
            status = refuse(form, _at_our_fields(error))
        except DashboardError as error:
            status = refuse(form, error)
    return _page(request, form, status, looks)


def _initial(request: Request) -> dict[str, str]:
    said = request.GET
    return {
        "source": said.get("registry", ""),
        "repository": said.get("repository", ""),
        "references": " ".join(said.getlist("reference") + said.getlist("digest")),
        "target": said.get("target", said.get("registry", "")),
        "target_repository": said.get("target_repository", ""),
        "key": uuid.uuid4().hex,
    }


def _picked(request: Request) -> list[str]:
    """Images that were picked by digest, by their tags as far as they are known."""
    registry = registries_for(request.user).filter(slug=request.GET.get("registry", "")).first()
    if registry is None:
        return []
    known = tags_of(registry, request.GET.get("repository", ""))
    found: list[str] = []
    for digest in request.GET.getlist("digest"):
        tags = known.filter(digest=digest, kind="tag").order_by("name")
        found += list(tags.values_list("name", flat=True)) or [digest]
    return found


def _pairs(form: CopyForm) -> list[tuple[End, End]]:
    said = form.cleaned_data
    references: list[str] = said["references"]
    if len(references) > 1 and said["target_reference"]:
        raise Invalid.field("target.reference", _("Several images cannot have one tag."))
    place = said["target_repository"] or said["repository"]
    return [
        (
            End(said["source"], said["repository"], reference),
            End(said["target"], place, said["target_reference"] or reference),
        )
        for reference in references
    ]


def _asked(request: Request, form: CopyForm) -> Job:
    pairs, said = _pairs(form), form.cleaned_data
    if len(pairs) == 1:
        return copies.copy(
            request.user, *pairs[0], overwrite=said["overwrite"], idempotency_key=said["key"]
        )
    return copies.copy_several(
        request.user, pairs, overwrite=said["overwrite"], idempotency_key=said["key"]
    )


def _looks(request: Request, form: CopyForm) -> list[dict[str, Any]]:
    """What each copy would do; one that failed says why."""
    pairs = _pairs(form)[:MOST_LOOKED_AT]
    found = []
    for source, target in pairs:
        row: dict[str, Any] = {"source": source.reference, "target": target.reference}
        try:
            look = copies.look(request.user, source, target, seconds=copies.LOOK_S / len(pairs))
        except RegistryFailed as error:
            found.append(row | {"error": error.message})
            continue
        missing = look.plan.missing
        found.append(
            row
            | {
                "digest": look.found.digest,
                "manifests": len(look.found.manifests),
                "referrers": len(look.found.referrers),
                "blobs": len(look.found.blobs),
                "missing": len(missing),
                "size": filesizeformat(sum(missing.values())),
                "mounts": look.plan.mounts and bool(missing),
                "replaces": look.plan.replaces[:19],
            }
        )
    return found


def _at_our_fields(error: Invalid) -> Invalid:
    errors = [
        FieldError(FIELDS.get(each.field, each.field), each.message) for each in error.errors
    ]
    return Invalid(error.message, hint=error.hint, errors=errors)


def _page(
    request: Request,
    form: CopyForm,
    status: int = 200,
    looks: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    context = {"form": form, "looks": looks or [], "most": MOST_LOOKED_AT}
    return render(request, "registries_app/copy.html", context, status=status)
