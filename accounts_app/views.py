"""Signing in and out, and setting up the first administrator."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts_app import services
from accounts_app.forms import SetupForm, SignInForm
from accounts_app.models import User
from accounts_app.selectors import admin_exists
from accounts_app.signin import (
    KNOWN_DEVICE,
    KNOWN_DEVICE_S,
    begin_session,
    folded,
    sign_in,
    sign_out,
)
from core.errors import Forbidden, Invalid, NotFound, TooMany
from core.forms import add_errors
from core.gate import public

WRONG = gettext_lazy("The user name or the password is wrong.")


@public
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    if not admin_exists():
        return redirect("accounts:setup")
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_in(request, form.cleaned_data["username"], form.cleaned_data["password"])
        except TooMany as error:
            form.add_error(None, f"{error.message} {error.hint}")
            answer = _sign_in_form(request, form, 429)
            answer["Retry-After"] = str(error.retry_after_s)
            return answer
        if user:
            return _remember_device(redirect(_next(request)), request, user)
        form.add_error(None, str(WRONG))
        status = 422
    return _sign_in_form(request, form, status)


@public
@require_POST
def sign_out_page(request: HttpRequest) -> HttpResponse:
    sign_out(request)
    answer = redirect("accounts:login")
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@public
@require_http_methods(["GET", "POST"])
def setup_page(request: HttpRequest) -> HttpResponse:
    if admin_exists():
        raise NotFound(_("This dashboard is set up already."))
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            user = services.set_up(said["token"], said["username"], said["password"])
        except (Forbidden, TooMany) as error:
            form.add_error("token", f"{error.message} {error.hint}")
            context = {"form": form}
            return render(request, "accounts_app/setup.html", context, status=error.status)
        except Invalid as error:
            add_errors(form, error)
        else:
            begin_session(request, user)
            return _remember_device(redirect("home"), request, user)
    status = 422 if form.is_bound else 200
    return render(request, "accounts_app/setup.html", {"form": form}, status=status)


def _sign_in_form(request: HttpRequest, form: SignInForm, status: int) -> HttpResponse:
    context = {"form": form, "next": _next(request)}
    return render(request, "accounts_app/login.html", context, status=status)


def _next(request: HttpRequest) -> str:
    """Where to go after signing in; never to another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return str(settings.LOGIN_REDIRECT_URL)


def _remember_device(
    answer: HttpResponseRedirect, request: HttpRequest, user: User
) -> HttpResponseRedirect:
    """So that nobody locks this person out of this browser from elsewhere (A6)."""
    before = request.get_signed_cookie(KNOWN_DEVICE, default="", max_age=KNOWN_DEVICE_S)
    names = dict.fromkeys([folded(user.username), *filter(None, (before or "").split("|"))])
    answer.set_signed_cookie(
        KNOWN_DEVICE,
        "|".join(list(names)[:5]),
        max_age=KNOWN_DEVICE_S,
        httponly=True,
        secure=settings.HTTPS,
        samesite="Strict",
    )
    return answer
