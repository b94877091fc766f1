"""Everybody's own page: password, sessions, language, keyboard, tokens for scripts."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts_app import services
from accounts_app.http import Request
from accounts_app.signin import rotate, step_up_due
from core.errors import DashboardError
from core.forms import refuse
from core.gate import signed_in
from hosts_app.people import roles_of
from hosts_app.people_forms import OwnPasswordForm, PreferencesForm, TokenForm
from hosts_app.people_rows import role_rows, session_rows, token_rows
from hosts_app.people_tokens import create_token
from hosts_app.selectors import hosts_for


@signed_in
@require_GET
def profile(request: Request) -> HttpResponse:
    return _page(request)


@signed_in
@require_POST
def change_password(request: Request) -> HttpResponse:
    form = OwnPasswordForm(request.POST, auto_id="pw_%s")
    status = 422
    if form.is_valid():
        said = form.cleaned_data
        try:
            services.change_own_password(
                request.user,
                said["old"],
                said["new_password"],
                revoke_tokens=said["revoke_tokens"],
            )
        except DashboardError as error:
            status = refuse(form, error)
        else:
            rotate(request, request.user)
            return _done(
                request, _("Your password is changed. You are signed out everywhere else.")
            )
    return _page(request, status=status, password_form=form)


@signed_in
@require_POST
def set_preferences(request: Request) -> HttpResponse:
    form = PreferencesForm(request.POST, languages=settings.LANGUAGES, auto_id="pref_%s")
    if not form.is_valid():
        return _page(request, status=422, preferences_form=form)
    said = form.cleaned_data
    services.set_own_language(request.user, said["language"])
    services.set_own_shortcuts(request.user, on=said["shortcuts"])
    with translation.override(said["language"] or translation.get_language()):
        return _done(request, _("Saved."))


@signed_in
@require_POST
def end_session(request: Request, pk: int) -> HttpResponse:
    services.end_own_session(request.user, pk)
    return _done(request, _("This session has ended."))


@signed_in
@require_POST
def end_other_sessions(request: Request) -> HttpResponse:
    ended = services.end_own_other_sessions(request.user)
    said = ngettext("%(n)d other session has ended.", "%(n)d other sessions have ended.", ended)
    return _done(request, said % {"n": ended})


@signed_in
@require_POST
def new_token(request: Request) -> HttpResponse:
    """The answer itself shows the token: it is kept nowhere, so no redirect could."""
    form = _token_form(request, request.POST)
    status = 422
    if form.is_valid():
        said = form.cleaned_data
        try:
            row, token = create_token(
                request.user,
                said["name"],
                said["scope"],
                hosts=said["hosts"] or None,
                expires=said["expires"],
                confirmation=form.confirmation(),
            )
        except DashboardError as error:
            status = refuse(form, error)
        else:
            return _page(request, made=row, token=token)
    return _page(request, status=status, token_form=form)


@signed_in
@require_POST
def revoke_token(request: Request, pk: int) -> HttpResponse:
    services.revoke_token(request.user, pk)
    return _done(request, _("The token is revoked."))


def _done(request: Request, message: str) -> HttpResponse:
    messages.success(request, message)
    return redirect("people:profile")


def _token_form(request: Request, sent: Any = None) -> TokenForm:
    return TokenForm(
        sent, hosts=hosts_for(request.user), due=step_up_due(request.user), auto_id="token_%s"
    )


def _page(request: Request, *, status: int = 200, **shown: Any) -> HttpResponse:
    user = request.user
    preferences = PreferencesForm(
        initial={"language": user.language, "shortcuts": user.shortcuts},
        languages=settings.LANGUAGES,
        auto_id="pref_%s",
    )
    context = {
        "account": user,
        "roles": role_rows(roles_of(user)),
        "password_form": OwnPasswordForm(auto_id="pw_%s"),
        "preferences_form": preferences,
        "sessions": session_rows(user, request.session.session_key),
        "tokens": token_rows(user),
        "token_form": _token_form(request),
    }
    return render(request, "accounts_app/profile.html", context | shown, status=status)
