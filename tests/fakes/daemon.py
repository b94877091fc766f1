"""An in-memory Docker daemon: containers, images, events and logs, in a real one's words."""

import hashlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BACKLOG = 256  # events kept for `since`, as a real engine does
PART = 16 * 1024  # bytes of a log line that a real engine keeps together
UP = ("running", "paused", "restarting")
ZERO_TIME = "0001-01-01T00:00:00Z"


class Refusal(Exception):
    """What the daemon says no to, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Entry:
    """One log entry: a line, or a part of a long one."""

    time_ns: int
    stream: int  # 1 stdout, 2 stderr
    text: bytes  # with its newline, if it has one


@dataclass
class Container:
    id: str
    name: str
    image: str
    image_id: str
    state: str = "created"
    health: str = ""
    exit_code: int = 0
    created_ns: int = 0
    started_ns: int = 0
    finished_ns: int = 0
    restart_count: int = 0
    stop_s: float | None = 0.0  # it ends so long after SIGTERM; None: never
    config: dict[str, Any] = field(default_factory=dict)
    host_config: dict[str, Any] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    changes: list[tuple[int, str]] = field(default_factory=list)  # 0 changed, 1 added, 2 deleted
    files: dict[str, int] = field(default_factory=dict)  # path -> bytes

    @property
    def labels(self) -> dict[str, str]:
        found: dict[str, str] = self.config.get("Labels") or {}
        return found

    @property
    def tty(self) -> bool:
        return bool(self.config.get("Tty"))


@dataclass
class Image:
    id: str
    tags: list[str]
    size_bytes: int
    created_ns: int
    labels: dict[str, str]
    layers: list[tuple[str, str, int]] = field(default_factory=list)  # digest, step, bytes
    digests: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)


class Daemon:
    """All methods may be called from any thread; each changes state and tells it as events."""

    def __init__(self) -> None:
        self.clock_offset_s = 0.0
        self.containers: dict[str, Container] = {}
        self.images: dict[str, Image] = {}
        self.volumes: dict[str, dict[str, str]] = {}  # name -> options of its driver
        self.events: deque[dict[str, Any]] = deque(maxlen=BACKLOG)
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self.log_listeners: list[Callable[[str], None]] = []
        self.lock = threading.RLock()
        self._counter = itertools.count()
        self._last_ns = 0

    def now_ns(self) -> int:
        """The daemon's clock, different at each call."""
        with self.lock:
            now = time.time_ns() + int(self.clock_offset_s * 10**9)
            self._last_ns = (
                now if now > self._last_ns or now < self._last_ns - 10**9 else (self._last_ns + 1)
            )
            return self._last_ns

    def find(self, reference: str) -> Container:
        """By ID, name, or a beginning of the ID that is unique."""
        with self.lock:
            for container in self.containers.values():
                if reference in (container.id, container.name):
                    return container
            begun = [each for each in self.containers.values() if each.id.startswith(reference)]
        if len(begun) != 1:
            raise Refusal(404, f"No such container: {reference}")
        return begun[0]

    def find_image(self, reference: str) -> Image:
        wanted = {reference, f"sha256:{reference}", f"{reference}:latest"}
        with self.lock:
            for image in self.images.values():
                if image.id in wanted or wanted & set(image.tags):
                    return image
        raise Refusal(
            404, f"No such image: {reference if ':' in reference else reference + ':latest'}"
        )

    def add_image(
        self,
        tag: str,
        *,
        size_bytes: int = 5_000_000,
        labels: dict[str, str] | None = None,
        layers: list[tuple[str, str, int]] | None = None,
        config: dict[str, Any] | None = None,
    ) -> Image:
        with self.lock:
            image_id = f"sha256:{self._new_id(tag)}"
            image = Image(image_id, [tag] if tag else [], size_bytes, self.now_ns(), labels or {})
            image.layers = layers or [(image_id, "ADD file:rootfs in / ", size_bytes)]
            image.config = config or {}
            self.images[image_id] = image
            self.emit("image", "pull", tag or image_id, {"name": tag.partition(":")[0]})
        return image

    def tag_image(self, image: Image, tag: str) -> None:
        with self.lock:
            for other in self.images.values():
                if tag in other.tags:
                    other.tags.remove(tag)
            image.tags.append(tag)
            self.emit("image", "tag", image.id, {"name": tag})

    def remove_image(self, reference: str, *, force: bool = False) -> list[dict[str, str]]:
        """As a real engine: by tag that tag, and the image with its last; by ID all of them."""
        with self.lock:
            image = self.find_image(reference)
            by_id = image.id.removeprefix("sha256:").startswith(reference.removeprefix("sha256:"))
            full = reference if ":" in reference else f"{reference}:latest"
            gone = list(image.tags) if by_id else [full]
            short = image.id.removeprefix("sha256:")[:12]
            repositories = {tag.rpartition(":")[0] for tag in image.tags}
            if by_id and len(repositories) > 1 and not force:
                words = "image is referenced in multiple repositories"
                raise Refusal(
                    409, f"conflict: unable to delete {short} (must be forced) - {words}"
                )
            last = len(gone) >= len(image.tags)
            users = [each for each in self.containers.values() if each.image_id == image.id]
            running = [each for each in users if each.state in UP]
            if last and ((running and by_id) or (users and not force)):
                raise Refusal(409, _in_use(reference, by_id, short, (running or users)[0]))
            answer = [{"Untagged": tag} for tag in gone]
            for tag in gone:
                image.tags.remove(tag)
                self.emit("image", "untag", image.id, {"name": image.id})
            if last and not (users and not by_id):
                del self.images[image.id]
                self.emit("image", "delete", image.id, {"name": image.id})
                answer.append({"Deleted": image.id})
        return answer

    def create(self, name: str, body: dict[str, Any]) -> Container:
        with self.lock:
            image = self.find_image(body.get("Image") or "")
            container_id = self._new_id(name)
            name = name or f"quiet_{container_id[:6]}"
            for other in self.containers.values():
                if other.name == name:
                    raise Refusal(409, _name_taken(name, other.id))
            config = {key: value for key, value in body.items() if key != "HostConfig"}
            host_config = body.get("HostConfig") or {}
            container = Container(container_id, name, body["Image"], image.id)
            container.config, container.host_config = config, host_config
            container.created_ns = self.now_ns()
            self.containers[container_id] = container
            self.tell(container, "create")
        return container

    def start(self, container: Container) -> bool:
        """False if it is running already."""
        with self.lock:
            if container.state in UP:
                return False
            container.state, container.started_ns = "running", self.now_ns()
            container.health = "starting" if container.config.get("Healthcheck") else ""
            self.tell(container, "start")
        return True

    def signal(self, container: Container, signal: str) -> None:
        """Tells of a signal; what follows from it is `die`."""
        number = {"SIGTERM": "15", "SIGKILL": "9"}.get(signal, signal.removeprefix("SIG"))
        self.tell(container, "kill", signal=number)

    def die(self, container: Container, *, exit_code: int) -> None:
        with self.lock:
            if container.state in UP:
                container.state, container.exit_code = "exited", exit_code
                container.finished_ns, container.health = self.now_ns(), ""
                self.tell(container, "die", exitCode=str(exit_code))
        self._log_changed(container.id)

    def pause(self, container: Container) -> None:
        with self.lock:
            if container.state == "paused":
                raise Refusal(409, f"Container {container.id} is already paused")
            if container.state != "running":
                raise Refusal(409, f"Container {container.id} is not running")
            container.state = "paused"
            self.tell(container, "pause")

    def unpause(self, container: Container) -> None:
        with self.lock:
            if container.state != "paused":
                raise Refusal(500, f"Container {container.id} is not paused")
            container.state = "running"
            self.tell(container, "unpause")

    def rename(self, container: Container, name: str) -> None:
        with self.lock:
            for other in self.containers.values():
                if other.name == name and other is not container:
                    raise Refusal(409, _name_taken(name, other.id))
            old, container.name = container.name, name
            self.tell(container, "rename", oldName=f"/{old}")

    def remove(self, container: Container, *, force: bool = False) -> None:
        with self.lock:
            if container.state in UP:
                if not force:
                    words = (
                        f"You cannot remove a {container.state} container {container.id}. "
                        "Stop the container before attempting removal or force remove"
                    )
                    raise Refusal(409, words)
                self.signal(container, "SIGKILL")
                self.die(container, exit_code=137)
            self.containers.pop(container.id, None)
            self.tell(container, "destroy")

    def set_health(self, container: Container, health: str) -> None:
        with self.lock:
            container.health = health
            self.tell(container, f"health_status: {health}")

    def log(self, container: Container, text: str | bytes, *, stream: int = 1) -> None:
        """Writes one line, in parts of 16 KiB under one timestamp as an engine keeps it."""
        line = (text.encode() if isinstance(text, str) else text) + b"\n"
        with self.lock:
            now = self.now_ns()
            for start in range(0, len(line), PART):
                container.log.append(Entry(now, stream, line[start : start + PART]))
        self._log_changed(container.id)

    def tell(self, container: Container, action: str, **more: str) -> None:
        attributes = {"image": container.image, "name": container.name, **container.labels, **more}
        self.emit("container", action, container.id, attributes)

    def emit(self, kind: str, action: str, actor_id: str, attributes: dict[str, str]) -> None:
        with self.lock:
            now = self.now_ns()
            event = {
                "Type": kind,
                "Action": action,
                "Actor": {"ID": actor_id, "Attributes": attributes},
                "scope": "local",
                "time": now // 10**9,
                "timeNano": now,
            }
            self.events.append(event)
            for listener in list(self.listeners):
                listener(event)

    def _log_changed(self, container_id: str) -> None:
        for listener in list(self.log_listeners):
            listener(container_id)

    def _new_id(self, seed: str) -> str:
        return hashlib.sha256(f"{id(self)} {next(self._counter)} {seed}".encode()).hexdigest()


def stamp(time_ns: int) -> str:
    """RFC 3339 with nine digits."""
    if not time_ns:
        return ZERO_TIME
    whole = datetime.fromtimestamp(time_ns // 10**9, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{time_ns % 10**9:09}Z"


def human(seconds: float) -> str:
    """As Go's units.HumanDuration says it."""
    steps: Iterable[tuple[float, str]] = (
        (1, "Less than a second"),
        (2, "1 second"),
        (60, f"{int(seconds)} seconds"),
        (120, "About a minute"),
        (3600, f"{int(seconds // 60)} minutes"),
        (5400, "About an hour"),
        (48 * 3600, f"{round(seconds / 3600)} hours"),
        (14 * 86400, f"{int(seconds // 86400)} days"),
        (60 * 86400, f"{int(seconds // 86400 // 7)} weeks"),
        (730 * 86400, f"{int(seconds // 86400 // 30)} months"),
    )
    for limit, words in steps:
        if seconds < limit:
            return words
    return f"{int(seconds // 86400 // 365)} years"


def _in_use(reference: str, by_id: bool, short: str, user: Container) -> str:
    state = "running" if user.state in UP else "stopped"
    if by_id:
        how = "cannot" if state == "running" else "must"
        return (
            f"conflict: unable to delete {short} ({how} be forced) - image is being used by "
            f"{state} container {user.id[:12]}"
        )
    full = reference if ":" in reference else f"{reference}:latest"
    return (
        f'conflict: unable to remove repository reference "{full}" (must force) - container '
        f"{user.id[:12]} is using its referenced image {short}"
    )


def _name_taken(name: str, container_id: str) -> str:
    return (
        f'Conflict. The container name "/{name}" is already in use by container "{container_id}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )
