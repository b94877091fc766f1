"""One reading of a host into our rows: first the engine is asked, then everything is written."""

from collections.abc import Collection

from django.db import transaction
from django.utils.timezone import now

import containers_app.inventory
import images_app.inventory
from core.live import publish
from engine.errors import Unreachable
from engine.types import ContainerSummary, EngineInfo, EngineVersion, ImageSummary
from hosts_app.connections import engine_for
from hosts_app.models import Host, HostState


def meet(host: Host) -> int:
    """Learn what the engine is; returns its clock in nanoseconds."""
    engine = engine_for(host)
    version, info = engine.version(), engine.info()
    skew_s = (info.system_time - now()).total_seconds()
    Host.objects.filter(pk=host.pk).update(engine=_facts(version, info), skew_s=skew_s)
    return int(info.system_time.timestamp()) * 10**9


def read_all(host: Host) -> None:
    """Everything the engine lists; what it does not list is gone."""
    engine = engine_for(host)
    images, containers = engine.images(), engine.containers()
    _write(host, images=images, containers=containers, only=None)


def read_some(host: Host, ids: Collection[str], *, images: bool) -> None:
    """These containers anew, and the images if an event spoke of one."""
    engine = engine_for(host)
    listed = engine.images() if images else None
    containers = engine.containers(ids) if ids else []
    _write(host, images=listed, containers=containers, only=ids)


def note_state(host_id: int, state: Host.State, error: str, latency_ms: float | None) -> None:
    """Remember how the host is, and tell pages when that is new."""
    with transaction.atomic():
        host = Host.objects.filter(pk=host_id).first()
        if host is None:
            return
        if (host.state, host.error) == (state, error):
            Host.objects.filter(pk=host_id).update(latency_ms=latency_ms)
            return
        changed = host.state != state
        if changed:
            HostState.objects.create(host=host, state=state, error=error)
            host.state, host.state_since = state, now()
        host.error, host.latency_ms = error, latency_ms
        host.version += 1
        host.save(update_fields=["state", "state_since", "error", "latency_ms", "version"])
        pks = list(host.containers.filter(gone=None).values_list("pk", flat=True))
    publish(host_id, "host", [host_id])
    if changed:  # every row of it looks different now
        publish(host_id, "container", pks)


def state_of(error: Unreachable) -> Host.State:
    return Host.State(error.host_state)


def _write(
    host: Host,
    *,
    images: list[ImageSummary] | None,
    containers: list[ContainerSummary],
    only: Collection[str] | None,
) -> None:
    with transaction.atomic():
        row = Host.objects.select_for_update().filter(pk=host.pk).first()
        if row is None:
            return
        version = row.version + 1
        new_images: set[int] = set()
        if images is not None:
            new_images = images_app.inventory.reconcile(row, images, version)
        changed = containers_app.inventory.reconcile(row, containers, version, only=only)
        written = {"version": version} if changed or new_images else {}
        if only is None:
            written["as_of"] = now()  # type: ignore[assignment]
        if written:
            Host.objects.filter(pk=host.pk).update(**written)
    if changed:
        publish(host.pk, "container", changed)
    if new_images:
        publish(host.pk, "image", new_images)


def _facts(version: EngineVersion, info: EngineInfo) -> dict[str, object]:
    return {
        "version": version.version,
        "api": version.api,
        "os": version.os,
        "arch": version.arch,
        "kernel": version.kernel,
        "cpus": info.cpus,
        "memory": info.memory_bytes,
        "id": info.id,
        "name": info.name,
        "operating_system": info.operating_system,
        "storage_driver": info.storage_driver,
        "log_driver": info.log_driver,
        "rootless": info.rootless,
        "insecure_registries": list(info.insecure_registries),
    }
