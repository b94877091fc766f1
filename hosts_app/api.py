"""Hosts over the API: the list, one, adding, editing, removing and testing them."""

from django.http import QueryDict
from django.utils.translation import gettext as _
from ninja import Query, Router

from accounts_app.http import Request
from accounts_app.signin import require_step_up
from core.api import ListOf, listed
from core.errors import Invalid
from core.gate import administrator, signed_in
from core.listing import sort_field
from hosts_app import services
from hosts_app.models import Host, HostQuerySet
from hosts_app.schemas import (
    Confirmation,
    HostBody,
    HostFilters,
    HostOut,
    HostPatch,
    StepsOut,
    changed_spec,
    host_out,
    spec_of,
    steps_out,
)
from hosts_app.selectors import host_for, hosts_for, labelled, oldest_as_of, worded

router = Router(tags=["hosts"])
COLUMNS = {"name": "name", "slug": "slug", "state": "state", "as_of": "as_of"}


@router.get("hosts", response=ListOf[HostOut])
@signed_in
def list_hosts(request: Request, filters: Query[HostFilters]) -> ListOf[HostOut]:
    """The hosts that the user sees."""
    hosts = _wanted(worded(hosts_for(request.user), filters.q), request.GET)
    column, descending = sort_field(filters.sort, COLUMNS, "name")
    page = filters.page_of(hosts.count())
    order = f"{'-' if descending else ''}{COLUMNS[column]}"
    found = [host_out(host) for host in hosts.order_by(order, "pk")[page.start : page.stop]]
    return listed(HostOut, found, page, oldest_as_of(request.user))


@router.post("hosts", response={201: HostOut})
@administrator
def add_host(request: Request, wanted: HostBody) -> HostOut:
    """Test its engine step by step, then save it. A failed test is 422 with its `steps`."""
    require_step_up(request.user, wanted.password)
    host, _steps = services.save_checked(
        request.user,
        spec_of(wanted),
        save_anyway=wanted.save_anyway,
        unprotected_ok=wanted.unprotected_ok,
    )
    return host_out(host)


@router.get("hosts/{host}", response=HostOut)
@signed_in
def get_host(request: Request, host: str) -> HostOut:
    """One host."""
    return host_out(host_for(request.user, host))


@router.patch("hosts/{host}", response=HostOut)
@administrator
def change_host(request: Request, host: str, wanted: HostPatch) -> HostOut:
    """Change what is named; a changed connection is tested first."""
    found = host_for(request.user, host)
    require_step_up(request.user, wanted.password)
    changed, _steps = services.save_checked(
        request.user,
        changed_spec(found, wanted),
        found,
        save_anyway=wanted.save_anyway,
        unprotected_ok=wanted.unprotected_ok,
    )
    return host_out(changed)


@router.delete("hosts/{host}", response={204: None})
@administrator
def remove_host(request: Request, host: str, wanted: Confirmation | None = None) -> None:
    """Forget it; its engine and containers stay as they are."""
    found = host_for(request.user, host)
    require_step_up(request.user, wanted.password if wanted else "")
    services.remove_host(request.user, found)


@router.post("hosts/{host}/check", response=StepsOut)
@administrator
def check_host(request: Request, host: str) -> StepsOut:
    """The connection test, step by step; the last step is the first that failed."""
    return steps_out(services.check_stored(request.user, host_for(request.user, host)))


def _wanted(hosts: HostQuerySet, params: QueryDict) -> HostQuerySet:
    if state := params.get("state"):
        if state not in Host.State.values:
            names = ", ".join(Host.State.values)
            raise Invalid.field("state", _("One of %(names)s.") % {"names": names})
        hosts = hosts.filter(state=state)
    if label := params.get("label"):
        hosts = labelled(hosts, label)
    return hosts
