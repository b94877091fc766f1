"""What the Engine API says, as plain values under the API's own names; bytes, UTC times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Connection:
    """Where an engine listens. PEM texts mean TLS; `repr` never shows certificate or key."""

    url: str  # unix:///run/docker.sock or tcp://host:port
    ca: str = ""
    cert: str = field(default="", repr=False)
    key: str = field(default="", repr=False)

    @property
    def tls(self) -> bool:
        return self.url.startswith("tcp://") and bool(self.ca or self.cert or self.key)


@dataclass(frozen=True, slots=True)
class EngineVersion:
    version: str  # 20.10.24
    api: str  # 1.41, the newest that the engine speaks
    min_api: str
    os: str  # linux
    arch: str  # amd64
    kernel: str


@dataclass(frozen=True, slots=True)
class EngineInfo:
    id: str  # the engine's own identity, kept over restarts
    name: str  # host name
    cpus: int
    memory_bytes: int
    operating_system: str
    kernel: str
    storage_driver: str
    root_dir: str
    system_time: datetime
    rootless: bool
    log_driver: str
    insecure_registries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Port:
    container: int
    protocol: str  # tcp | udp | sctp
    host: int | None  # None: exposed, not published
    address: str  # of the host, "" when not published


@dataclass(frozen=True, slots=True)
class Mount:
    type: Literal["bind", "volume", "tmpfs"]
    source: str  # host path or volume name, "" for tmpfs and anonymous volumes
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSummary:
    """One line of the engine's list.

    Health, exit code and the times are read from `status` ("Exited (137) 3 hours ago"). The times
    are therefore rough, move a little from list to list, and are on the engine's own clock.
    """

    id: str  # 64 hex digits
    name: str  # without the leading slash
    image: str  # the reference it was created from, as given
    image_id: str  # sha256:...
    state: str  # created | running | paused | restarting | removing | exited | dead
    status: str  # "Up 2 hours (healthy)"
    health: str  # "" | starting | healthy | unhealthy
    exit_code: int | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    project: str  # of Docker Compose, else ""
    service: str
    labels: dict[str, str]  # at most 200, each value cut at 4 KiB
    ports: tuple[Port, ...]
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    name: str
    ip_address: str
    ipv6_address: str
    gateway: str
    mac_address: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HealthEntry:
    start: datetime | None
    end: datetime | None
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class MountPoint:
    """A mount as it is, after the engine has resolved it."""

    type: str  # bind | volume | tmpfs | npipe | cluster
    name: str  # of the volume, else ""
    source: str
    target: str
    driver: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class ContainerDetail:
    """The engine's full answer about one container; times are exact, on the engine's clock."""

    id: str
    name: str
    image: str
    image_id: str
    state: str
    health: str
    exit_code: int | None  # None while it has not ended
    created: datetime
    started: datetime | None
    finished: datetime | None
    project: str
    service: str
    labels: dict[str, str]
    ports: tuple[Port, ...]
    networks: tuple[Network, ...]
    pid: int  # on the host, 0 when not running
    command: tuple[str, ...]
    entrypoint: tuple[str, ...]
    working_dir: str
    user: str
    env: dict[str, str]
    restart_policy: str  # no | always | unless-stopped | on-failure | on-failure:5
    restart_count: int
    mounts: tuple[MountPoint, ...]
    capabilities_added: tuple[str, ...]
    capabilities_dropped: tuple[str, ...]
    privileged: bool
    pid_mode: str
    ipc_mode: str
    network_mode: str
    uts_mode: str
    userns_mode: str
    security_opt: tuple[str, ...]
    devices: tuple[str, ...]  # host path, or host path:container path
    read_only: bool  # the root file system
    tty: bool
    log_driver: str
    health_log: tuple[HealthEntry, ...]
    oom_killed: bool
    error: str  # why it could not start, in the engine's words
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a container did to one path of its image, in its writable layer."""

    path: str  # absolute
    kind: str  # added | changed | deleted


@dataclass(frozen=True, slots=True)
class ImageSummary:
    id: str  # sha256:...
    tags: tuple[str, ...]  # without <none>:<none>
    digests: tuple[str, ...]
    size_bytes: int
    created: datetime
    parent: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class ImageDetail:
    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    size_bytes: int
    created: datetime | None
    os: str
    architecture: str
    variant: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    env: dict[str, str]
    exposed_ports: tuple[Port, ...]
    volumes: tuple[str, ...]
    working_dir: str
    user: str
    labels: dict[str, str]
    layers: tuple[str, ...]  # digests of the unpacked layers
    stop_signal: str
    health_check: tuple[str, ...]  # CMD, CMD-SHELL or NONE first; () where the image has none
    triggers: tuple[str, ...]  # ONBUILD
    author: str
    comment: str
    raw: dict[str, Any] = field(repr=False)

    @property
    def platform(self) -> str:
        """linux/arm64/v8"""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step in which an image was made; most change the configuration and have no layer."""

    id: str  # of an image of this host that ends with the step, "" where there is none
    created: datetime | None
    created_by: str  # the instruction, as the builder wrote it down
    size_bytes: int
    comment: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """All that we ever ask of a new container; nothing else reaches the engine."""

    image: str
    name: str = ""
    command: tuple[str, ...] | None = None  # None: the image's own
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    restart: str = "no"  # no | always | unless-stopped | on-failure | on-failure:5
    network: str = ""  # "": the engine's default; none, bridge, or a network's name


@dataclass(frozen=True, slots=True)
class Event:
    type: str  # container | image
    action: str  # start | die | destroy | "health_status: healthy" | ...
    actor_id: str
    time_ns: int
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Usage:
    count: int
    bytes: int
    reclaimable_bytes: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    layers_bytes: int  # what all images together take, shared layers once
    images: Usage
    containers: Usage
    volumes: Usage
    build_cache: Usage
