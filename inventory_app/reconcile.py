"""One reading of a host into our rows: first the engine is asked, then everything is written."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.db import models, transaction
from django.db.models import F
from django.utils.timezone import now

import containers_app.inventory
import images_app.inventory
from containers_app.inventory import Moments
from core.live import publish
from engine.client import Engine
from engine.errors import EngineError, NoSuchObject, Refused, Unreachable
from engine.types import ContainerSummary, EngineInfo, EngineVersion
from hosts_app.models import Host, HostState

STEADY_SKEW_S = 1.0  # a clock that is off by this much more or less is not news
HISTORY_KEPT = 200  # changes of reachability per host
MOST_NAMED = 50  # containers whose image's name one reading asks for
LOOK_BACK = timedelta(hours=1)  # how old events may be where the engine's clock is not known


def meet(host: Host, engine: Engine) -> int:
    """Learn what the engine is; returns its clock in nanoseconds, from which to read events.

    Raises Unreachable. An engine that answers and refuses /info is read all the same.
    """
    version = engine.version()
    try:
        info = engine.info()
    except Unreachable:
        raise
    except EngineError:
        _remember(host, host.engine | _version_facts(version), host.skew_s)
        return _nanoseconds(now() - LOOK_BACK)
    skew_s = (info.system_time - now()).total_seconds()
    if abs(skew_s - host.skew_s) < STEADY_SKEW_S:
        skew_s = host.skew_s
    _remember(host, _facts(version, info), skew_s)
    return _nanoseconds(info.system_time)


def _named(host: Host, engine: Engine, listed: list[ContainerSummary]) -> list[ContainerSummary]:
    """With the names of images as they were given, also where the tag stands for another one now.

    Lists then tell the image's id. Asked of the engine when such a container is seen first: later
    its row has the name.
    """
    nameless = {item.id for item in listed if item.image.startswith("sha256:")}
    if not nameless:
        return listed
    known = host.containers.filter(docker_id__in=nameless).values_list("docker_id", flat=True)
    names = {}
    for container_id in sorted(nameless.difference(known))[:MOST_NAMED]:
        with suppress(NoSuchObject, Refused):
            names[container_id] = engine.container(container_id).image
    return [replace(item, image=names[item.id]) if names.get(item.id) else item for item in listed]


def read_containers(
    host: Host,
    engine: Engine,
    moments: Mapping[str, Moments],
    only: Collection[str] | None = None,
) -> None:
    """Every container, or those of `only`; what the engine does not list is gone.

    `moments` are what events told exactly of starts and ends.
    """
    listed = _named(host, engine, engine.containers(only))
    containers_app.inventory.write(host, listed, only=only, moments=moments)


def read_images(host: Host, engine: Engine) -> None:
    """Every image; what the engine does not list is gone."""
    listed = engine.images()
    with transaction.atomic():
        row = _same_host(host).select_for_update().first()
        if row is None:
            return
        changed = images_app.inventory.reconcile(row, listed, row.version + 1)
        if changed:
            containers_app.inventory.link_images(row)
            Host.objects.filter(pk=host.pk).update(version=row.version + 1)
    if changed:
        publish(host.pk, "image", changed)


def note_state(host: Host, state: Host.State, error: str, latency_ms: float | None) -> None:
    """Remember how the host is, and tell pages when that is new."""
    with transaction.atomic():
        row = _same_host(host).first()
        if row is None:
            return
        if (row.state, row.error) == (state, error):
            Host.objects.filter(pk=row.pk).update(latency_ms=latency_ms)
            return
        changed = row.state != state
        if changed:
            HostState.objects.create(host=row, state=state, error=error)
            kept = row.history.values_list("pk", flat=True)[:HISTORY_KEPT]
            row.history.exclude(pk__in=list(kept)).delete()
            row.state, row.state_since = state, now()
        row.error, row.latency_ms = error, latency_ms
        row.version += 1
        row.save(update_fields=["state", "state_since", "error", "latency_ms", "version"])
        pks = list(row.containers.filter(gone=None).values_list("pk", flat=True))
    publish(host.pk, "host", [host.pk])
    if changed:  # every row of it looks different now
        publish(host.pk, "container", pks)


def state_of(error: Unreachable) -> Host.State:
    return Host.State(error.host_state)


def _remember(host: Host, facts: dict[str, object], skew_s: float) -> None:
    """Keep what the engine is, and tell pages when that is new."""
    if (host.engine, host.skew_s) == (facts, skew_s):
        return
    host.engine, host.skew_s = facts, skew_s
    _same_host(host).update(engine=facts, skew_s=skew_s, version=F("version") + 1)
    publish(host.pk, "host", [host.pk])


def _same_host(host: Host) -> models.QuerySet[Host]:
    """The row, unless it is gone or names another engine since this reading began."""
    return Host.objects.filter(pk=host.pk, url=host.url)


def _nanoseconds(moment: datetime) -> int:
    since_epoch = moment - datetime.fromtimestamp(0, tz=UTC)
    whole_s = since_epoch.days * 86400 + since_epoch.seconds
    return whole_s * 10**9 + since_epoch.microseconds * 1000


def _version_facts(version: EngineVersion) -> dict[str, object]:
    return {
        "version": version.version,
        "api": version.api,
        "os": version.os,
        "arch": version.arch,
        "kernel": version.kernel,
    }


def _facts(version: EngineVersion, info: EngineInfo) -> dict[str, object]:
    return _version_facts(version) | {
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
