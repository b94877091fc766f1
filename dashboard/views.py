"""Pages that belong to no app: home, palette, language, health, and errors."""

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts_app.http import Request
from accounts_app.models import User
from accounts_app.services import set_own_language
from containers_app.palette import entries
from core.errors import (
    DashboardError,
    Forbidden,
    Malformed,
    NotFound,
    SignedOut,
    TooLarge,
)
from core.gate import public, signed_in
from core.http import is_htmx, wants_json
from core.middleware import answer_to
from dashboard import overview
from dashboard.health import first_failing_part
from images_app.palette import entries as image_entries
from registries_app.finding.palette import entries as stored_entries


@signed_in
@require_GET
def home(request: Request) -> HttpResponse:
    template = "dashboard/_overview.html" if is_htmx(request) else "dashboard/overview.html"
    return render(request, template, overview.context(request.user))


@signed_in
@require_GET
def palette(request: Request) -> HttpResponse:
    words = request.GET.get("q", "")[:200]
    kind = request.GET.get("kind", "")
    found = entries(request.user, words, kind)
    images = [] if kind else image_entries(request.user, words)
    stored = [] if kind else stored_entries(request.user, words)
    return JsonResponse({"items": found + images + stored})


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the choice with the account, or in a cookie before there is one."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise NotFound(_("This language is not there yet."))
    if isinstance(request.user, User):
        set_own_language(request.user, language)
    wanted = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    answer = redirect(wanted if safe else "/")
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.HTTPS,
        samesite="Strict",
    )
    return answer


@public
@require_GET
def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@public
@require_GET
def readyz(_request: HttpRequest) -> HttpResponse:
    part = first_failing_part()
    if part:
        return JsonResponse({"status": "failing", "part": part}, status=503)
    return JsonResponse({"status": "ok"})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if wants_json(request) and not request.user.is_authenticated:
        error = SignedOut(_("You are signed out."), hint=_("Sign in and try again."))
        return answer_to(request, error)
    return answer_to(
        request,
        Forbidden(
            _("The request did not come from a page of ours, or the page is too old."),
            hint=_("Reload the page and try again."),
        ),
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refuses before any view: too much, or not what its own header says."""
    if isinstance(exception, RequestDataTooBig):
        hint = _("Send less at once.")
        return answer_to(request, TooLarge(_("The body is too large."), hint=hint))
    hint = _("Use an address of this site as its administrator gave it.")
    if not isinstance(exception, DisallowedHost):
        hint = _("Send it again, and less at once.")
    return answer_to(request, Malformed(_("This request could not be read."), hint=hint))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        hint = _("/api/v1/docs names every address of the API.")
        return answer_to(request, NotFound(_("There is nothing at this address."), hint=hint))
    return answer_to(request, NotFound(_("There is no such page.")))


def server_error(request: HttpRequest) -> HttpResponse:
    """Our own bug: tell the id under which the log has it, and nothing else (F7)."""
    error = DashboardError(
        _("This is a bug in Quarterdeck. The log names it by request %(id)s.")
        % {"id": getattr(request, "request_id", "–")},
        code="internal",
    )
    error.status = 500
    if isinstance(getattr(request, "user", None), User) and not request.path.startswith("/api/"):
        return render(request, "error.html", {"error": error}, status=500)
    return answer_to(request, error)
