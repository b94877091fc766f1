"""Who asks: a browser's session or a script's bearer token, never both, never anything else."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from accounts_app.signin import live_session, session_hash
from accounts_app.tokens import user_of
from core.errors import DashboardError, Forbidden, Malformed, SignedOut
from core.http import client_ip
from core.middleware import answer_to
from core.room import if_there_is_room

READING = {"GET", "HEAD", "OPTIONS"}


class PersonMiddleware:
    """Set `request.user`, the language of that user, and the origin that the trail records."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            auth = self._identify(request)
        except DashboardError as error:
            return answer_to(request, error)
        user = request.user
        key = (request.session.session_key or "") if auth == "session" else ""
        place = audit.Origin(
            auth,
            session_hash(key) if key else "",
            client_ip(request),
            request.request_id,  # type: ignore[attr-defined]
            session_key=key,
        )
        with audit.acting_from(place):
            if isinstance(user, User) and user.language:
                with translation.override(user.language):
                    request.LANGUAGE_CODE = user.language
                    return self._answer(request)
            return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        response = _refusal(request) or self.get_response(request)
        if getattr(response, "denied", False):
            name = request.user.username if isinstance(request.user, User) else ""
            with if_there_is_room():
                audit.denied(name, request.method or "", request.path)
        return response

    def _identify(self, request: HttpRequest) -> str:
        """`session`, `token` or `none`. Bearer requests use no cookies and the reverse (A13)."""
        header = request.headers.get("Authorization", "")
        if header:
            return self._by_token(request, header)
        user = request.user
        if not isinstance(user, User):
            return "none"
        if not user.is_active or live_session(request.session.session_key, user) is None:
            logout(request)
            return "none"
        return "session"

    def _by_token(self, request: HttpRequest, header: str) -> str:
        if request.session.session_key or not request.path.startswith("/api/"):
            raise Malformed(
                _("A bearer token is for the API, and without a cookie."),
                hint=_("Send either the token or the session's cookie."),
            )
        scheme, _space, token = header.partition(" ")
        user = user_of(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            with audit.acting_from(audit.Origin("none", ip=client_ip(request))):
                audit.denied("", "token")
            raise SignedOut(_("This token is not valid."), hint=_("Make a new one in Profile."))
        request.user = user
        # a bearer token is not sent by browsers on their own: no CSRF (django, csrf.py)
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # noqa: SLF001
        return "token"


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """A token that may only read changes nothing, whatever it asks for and finds (A12)."""
    user = request.user
    if request.method in READING or not isinstance(user, User) or user.token is None:
        return None
    if user.token.role >= Role.OPERATOR:
        return None
    error = Forbidden(_("This token may only read."), hint=_("Make one with the scope operate."))
    return answer_to(request, error)


def require_session(request: HttpRequest) -> None:
    """For what a token may never do, such as making more tokens than it was given."""
    if isinstance(request.user, User) and request.user.token is not None:
        raise Forbidden(_("A token may not do this."))
