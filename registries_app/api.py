"""Registries over the API: the list, one, adding, changing, forgetting and checking them."""

from django.utils.translation import gettext as _
from ninja import Query, Router

from accounts_app.http import Request
from core.api import ListOf, as_of_now, listed
from core.errors import Invalid
from core.gate import administrator, signed_in
from core.listing import sort_field
from registries_app import services
from registries_app.models import Registry
from registries_app.schemas import (
    CheckOut,
    Confirmed,
    RegistryBody,
    RegistryFilters,
    RegistryOut,
    RegistryPatch,
    check_out,
    registry_out,
    spec_of,
)
from registries_app.selectors import registries_for, registry_named

router = Router(tags=["registries"])
COLUMNS = {"name": "name", "slug": "slug", "kind": "kind", "url": "url"}


@router.get("registries", response=ListOf[RegistryOut])
@signed_in
def list_registries(request: Request, filters: Query[RegistryFilters]) -> ListOf[RegistryOut]:
    """All registries."""
    found = registries_for(request.user)
    for word in filters.q.split():
        found = found.filter(name__icontains=word) | found.filter(url__icontains=word)
    if filters.kind:
        if filters.kind not in Registry.Kind.values:
            names = ", ".join(Registry.Kind.values)
            raise Invalid.field("kind", _("One of %(names)s.") % {"names": names})
        found = found.filter(kind=filters.kind)
    column, descending = sort_field(filters.sort, COLUMNS, "name")
    page = filters.page_of(found.count())
    order = f"{'-' if descending else ''}{COLUMNS[column]}"
    rows = found.order_by(order, "pk")[page.start : page.stop]
    return listed(RegistryOut, map(registry_out, rows), page, as_of_now())


@router.post("registries", response={201: RegistryOut})
@administrator
def add_registry(request: Request, wanted: RegistryBody) -> RegistryOut:
    """Save it, then find out what it can do; a failed check does not undo it."""
    spec = spec_of(wanted)
    return registry_out(services.save(request.user, spec, password=wanted.confirmation))


@router.get("registries/{registry}", response=RegistryOut)
@signed_in
def get_registry(request: Request, registry: str) -> RegistryOut:
    """One registry."""
    return registry_out(registry_named(request.user, registry))


@router.patch("registries/{registry}", response=RegistryOut)
@administrator
def change_registry(request: Request, registry: str, wanted: RegistryPatch) -> RegistryOut:
    """Change what is named, then check it. Another server needs its secrets anew."""
    found = registry_named(request.user, registry)
    spec = spec_of(wanted, found)
    return registry_out(services.save(request.user, spec, found, password=wanted.confirmation))


@router.delete("registries/{registry}", response={204: None})
@administrator
def remove_registry(request: Request, registry: str, wanted: Confirmed | None = None) -> None:
    """Forget it and its sign-in; what it stores stays."""
    found = registry_named(request.user, registry)
    services.remove(request.user, found, password=wanted.confirmation if wanted else "")


@router.post("registries/{registry}/check", response=CheckOut)
@administrator
def check_registry(request: Request, registry: str) -> CheckOut:
    """What it can do, step by step; up to `sign_in`, the first failed step is the last."""
    return check_out(services.check(request.user, registry_named(request.user, registry)).steps)
