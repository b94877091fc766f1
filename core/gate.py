"""The gate in front of every view: a view that does not say who may come in lets nobody in."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.errors import Forbidden, SignedOut
from core.http import is_htmx, wants_json
from core.middleware import answer_to

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC, SIGNED_IN, ADMINISTRATOR = "public", "signed_in", "administrator"


def _declare(permission: str) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


public = _declare(PUBLIC)
"""Anybody, signed in or not."""
signed_in = _declare(SIGNED_IN)
"""Anybody with an account; what they see and do is decided by selectors and services."""
administrator = _declare(ADMINISTRATOR)
"""Administrators of all hosts."""


class GateMiddleware:
    """Ask each view for its permission before it runs, and refuse what declares none (B1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        permission = permission_of(view, request.method or "")
        if permission == PUBLIC:
            return None
        if permission not in {SIGNED_IN, ADMINISTRATOR}:
            return answer_to(request, Forbidden(_("This address is closed.")))
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if permission == ADMINISTRATOR and not request.user.is_administrator:
            return answer_to(
                request, Forbidden(_("Only administrators of all hosts may do this."))
            )
        return None


def permission_of(view: Any, method: str) -> str | None:
    """What a view declares; a view of the API declares it for each method apart."""
    declared = getattr(view, "permission", None)
    return declared.get(method) if isinstance(declared, dict) else declared


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        error = SignedOut(_("You are signed out."), hint=_("Sign in and try again."))
        return answer_to(request, error)
    if is_htmx(request):
        return HttpResponse(status=401, headers={"HX-Redirect": "/login/"})
    return redirect_to_login(request.get_full_path())
