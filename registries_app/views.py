"""Registries as records: the list, the form, and the report of what one can do."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts_app.http import Request
from accounts_app.signin import step_up_due
from core.errors import Invalid, StepUpRequired
from core.gate import administrator, signed_in
from core.http import is_htmx
from registries_app import services
from registries_app.forms import RegistryForm, initial
from registries_app.models import Registry
from registries_app.page import list_context, record_context
from registries_app.presets import MIRROR, chosen, preset_of, presets
from registries_app.selectors import registry_named


@signed_in
@require_GET
def registry_list(request: Request) -> HttpResponse:
    words = request.GET.get("q", "")[:200]
    template = "registries_app/_list.html" if is_htmx(request) else "registries_app/list.html"
    return render(request, template, list_context(request.user, words))


@signed_in
@require_GET
def registry_record(request: Request, slug: str) -> HttpResponse:
    return _record(request, registry_named(request.user, slug))


@administrator
@require_http_methods(["GET", "POST"])
def registry_new(request: Request) -> HttpResponse:
    return _edit(request, None)


@administrator
@require_http_methods(["GET", "POST"])
def registry_edit(request: Request, slug: str) -> HttpResponse:
    return _edit(request, registry_named(request.user, slug))


@administrator
@require_POST
def registry_check(request: Request, slug: str) -> HttpResponse:
    """Find out again what it can do; the record shows it."""
    services.check(request.user, registry_named(request.user, slug))
    return redirect("registries:record", slug)


@administrator
@require_POST
def registry_first(request: Request, slug: str) -> HttpResponse:
    """This mirror is tried first from now on."""
    mirror = registry_named(request.user, slug)
    services.choose_mirror(request.user, mirror)
    return redirect("registries:record", mirror.mirror_of.slug if mirror.mirror_of else slug)


@administrator
@require_POST
def registry_forget(request: Request, slug: str) -> HttpResponse:
    registry = registry_named(request.user, slug)
    typed = request.POST.get("name", "").strip()
    if typed != registry.name:
        wrong = _("Type the name of the registry to forget it.")
        return _record(request, registry, {"forget_error": wrong, "typed": typed}, status=422)
    try:
        services.remove(request.user, registry, password=request.POST.get("password", ""))
    except StepUpRequired as error:
        said = {"forget_error": error.message, "ask_password": True, "typed": typed}
        return _record(request, registry, said, status=error.status)
    return redirect("registries:list")


def _record(
    request: Request, registry: Registry, more: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    context = record_context(request.user, registry) | (more or {})
    return render(request, "registries_app/record.html", context, status=status)


def _edit(request: Request, registry: Registry | None) -> HttpResponse:
    """The form, again with what is wrong at its fields; or the record of what was saved."""
    if request.method != "POST":
        said = initial(registry) if registry else chosen({}, request.GET.get("kind", "hub"))
        form = RegistryForm(registry=registry, initial=said)
        return _draw(request, form, ask_password=step_up_due(request.user))
    if wanted := request.POST.get("preset"):  # a preset was pressed: nothing typed is lost
        said = chosen(request.POST.dict(), wanted)
        form = RegistryForm(registry=registry, initial=said)
        return _draw(request, form, ask_password=step_up_due(request.user), preset=wanted)
    form = RegistryForm(request.POST, request.FILES, registry=registry)
    asked, status = step_up_due(request.user), 422
    if form.is_valid():
        try:
            password = form.cleaned_data["confirmation"]
            saved = services.save(request.user, form.spec(), registry, password=password)
        except Invalid as error:
            form.show(error)
        except StepUpRequired as error:
            form.add_error("confirmation", error.message)
            asked, status = True, error.status
        else:
            return redirect("registries:record", saved.slug)
    return _draw(request, form, ask_password=asked, status=status)


def _draw(
    request: Request,
    form: RegistryForm,
    *,
    ask_password: bool,
    preset: str = "",
    status: int = 200,
) -> HttpResponse:
    held = {name: form[name].value() for name in ("kind", "mirror_of")}
    shown = {each.key: each for each in presets()}.get(preset) or preset_of(held)
    wrong = set(form.errors)
    context = {
        "form": form,
        "registry": form.registry,
        "presets": presets(),
        "preset": shown,
        "ask_password": ask_password,
        "mirror_open": shown.key == MIRROR or bool(held["mirror_of"]),
        "tls_open": bool(wrong & {"ca", "cert", "key", "realms"} or form["skip_verify"].value()),
        "stored_password": bool(form.registry and form.registry.password_sealed),
        "stored_cert": bool(form.registry and form.registry.cert_sealed),
    }
    return render(request, "registries_app/form.html", context, status=status)
