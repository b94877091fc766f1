"""Pages of what is in a registry: its repositories, the images of one, and one image.

A page is drawn from what is written down; then it fetches its parts anew (`?part=`), for which
the registry is asked, within a time that is bounded. What that fails of is said in the part.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts_app.http import Request
from accounts_app.models import Role
from core.errors import DashboardError, NotFound
from core.gate import signed_in
from core.listing import address, page_of, read_or_tell
from core.targets import key_of
from registries_app.content import browsing, image_page, sizes
from registries_app.content import page as browse_page
from registries_app.content import rows as browse_rows
from registries_app.content import services as browse_services
from registries_app.content.rows import told_order
from registries_app.models import Registry, Repository
from registries_app.protocol.tags import is_repository
from registries_app.selectors import (
    index_known,
    manifest_kept,
    registry_named,
    repositories_of,
    repository_known,
    tags_of,
    tags_total,
)

NEWEST = "-tag"
MOST_NAMED = 300  # tags that a field proposes
MOST_PULLED = 20  # images that one form takes


@signed_in
@require_GET
def content(request: Request, registry: str) -> HttpResponse:
    """Its repositories, and how far they are known."""
    found = registry_named(request.user, registry)
    if request.GET.get("part") == "repositories":
        return _names(request, found)
    wanted = request.GET.get("open", "").strip().strip("/")
    if is_repository(wanted):
        return redirect(browse_page.repository_url(found, wanted))
    context = _frame(request, found) | {
        "not_a_name": wanted,
        "can_read_all": request.user.may_everywhere(Role.OPERATOR) and found.kind != "hub",
        "tags_total": tags_total(found),
    }
    return render(request, "registries_app/content.html", context)


@signed_in
@require_GET
def repository(request: Request, registry: str, repository: str) -> HttpResponse:
    """One row for each image, with all its tags."""
    found = registry_named(request.user, registry)
    if not is_repository(repository):
        raise NotFound(_("There is no repository of that name."))
    if request.GET.get("part") == "images":
        return _images(request, found, repository)
    if request.GET.get("part") == "stored":
        context = {"stored": sizes.of_repository(found, repository), "of": "repository"}
        return render(request, "registries_app/_stored.html", context)
    known = repository_known(found, repository)
    tab = "uses" if request.GET.get("tab") == "uses" else "images"
    asked = {"part": "images", "fresh": "1", "page": request.GET.get("page")}
    fresh = address(request.path, request.GET, **asked)
    context = _frame(request, found, repository) | {"tab": tab, "fresh": fresh}
    context |= browse_page.head(request.user, found, repository, known)
    if known:
        context |= _drawn(request, known)
    return render(request, "registries_app/repository.html", context)


@signed_in
@require_GET
def image(request: Request, registry: str, repository: str, reference: str) -> HttpResponse:
    """One image of a repository, by a tag or its digest."""
    found = registry_named(request.user, registry)
    if not is_repository(repository):
        raise NotFound(_("There is no repository of that name."))
    context = _frame(request, found, repository) | {"reference": reference}
    context |= browse_page.head(request.user, found, repository, None)
    part = request.GET.get("part", "")
    if part == "stored":
        context |= {"stored": sizes.of_image(found, reference), "of": "image"}
        return render(request, "registries_app/_stored.html", context)
    try:
        if part == "referrers":
            with browsing.looking_at(request.user, found) as scan:
                context |= image_page.referrers(found, repository, reference, scan)
            return render(request, "registries_app/_referrers.html", context)
        if part == "body":
            with browsing.looking_at(request.user, found) as scan:
                reference = browsing.digest(found, repository, reference, scan)
    except DashboardError as error:
        return render(request, "registries_app/_refused.html", {"failed": error})
    kept = manifest_kept(reference)
    if kept:
        platform = manifest_kept(request.GET.get("platform", ""))
        context |= image_page.context(request.user, found, repository, kept, platform)
    template = "_image.html" if part == "body" else "image.html"
    return render(request, f"registries_app/{template}", context)


@signed_in
@require_GET
def compare(request: Request, registry: str, repository: str) -> HttpResponse:
    """Two images of a repository, beside each other."""
    found = registry_named(request.user, registry)
    if not is_repository(repository):
        raise NotFound(_("There is no repository of that name."))
    context = _frame(request, found, repository)
    context |= browse_page.head(request.user, found, repository, None)
    chosen = request.GET.getlist("digest")
    old, new = request.GET.get("old", ""), request.GET.get("new", "")
    if len(chosen) == 2:
        new, old = chosen
    known = tags_of(found, repository).filter(kind="tag").values_list("name", flat=True)
    context |= {"old": old, "new": new, "names": told_order(known)[:MOST_NAMED]}
    if request.GET.get("part") != "body":
        return render(request, "registries_app/compare.html", context)
    try:
        with browsing.looking_at(request.user, found) as scan:
            digests = [browsing.digest(found, repository, each, scan) for each in (old, new)]
    except DashboardError as error:
        return render(request, "registries_app/_refused.html", {"failed": error})
    kept = [manifest_kept(each) for each in digests]
    if kept[0] and kept[1]:
        wanted = request.GET.get("platform", "")
        context |= image_page.comparison(found, repository, kept[0], kept[1], wanted)
    return render(request, "registries_app/_compare.html", context)


@signed_in
@require_GET
def pull(request: Request, registry: str, repository: str) -> HttpResponse:
    """To the form that pulls these images to hosts, each by its digest."""
    found = registry_named(request.user, registry)
    digests = list(dict.fromkeys(request.GET.getlist("digest")))[:MOST_PULLED]
    names = [browse_page.pull_name(found, repository, digest) for digest in digests]
    return redirect(browse_page.way("images:pull", reference=" ".join(names)))


@signed_in
@require_POST
def read_all(request: Request, registry: str) -> HttpResponse:
    """Have everything in it looked at, as a job."""
    found = registry_named(request.user, registry)
    job = browse_services.ask_index(request.user, found, idempotency_key=key_of(request))
    return redirect("jobs:page", job.pk)


@signed_in
@require_POST
def pin(request: Request, registry: str) -> HttpResponse:
    """Keep a repository in the list, or no longer."""
    found = registry_named(request.user, registry)
    name = request.POST.get("repository", "").strip().strip("/")
    pinned = request.POST.get("pinned") == "1"
    browse_services.pin(request.user, found, name, pinned=pinned)
    text = _("%(name)s is pinned.") if pinned else _("%(name)s is no longer pinned.")
    messages.success(request, text % {"name": name})
    return redirect(browse_page.repository_url(found, name))


def _frame(request: Request, registry: Registry, at: str = "") -> dict[str, Any]:
    """The left side, from what is written down; the page fetches it anew once it stands."""
    params = request.GET.copy()
    params["at"] = at
    index = index_known(registry)
    found = browse_page.repositories(registry, repositories_of(registry), params, index)
    return {"registry": registry, "next": "names", **found}


def _names(request: Request, registry: Registry) -> HttpResponse:
    fresh, failed = request.GET.get("fresh", ""), None
    if fresh in {"names", "counts"}:
        try:
            with browsing.looking_at(request.user, registry) as scan:
                browsing.names(registry, scan)
                if fresh == "counts":
                    browsing.counts(
                        list(repositories_of(registry)[: browse_page.MOST_NAMES]), scan
                    )
        except DashboardError as error:
            failed = error
    words, hits = request.GET.get("find", "").strip(), []
    if registry.kind == "hub" and len(words) > 2 and not fresh:
        try:
            with browsing.looking_at(request.user, registry) as scan:
                hits = browse_page.hits(registry, browsing.found_on_hub(words, scan))
        except DashboardError as error:
            failed = error
    index = index_known(registry)
    found = browse_page.repositories(registry, repositories_of(registry), request.GET, index)
    more = "counts" if fresh == "names" and not failed and found["uncounted"] else ""
    context = {"registry": registry, "next": more, "failed": failed, "hits": hits, **found}
    if fresh and not found["at"]:  # the page of the registry itself tells how far it is known
        context |= {"again": True, "tags_total": tags_total(registry)}
    return render(request, "registries_app/_repositories.html", context)


def _images(request: Request, registry: Registry, name: str) -> HttpResponse:
    """The rows, with the registry asked about those that are shown."""
    tab = "uses" if request.GET.get("tab") == "uses" else "images"
    context: dict[str, Any] = {"tab": tab, "again": not request.GET.get("fresh")}
    known = repository_known(registry, name)
    if request.GET.get("fresh"):
        try:
            with browsing.looking_at(request.user, registry) as scan:
                known = browsing.repository(registry, name, scan)
                query, params, _error = _asked(request)
                browsing.rows(request.user, known, query, lambda n: page_of(params, n), scan)
        except DashboardError as error:
            context["failed"] = error
    context |= browse_page.head(request.user, registry, name, known)
    if known:
        context |= _drawn(request, known)
    return render(request, "registries_app/_images.html", context)


def _asked(request: Request) -> tuple[browse_rows.Query, Any, str]:
    return read_or_tell(lambda params: browse_rows.read(params, NEWEST), request.GET)


def _drawn(request: Request, known: Repository) -> dict[str, Any]:
    query, params, error = _asked(request)
    found = browse_rows.listing(request.user, known, query)
    page = page_of(params, len(found.rows))
    shown = found.shown(page)
    browse_rows.describe(shown)
    context = browse_page.images(known.registry, known.name, found, page, shown, params)
    uses = [browse_page.use_line(use) for use in found.uses]
    return context | {"filter_error": error, "uses": uses, "as_of": known.scanned_at}
