"""Containers over the API: the list over all hosts, one, and what can be done with them."""

from typing import Any

from django.utils.translation import gettext as _
from ninja import Query as NinjaQuery
from ninja import Router, Status

from accounts_app.http import Request
from accounts_app.models import Role
from accounts_app.signin import require_step_up
from containers_app import services
from containers_app.listing import Query
from containers_app.live_reads import inspected
from containers_app.schemas import (
    BulkBody,
    ContainerFilters,
    ContainerOut,
    KillBody,
    Prunables,
    PruneBody,
    RenameBody,
    RevealBody,
    Revealed,
    RunBody,
    StopBody,
    container_out,
    containers_out,
    prunables_out,
    wanted,
)
from containers_app.selectors import container_for
from core.api import ListOf, idempotency_key, listed, said
from core.errors import Invalid
from core.gate import signed_in
from core.limits import AtOnce
from hosts_app.selectors import host_for, oldest_as_of
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before

router = Router(tags=["containers"])
READS = AtOnce(each=4, in_all=8)  # each keeps one of the 16 threads of requests waiting
ONE = "hosts/{host}/containers/{container}"


@router.get("containers", response=ListOf[ContainerOut])
@signed_in
def list_containers(
    request: Request, filters: NinjaQuery[ContainerFilters]
) -> ListOf[ContainerOut]:
    """Containers of every host that the user sees."""
    rows = wanted(request.user, request.GET)
    page = filters.page_of(rows.count())
    found = containers_out(list(rows[page.start : page.stop]))
    return listed(ContainerOut, found, page, oldest_as_of(request.user))


@router.post("containers/bulk", response={202: JobOut})
@signed_in
def bulk(request: Request, wanted: BulkBody) -> JobOut:
    """One action on many containers of any hosts: all are asked for, or none. Operators."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "container.bulk") or services.bulk(
        request.user,
        wanted.action,
        [(target.host, target.id) for target in wanted.targets],
        wanted.options,
        idempotency_key=key,
    )
    return job_out(job)


@router.post("hosts/{host}/containers", response={202: JobOut})
@signed_in
def run(request: Request, host: str, wanted: RunBody) -> JobOut:
    """Create a container of an image that the host has, and start it. Operators."""
    key = idempotency_key(request)
    job = asked_before(request.user, key, "container.run", host=host) or services.run(
        request.user, host, said(wanted), idempotency_key=key
    )
    return job_out(job)


@router.post("hosts/{host}/containers/prune", response={200: Prunables, 202: JobOut})
@signed_in
def prune(request: Request, host: str, wanted: PruneBody) -> Status[Any]:
    """`preview` lists the stopped containers; `ids` of that list removes them. Operators."""
    found = host_for(request.user, host, Role.OPERATOR)
    if wanted.preview == (wanted.ids is not None):
        raise Invalid.field("preview", _("Send either preview or the ids of one."))
    if wanted.preview:
        preview = services.prune_preview(request.user, Query(host=found.slug))
        return Status(200, prunables_out(preview))
    require_step_up(request.user, wanted.password)
    key = idempotency_key(request)
    job = asked_before(request.user, key, "container.prune") or services.prune(
        request.user,
        [(found.slug, docker_id) for docker_id in wanted.ids or ()],
        idempotency_key=key,
    )
    return Status(202, job_out(job))


@router.get(ONE, response=ContainerOut)
@signed_in
def get_container(request: Request, host: str, container: str) -> ContainerOut:
    """One container, by its id, a unique beginning of it, or its name."""
    return container_out(container_for(request.user, host, container))


@router.delete(ONE, response={202: JobOut})
@signed_in
def remove(
    request: Request,
    host: str,
    container: str,
    force: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    volumes: bool = False,  # noqa: FBT001, FBT002
) -> JobOut:
    """Remove it; `force` kills it first, `volumes` takes its anonymous volumes too. Operators."""
    return _act(request, "remove", host, container, {"force": force, "volumes": volumes})


@router.post(f"{ONE}/start", response={202: JobOut})
@signed_in
def start(request: Request, host: str, container: str) -> JobOut:
    """Start it. Operators."""
    return _act(request, "start", host, container, {})


@router.post(f"{ONE}/stop", response={202: JobOut})
@signed_in
def stop(request: Request, host: str, container: str, wanted: StopBody | None = None) -> JobOut:
    """SIGTERM, and SIGKILL after `timeout` seconds. Operators."""
    return _act(request, "stop", host, container, said(wanted))


@router.post(f"{ONE}/restart", response={202: JobOut})
@signed_in
def restart(request: Request, host: str, container: str, wanted: StopBody | None = None) -> JobOut:
    """Stop it as `stop` does, and start it. Operators."""
    return _act(request, "restart", host, container, said(wanted))


@router.post(f"{ONE}/pause", response={202: JobOut})
@signed_in
def pause(request: Request, host: str, container: str) -> JobOut:
    """Freeze its processes. Operators."""
    return _act(request, "pause", host, container, {})


@router.post(f"{ONE}/unpause", response={202: JobOut})
@signed_in
def unpause(request: Request, host: str, container: str) -> JobOut:
    """Let its processes go on. Operators."""
    return _act(request, "unpause", host, container, {})


@router.post(f"{ONE}/kill", response={202: JobOut})
@signed_in
def kill(request: Request, host: str, container: str, wanted: KillBody | None = None) -> JobOut:
    """Send a signal to its first process. Operators."""
    return _act(request, "kill", host, container, said(wanted))


@router.post(f"{ONE}/rename", response={202: JobOut})
@signed_in
def rename(request: Request, host: str, container: str, wanted: RenameBody) -> JobOut:
    """Give it another name. Operators."""
    return _act(request, "rename", host, container, said(wanted))


@router.put(f"{ONE}/lock", response=ContainerOut)
@signed_in
def lock(request: Request, host: str, container: str) -> ContainerOut:
    """Guard it against removal. Operators."""
    return container_out(services.lock(request.user, host, container))


@router.delete(f"{ONE}/lock", response=ContainerOut)
@signed_in
def unlock(request: Request, host: str, container: str) -> ContainerOut:
    """Lift the guard. Administrators of the host."""
    return container_out(services.unlock(request.user, host, container))


@router.get(f"{ONE}/inspect", response=dict[str, Any])
@signed_in
def inspect(request: Request, host: str, container: str) -> dict[str, Any]:
    """The engine's own JSON; the values of its environment are masked, see `reveal`."""
    found = container_for(request.user, host, container)
    with READS.place(request.user.pk):
        return inspected(found)


@router.post(f"{ONE}/reveal", response=Revealed)
@signed_in
def reveal(request: Request, host: str, container: str, wanted: RevealBody) -> Revealed:
    """Values of its environment; recorded in the trail. Administrators of the host."""
    require_step_up(request.user, wanted.password)
    values = services.reveal(request.user, host, container, wanted.names)
    return Revealed(values=values)


def _act(
    request: Request, action: str, host: str, container: str, options: dict[str, Any]
) -> JobOut:
    key = idempotency_key(request)
    kind = f"container.{action}"
    job = asked_before(request.user, key, kind, host=host, target=container) or services.act(
        request.user, action, host, container, options, idempotency_key=key
    )
    return job_out(job)
