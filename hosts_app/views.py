"""The list of hosts, the page of one, and the form that tests and saves one."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts_app.http import Request
from accounts_app.models import Role
from accounts_app.signin import step_up_due
from core.errors import EngineFailed, Invalid, StepUpRequired, Unavailable
from core.forms import add_errors
from core.gate import administrator, signed_in
from core.http import is_htmx
from engine.probe import Step
from hosts_app import listing, services
from hosts_app.forms import HostForm, initial
from hosts_app.models import Host
from hosts_app.page import host_context
from hosts_app.rows import rows_of, step_hint, step_rows
from hosts_app.selectors import host_for


@signed_in
@require_GET
def host_list(request: Request) -> HttpResponse:
    words, error = request.GET.get("q", "")[:200], ""
    try:
        hosts = listing.wanted(request.user, words)
    except Invalid as wrong:
        error, hosts = f"{wrong.message} {wrong.hint}".strip(), listing.wanted(request.user, "")
    context = {
        "rows": rows_of(hosts, listing.container_counts(request.user)),
        "q": words,
        "filter_error": error,
        "may_add": request.user.is_administrator,
        "here": request.get_full_path(),
    }
    template = "hosts_app/_list.html" if is_htmx(request) else "hosts_app/list.html"
    return render(request, template, context, status=422 if error else 200)


@signed_in
@require_GET
def host_page(request: Request, slug: str) -> HttpResponse:
    host = host_for(request.user, slug)
    template = "hosts_app/_page.html" if is_htmx(request) else "hosts_app/page.html"
    return render(request, template, host_context(request.user, host))


@administrator
@require_http_methods(["GET", "POST"])
def host_new(request: Request) -> HttpResponse:
    return _edit(request, None)


@administrator
@require_http_methods(["GET", "POST"])
def host_edit(request: Request, slug: str) -> HttpResponse:
    return _edit(request, host_for(request.user, slug))


@administrator
@require_POST
def host_check(request: Request, slug: str) -> HttpResponse:
    """Test the stored connection; the page shows how far it came."""
    host = host_for(request.user, slug)
    steps = services.check_stored(request.user, host)
    return _page_with(request, host, _test_context(steps, tls=bool(host.ca)))


@signed_in
@require_POST
def host_disk(request: Request, slug: str) -> HttpResponse:
    """Ask the engine what its disk holds; it takes its time."""
    host = host_for(request.user, slug, Role.OPERATOR)
    try:
        services.measure_disk(request.user, host)
    except (EngineFailed, Unavailable) as error:
        return _page_with(request, host, {"disk_error": error}, status=error.status)
    return redirect("hosts:page", slug)


@administrator
@require_POST
def host_remove(request: Request, slug: str) -> HttpResponse:
    host = host_for(request.user, slug)
    if request.POST.get("name", "").strip() != host.name:
        wrong = _("Type the name of the host to remove it.")
        return _page_with(request, host, {"remove_error": wrong}, status=422)
    try:
        services.remove_host(request.user, host, password=request.POST.get("password", ""))
    except StepUpRequired as error:
        said = {"remove_error": error.message, "ask_password": True, "typed": host.name}
        return _page_with(request, host, said, status=error.status)
    return redirect("hosts:list")


def _edit(request: Request, host: Host | None) -> HttpResponse:
    form = HostForm(
        request.POST or None,
        request.FILES or None,
        host=host,
        initial=initial(host) if host else None,
    )
    context: dict[str, Any] = {"ask_password": step_up_due(request.user)}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                answer, status = _test_or_save(request, form, host, context)
            except Invalid as error:
                add_errors(form, error)
            except StepUpRequired as error:
                form.add_error("password", error.message)
                context["ask_password"], status = True, error.status
            else:
                if answer:
                    return answer
    tls_wanted = str(form["url"].value() or "").startswith("tcp://")
    context |= {"form": form, "host": host, "tls_wanted": tls_wanted}
    return render(request, "hosts_app/form.html", context, status=status)


def _test_or_save(
    request: Request, form: HostForm, host: Host | None, context: dict[str, Any]
) -> tuple[HttpResponse | None, int]:
    """Where to go after saving; else the form's status, with the test's steps in `context`."""
    spec, wish = form.spec(), request.POST.get("do", "save")
    tls = spec.connection.tls or bool(host and host.ca and spec.connection.url[:4] == "tcp:")
    if wish == "test":
        context |= _test_context(services.check(request.user, spec, host), tls=tls)
        return None, 200
    try:
        saved, _steps = services.save_checked(
            request.user,
            spec,
            host,
            save_anyway=wish == "anyway",
            unprotected_ok=form.cleaned_data["unprotected_ok"],
            password=form.cleaned_data["password"],
        )
    except services.CheckFailed as error:
        context |= _test_context(error.steps, tls=tls) | {"unsaved": error.message}
        return None, error.status
    return redirect("hosts:page", saved.slug), 302


def _test_context(steps: list[Step], *, tls: bool) -> dict[str, Any]:
    return {
        "steps": step_rows(steps, tls=tls),
        "steps_ok": steps[-1].ok,
        "steps_hint": step_hint(steps),
    }


def _page_with(
    request: Request, host: Host, more: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    context = host_context(request.user, host) | more
    return render(request, "hosts_app/page.html", context, status=status)
