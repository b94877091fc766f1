"""Turns the Engine API's JSON about containers into plain values (pure)."""

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.types import (
    ContainerDetail,
    ContainerSummary,
    FileChange,
    HealthEntry,
    MountPoint,
    Network,
    Port,
)

MOST_LABELS = 200  # R13: one label of 20 MB is accepted by engines
LONGEST_LABEL = 4096  # bytes
NEVER = "0001-01-01"  # Go's zero time

CHANGES = {0: "changed", 1: "added", 2: "deleted"}  # moby, pkg/archive/changes.go
# of Go's io/fs.FileMode: folder, link, pipe, socket, device, character device, irregular
NOT_A_FILE = 1 << 31 | 1 << 27 | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19

EXIT_CODE = re.compile(r"^(?:Exited|Restarting) \((-?\d+)\)")
HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)$")
# as Go's units.HumanDuration writes it: "Less than a second", "About an hour", "3 weeks"
AGE = re.compile(r"(Less than a|About an?|\d+) (second|minute|hour|day|week|month|year)s?")
UNIT_S = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604_800,
    "month": 2_592_000, "year": 31_536_000,
}  # fmt: skip


def summary(item: Mapping[str, Any], now: datetime) -> ContainerSummary:
    """One entry of /containers/json; `now` is the engine's clock when it answered."""
    status = _text(item, "Status")
    all_labels = item.get("Labels") or {}
    state = _text(item, "State")
    since = _since(status, now)
    return ContainerSummary(
        id=item["Id"],
        name=_own_name(item.get("Names") or (), item["Id"]),
        image=_text(item, "Image"),
        image_id=_text(item, "ImageID"),
        state=state,
        status=status,
        health=health_of(status),
        exit_code=exit_code_of(status),
        created=datetime.fromtimestamp(item.get("Created") or 0, tz=UTC),
        started=since if status.startswith("Up ") else None,
        finished=since if status.startswith(("Exited", "Restarting")) else None,
        project=cut(str(all_labels.get("com.docker.compose.project") or "")),
        service=cut(str(all_labels.get("com.docker.compose.service") or "")),
        labels=labels(all_labels),
        ports=tuple(sorted({_listed_port(p) for p in item.get("Ports") or ()}, key=port_order)),
        networks=tuple(sorted((item.get("NetworkSettings") or {}).get("Networks") or ())),
    )


def detail(raw: dict[str, Any]) -> ContainerDetail:
    """The answer of /containers/{id}/json."""
    config, host = raw.get("Config") or {}, raw.get("HostConfig") or {}
    state, networks = raw.get("State") or {}, raw.get("NetworkSettings") or {}
    health, all_labels = state.get("Health") or {}, config.get("Labels") or {}
    finished = moment(state.get("FinishedAt"))
    ended = finished is not None and not state.get("Running")
    status = health.get("Status") or ""
    return ContainerDetail(
        id=raw["Id"],
        name=_text(raw, "Name").removeprefix("/"),
        image=_text(config, "Image"),
        image_id=_text(raw, "Image"),
        state=_text(state, "Status"),
        health="" if status == "none" else status,
        exit_code=state.get("ExitCode") if ended else None,
        created=moment(raw.get("Created")) or datetime.fromtimestamp(0, tz=UTC),
        started=moment(state.get("StartedAt")),
        finished=finished,
        project=cut(str(all_labels.get("com.docker.compose.project") or "")),
        service=cut(str(all_labels.get("com.docker.compose.service") or "")),
        labels=labels(all_labels),
        ports=inspected_ports(networks.get("Ports") or {}),
        networks=tuple(
            _network(name, network or {})
            for name, network in sorted((networks.get("Networks") or {}).items())
        ),
        pid=state.get("Pid") or 0,
        command=words(config.get("Cmd")),
        entrypoint=words(config.get("Entrypoint")),
        working_dir=_text(config, "WorkingDir"),
        user=_text(config, "User"),
        env=environment(config.get("Env")),
        restart_policy=_restart_policy(host.get("RestartPolicy") or {}),
        restart_count=raw.get("RestartCount") or 0,
        mounts=tuple(_mount(each) for each in raw.get("Mounts") or ()),
        capabilities_added=words(host.get("CapAdd")),
        capabilities_dropped=words(host.get("CapDrop")),
        privileged=bool(host.get("Privileged")),
        pid_mode=_text(host, "PidMode"),
        ipc_mode=_text(host, "IpcMode"),
        network_mode=_text(host, "NetworkMode"),
        uts_mode=_text(host, "UTSMode"),
        userns_mode=_text(host, "UsernsMode"),
        security_opt=words(host.get("SecurityOpt")),
        devices=tuple(_device(each) for each in host.get("Devices") or ()),
        read_only=bool(host.get("ReadonlyRootfs")),
        tty=bool(config.get("Tty")),
        log_driver=_text(host.get("LogConfig") or {}, "Type"),
        health_log=tuple(_health_entry(each) for each in health.get("Log") or ()),
        oom_killed=bool(state.get("OOMKilled")),
        error=_text(state, "Error"),
        raw=raw,
    )


def changes(raw: Any) -> list[FileChange]:
    """The answer of /containers/{id}/changes, in order of paths; null where nothing changed."""
    found = [FileChange(str(each["Path"]), CHANGES[each["Kind"]]) for each in raw or ()]
    return sorted(found, key=lambda change: change.path)


def file_size(header: str) -> int | None:
    """Bytes of what X-Docker-Container-Path-Stat tells of; None for what is no plain file."""
    said = json.loads(base64.b64decode(header, validate=True))
    return int(said["size"]) if int(said["mode"]) & NOT_A_FILE == 0 else None


def exit_code_of(status: str) -> int | None:
    """137 of "Exited (137) 3 hours ago"; None while it runs or was never started."""
    match = EXIT_CODE.match(status)
    return int(match[1]) if match else None


def health_of(status: str) -> str:
    """ "healthy" of "Up 2 days (healthy)", "starting" of "Up 5 seconds (health: starting)"."""
    match = HEALTH.search(status)
    return match[1] if match else ""


def _since(status: str, now: datetime) -> datetime | None:
    """When the state began that `status` tells of, as roughly as it says."""
    match = AGE.search(status)
    if not match:
        return None
    number = int(match[1]) if match[1].isdigit() else 0 if match[1].startswith("Less") else 1
    try:
        return now - timedelta(seconds=number * UNIT_S[match[2]])
    except OverflowError:  # an engine may say anything
        return None


def labels(raw: Mapping[str, Any] | None) -> dict[str, str]:
    """The first 200 labels by name, with what is too long cut (R13)."""
    chosen = sorted(raw.items())[:MOST_LABELS] if raw else ()
    return {cut(str(key)): cut(str(value)) for key, value in chosen}


def cut(text: str) -> str:
    """At most 4 KiB of UTF-8, never half a character."""
    if len(text) * 4 <= LONGEST_LABEL:
        return text
    return text.encode("utf-8", "replace")[:LONGEST_LABEL].decode("utf-8", "ignore")


def moment(text: Any) -> datetime | None:
    """An engine's time (RFC 3339 with up to nine digits), None for Go's zero time."""
    if not text or not isinstance(text, str) or text.startswith(NEVER):
        return None
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def words(raw: Any) -> tuple[str, ...]:
    """A list of strings, or the single string that old engines send for a shell command."""
    if isinstance(raw, str):
        return (raw,)
    return tuple(str(each) for each in raw or ())


def environment(raw: Any) -> dict[str, str]:
    pairs = (str(each).partition("=") for each in raw or ())
    return {name: value for name, _, value in pairs}


def port_order(port: Port) -> tuple[int, str, int, str]:
    return port.container, port.protocol, port.host or 0, port.address


def inspected_ports(raw: Mapping[str, Any]) -> tuple[Port, ...]:
    """{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "53/udp": null}"""
    found = set()
    for key, bindings in raw.items():
        number, _, protocol = key.partition("/")
        if not number.isdigit():
            continue
        if not bindings:
            found.add(Port(int(number), protocol or "tcp", None, ""))
        for each in bindings or ():
            host = str(each.get("HostPort") or "")
            published = int(host) if host.isdigit() else None
            found.add(Port(int(number), protocol or "tcp", published, _text(each, "HostIp")))
    return tuple(sorted(found, key=port_order))


def _listed_port(raw: Mapping[str, Any]) -> Port:
    host = raw.get("PublicPort") or None
    return Port(raw.get("PrivatePort") or 0, raw.get("Type") or "tcp", host, _text(raw, "IP"))


def _own_name(names: Any, container_id: str) -> str:
    """The name proper: legacy links add more, with a second slash ("/web/db")."""
    own = [name for name in names if name.count("/") == 1] or list(names)
    return str(own[0]).removeprefix("/") if own else container_id[:12]


def _network(name: str, raw: Mapping[str, Any]) -> Network:
    return Network(
        name=name,
        ip_address=_text(raw, "IPAddress"),
        ipv6_address=_text(raw, "GlobalIPv6Address"),
        gateway=_text(raw, "Gateway"),
        mac_address=_text(raw, "MacAddress"),
        aliases=words(raw.get("Aliases")),
    )


def _mount(raw: Mapping[str, Any]) -> MountPoint:
    return MountPoint(
        type=_text(raw, "Type"),
        name=_text(raw, "Name"),
        source=_text(raw, "Source"),
        target=_text(raw, "Destination"),
        driver=_text(raw, "Driver"),
        read_only=not raw.get("RW", True),
    )


def _device(raw: Mapping[str, Any]) -> str:
    outside, inside = _text(raw, "PathOnHost"), _text(raw, "PathInContainer")
    return outside if inside in ("", outside) else f"{outside}:{inside}"


def _restart_policy(raw: Mapping[str, Any]) -> str:
    name, most = raw.get("Name") or "no", raw.get("MaximumRetryCount") or 0
    return f"{name}:{most}" if most and name == "on-failure" else str(name)


def _health_entry(raw: Mapping[str, Any]) -> HealthEntry:
    return HealthEntry(
        start=moment(raw.get("Start")),
        end=moment(raw.get("End")),
        exit_code=raw.get("ExitCode") or 0,
        output=_text(raw, "Output"),
    )


def _text(raw: Mapping[str, Any], key: str) -> str:
    return str(raw.get(key) or "")
