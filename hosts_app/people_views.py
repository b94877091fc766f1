"""Pages for administrators: who has an account, and what each may do."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts_app.http import Request
from accounts_app.selectors import sessions_of, tokens_of
from accounts_app.signin import step_up_due
from core.errors import DashboardError, StepUpRequired
from core.forms import refuse
from core.gate import administrator
from core.listing import page_of, pager
from hosts_app import people
from hosts_app.people_forms import NewUserForm, RolesForm, SetPasswordForm, grant_rows, roles_in
from hosts_app.people_rows import person_rows
from hosts_app.selectors import hosts_for


@administrator
@require_GET
def user_list(request: Request) -> HttpResponse:
    users = people.users(request.user)
    page = page_of(request.GET, users.count())
    context = {
        "people": person_rows(users[page.start : page.stop]),
        "page": pager(request.path, request.GET, page),
    }
    return render(request, "accounts_app/users.html", context)


@administrator
@require_http_methods(["GET", "POST"])
def new_user(request: Request) -> HttpResponse:
    form = NewUserForm(request.POST or None, due=step_up_due(request.user))
    rows = grant_rows(request.POST, hosts_for(request.user))
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid() & rows.is_valid():
        said = form.cleaned_data
        try:
            user = people.create(
                request.user,
                said["username"],
                said["new_password"],
                roles_in(form, rows),
                confirmation=form.confirmation(),
            )
        except DashboardError as error:
            status = refuse(form, error)
        else:
            messages.success(request, _("%(name)s has an account now.") % {"name": user.username})
            return redirect("people:user", user.username)
    context = {"form": form, "rows": rows}
    return render(request, "accounts_app/user_new.html", context, status=status)


@administrator
@require_GET
def user_page(request: Request, username: str) -> HttpResponse:
    return _page(request, username)


@administrator
@require_POST
def set_roles(request: Request, username: str) -> HttpResponse:
    form = RolesForm(request.POST, auto_id="roles_%s")
    rows = grant_rows(request.POST, hosts_for(request.user))
    status = 422
    if form.is_valid() & rows.is_valid():
        try:
            user = people.set_roles(
                request.user, username, roles_in(form, rows), confirmation=form.confirmation()
            )
        except DashboardError as error:
            status = refuse(form, error)
        else:
            return _done(request, user.username, _("The roles are saved."))
    return _page(request, username, roles_form=form, rows=rows, status=status)


@administrator
@require_POST
def set_password(request: Request, username: str) -> HttpResponse:
    form = SetPasswordForm(request.POST, auto_id="pw_%s")
    status = 422
    if form.is_valid():
        said = form.cleaned_data
        try:
            people.set_password(
                request.user,
                username,
                said["new_password"],
                revoke_tokens=said["revoke_tokens"],
                confirmation=form.confirmation(),
            )
        except DashboardError as error:
            status = refuse(form, error)
        else:
            done = _("The password is set, and every session of %(name)s has ended.")
            return _done(request, username, done % {"name": username})
    return _page(request, username, password_form=form, status=status)


@administrator
@require_POST
def disable(request: Request, username: str) -> HttpResponse:
    return _deed(
        request,
        username,
        lambda given: people.set_active(request.user, username, active=False, confirmation=given),
        _("%(name)s is disabled and signed out everywhere.") % {"name": username},
    )


@administrator
@require_POST
def enable(request: Request, username: str) -> HttpResponse:
    return _deed(
        request,
        username,
        lambda given: people.set_active(request.user, username, active=True, confirmation=given),
        _("%(name)s may sign in again.") % {"name": username},
    )


@administrator
@require_POST
def end_sessions(request: Request, username: str) -> HttpResponse:
    return _deed(
        request,
        username,
        lambda given: people.end_all_sessions(request.user, username, confirmation=given),
        _("%(name)s is signed out everywhere.") % {"name": username},
    )


@administrator
@require_POST
def revoke_tokens(request: Request, username: str) -> HttpResponse:
    return _deed(
        request,
        username,
        lambda given: people.revoke_tokens(request.user, username, confirmation=given),
        _("The tokens of %(name)s are revoked.") % {"name": username},
    )


@administrator
@require_POST
def delete(request: Request, username: str) -> HttpResponse:
    try:
        people.delete(request.user, username, confirmation=request.POST.get("password", ""))
    except StepUpRequired:
        raise
    except DashboardError as error:
        return _page(request, username, refused=error)
    messages.success(request, _("The account of %(name)s is gone.") % {"name": username})
    return redirect("people:list")


def _deed(
    request: Request, username: str, deed: Callable[[str], object], done: str
) -> HttpResponse:
    """A button of the user's page; a StepUpRequired becomes the page that asks (core)."""
    try:
        deed(request.POST.get("password", ""))
    except StepUpRequired:
        raise
    except DashboardError as error:
        return _page(request, username, refused=error)
    return _done(request, username, done)


def _done(request: Request, username: str, message: str) -> HttpResponse:
    if not request.user.pk or request.user.username == username:
        return redirect("people:list")
    messages.success(request, message)
    return redirect("people:user", username)


def _page(
    request: Request,
    username: str,
    *,
    roles_form: RolesForm | None = None,
    rows: object = None,
    password_form: SetPasswordForm | None = None,
    refused: DashboardError | None = None,
    status: int = 200,
) -> HttpResponse:
    user = people.user_for(request.user, username)
    due = step_up_due(request.user)
    roles = people.roles_of(user)
    sessions, tokens = sessions_of(user).count(), tokens_of(user).count()
    context = {
        "person_page": user,
        "is_self": user.pk == request.user.pk,
        "is_last": people.is_last_administrator(user),
        "roles_form": roles_form
        or RolesForm(initial={"everywhere": user.fleet_role or "0"}, due=due, auto_id="roles_%s"),
        "rows": rows or grant_rows(None, hosts_for(request.user), roles),
        "password_form": password_form or SetPasswordForm(due=due, auto_id="pw_%s"),
        "sessions": ngettext("%(n)d session", "%(n)d sessions", sessions) % {"n": sessions},
        "has_sessions": bool(sessions),
        "tokens": ngettext("%(n)d token", "%(n)d tokens", tokens) % {"n": tokens},
        "has_tokens": bool(tokens),
        "refused": refused,
    }
    status = refused.status if refused else status
    return render(request, "accounts_app/user.html", context, status=status)
