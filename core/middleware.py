"""From errors to answers, and the headers that every answer carries."""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.errors import DashboardError, Forbidden, StepUpRequired, TooMany, Unavailable
from core.forms import StepUpForm
from core.http import is_htmx, wants_json
from core.room import disk_full

logger = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponse]


class HeadersMiddleware:
    """What browsers are told about every page: keep nothing, share nothing, need nothing."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex[:12]  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class ErrorMiddleware:
    """Show a DashboardError as problem+json, as a panel where htmx asked, or as a page."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError) and disk_full(error):
            logger.error("the database cannot be written: %s", error)
            error = Unavailable(
                _("The disk is full: nothing was done."), hint=_("Make room and try again.")
            )
        return answer_to(request, error) if isinstance(error, DashboardError) else None


def answer_to(request: HttpRequest, error: DashboardError) -> HttpResponse:
    """The error in the form this client reads."""
    response: HttpResponse
    if wants_json(request):
        response = problem(error.problem())
    elif isinstance(error, StepUpRequired) and not is_htmx(request):
        response = _ask_password(request, error)
    else:
        template = "components/_error.html" if is_htmx(request) else "error.html"
        response = render(request, template, {"error": error}, status=error.status)
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, Forbidden) and not isinstance(error, StepUpRequired):
        response.denied = True  # type: ignore[attr-defined]  # PersonMiddleware counts these (I4)
    return response


def _ask_password(request: HttpRequest, error: StepUpRequired) -> HttpResponse:
    """A page that repeats the request with the password; what was sent goes with it (A10)."""
    form = StepUpForm({"password": ""}) if error.wrong else StepUpForm(due=True)
    if error.wrong:
        form.errors["password"] = form.error_class([error.message])
    sent = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and "password" not in name
    ]
    context = {"form": form, "sent": sent, "action": request.get_full_path()}
    return render(request, "step_up.html", context, status=error.status)


def problem(body: dict[str, Any]) -> JsonResponse:
    return JsonResponse(body, status=body["status"], content_type="application/problem+json")
