"""Turns the Engine API's JSON about images and the engine itself into plain values (pure)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from engine.parse import environment, inspected_ports, labels, moment, words
from engine.types import (
    DiskUsage,
    EngineInfo,
    EngineVersion,
    HistoryEntry,
    ImageDetail,
    ImageSummary,
    Usage,
)


def image_summary(item: Mapping[str, Any]) -> ImageSummary:
    """One entry of /images/json."""
    return ImageSummary(
        id=item["Id"],
        tags=_named(item.get("RepoTags")),
        digests=_named(item.get("RepoDigests")),
        size_bytes=item.get("Size") or 0,
        created=datetime.fromtimestamp(item.get("Created") or 0, tz=UTC),
        parent=item.get("ParentId") or "",
        labels=labels(item.get("Labels")),
    )


def image_detail(raw: dict[str, Any]) -> ImageDetail:
    """The answer of /images/{name}/json."""
    config = raw.get("Config") or {}
    return ImageDetail(
        id=raw["Id"],
        tags=_named(raw.get("RepoTags")),
        digests=_named(raw.get("RepoDigests")),
        size_bytes=raw.get("Size") or 0,
        created=moment(raw.get("Created")),
        os=raw.get("Os") or "",
        architecture=raw.get("Architecture") or "",
        variant=raw.get("Variant") or "",
        entrypoint=words(config.get("Entrypoint")),
        command=words(config.get("Cmd")),
        env=environment(config.get("Env")),
        exposed_ports=inspected_ports(config.get("ExposedPorts") or {}),
        volumes=tuple(sorted(config.get("Volumes") or ())),
        working_dir=config.get("WorkingDir") or "",
        user=config.get("User") or "",
        labels=labels(config.get("Labels")),
        layers=words((raw.get("RootFS") or {}).get("Layers")),
        stop_signal=config.get("StopSignal") or "",
        health_check=words((config.get("Healthcheck") or {}).get("Test")),
        triggers=words(config.get("OnBuild")),
        author=raw.get("Author") or "",
        comment=raw.get("Comment") or "",
        raw=raw,
    )


def history_entry(item: Mapping[str, Any]) -> HistoryEntry:
    """One entry of /images/{name}/history."""
    found = str(item.get("Id") or "")
    created = item.get("Created")
    return HistoryEntry(
        id="" if found == "<missing>" else found,
        created=datetime.fromtimestamp(created, tz=UTC) if created and created > 0 else None,
        created_by=str(item.get("CreatedBy") or ""),
        size_bytes=item.get("Size") or 0,
        comment=str(item.get("Comment") or ""),
        tags=_named(item.get("Tags")),
    )


def engine_version(raw: Mapping[str, Any]) -> EngineVersion:
    """The answer of /version."""
    return EngineVersion(
        version=raw.get("Version") or "",
        api=raw["ApiVersion"],
        min_api=raw.get("MinAPIVersion") or "",
        os=raw.get("Os") or "",
        arch=raw.get("Arch") or "",
        kernel=raw.get("KernelVersion") or "",
    )


def engine_info(raw: Mapping[str, Any]) -> EngineInfo:
    """The answer of /info."""
    registries = (raw.get("RegistryConfig") or {}).get("IndexConfigs") or {}
    return EngineInfo(
        id=raw.get("ID") or "",
        name=raw.get("Name") or "",
        cpus=raw.get("NCPU") or 0,
        memory_bytes=raw.get("MemTotal") or 0,
        operating_system=raw.get("OperatingSystem") or "",
        kernel=raw.get("KernelVersion") or "",
        storage_driver=raw.get("Driver") or "",
        root_dir=raw.get("DockerRootDir") or "",
        system_time=moment(raw["SystemTime"]) or datetime.fromtimestamp(0, tz=UTC),
        rootless=any("rootless" in each for each in words(raw.get("SecurityOptions"))),
        log_driver=raw.get("LoggingDriver") or "",
        insecure_registries=tuple(
            sorted(name for name, config in registries.items() if not config.get("Secure", True))
        ),
    )


def own_bytes(raw: Mapping[str, Any]) -> dict[str, int]:
    """Of /system/df, what each image shares with no other; without those of which it is silent."""
    return {
        str(each["Id"]): _own_bytes(each)
        for each in raw.get("Images") or ()
        if isinstance(each.get("SharedSize"), int) and each["SharedSize"] >= 0
    }


def disk_usage(raw: Mapping[str, Any]) -> DiskUsage:
    """The answer of /system/df; what can be reclaimed is counted as `docker system df` does."""
    images = raw.get("Images") or ()
    unused = [each for each in images if not each.get("Containers")]
    layers_bytes = raw.get("LayersSize") or 0
    used_bytes = sum(_own_bytes(each) for each in images if each.get("Containers"))
    containers = raw.get("Containers") or ()
    stopped = [each for each in containers if each.get("State") not in ("running", "paused")]
    cache = raw.get("BuildCache") or ()
    return DiskUsage(
        layers_bytes=layers_bytes,
        images=Usage(
            len(images), layers_bytes, max(0, layers_bytes - used_bytes) if unused else 0
        ),
        containers=Usage(len(containers), _sum(containers, "SizeRw"), _sum(stopped, "SizeRw")),
        volumes=_volumes(raw.get("Volumes") or ()),
        build_cache=Usage(
            len(cache),
            _sum([each for each in cache if not each.get("Shared")], "Size"),
            _sum([e for e in cache if not e.get("Shared") and not e.get("InUse")], "Size"),
        ),
    )


def _own_bytes(image: Mapping[str, Any]) -> int:
    """What only this image holds; -1 means that the engine has not counted it."""
    shared = max(0, image.get("SharedSize") or 0)
    return int(image.get("Size") or 0) - shared


def _volumes(volumes: Sequence[Mapping[str, Any]]) -> Usage:
    counted = [each.get("UsageData") or {} for each in volumes]
    unused = [each for each in counted if not each.get("RefCount")]
    return Usage(len(volumes), _sum(counted, "Size"), _sum(unused, "Size"))


def _sum(items: Sequence[Mapping[str, Any]], key: str) -> int:
    return sum(max(0, each.get(key) or 0) for each in items)


def _named(raw: Any) -> tuple[str, ...]:
    return tuple(each for each in words(raw) if not each.startswith("<none>"))
