"""The one door to a Docker Engine for short calls: docker-py stays on this side of it."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self, TypeVar

import requests
import urllib3

from engine import parse, parse_events, parse_images
from engine.addresses import address_of, checked_id, checked_reference, tls_context
from engine.api import Api
from engine.errors import Broken, EngineError, NoSuchObject
from engine.failures import unreachable
from engine.spec import container_body
from engine.transport import deadline
from engine.types import (
    Connection,
    ContainerDetail,
    ContainerSpec,
    ContainerSummary,
    DiskUsage,
    EngineInfo,
    EngineVersion,
    Event,
    FileChange,
    HistoryEntry,
    ImageDetail,
    ImageSummary,
)

PING_S = 3.0
LIST_S = 15.0  # R2; 1,000 stopped containers cost an engine 76 ms, a busy one much more
CHANGE_S = 15.0  # create, start, kill and remove wait for disks and for processes to end
STOP_MARGIN_S = 10.0  # beyond the grace period
DISK_USAGE_S = 120.0  # the engine walks every volume

# what our parsers raise on an answer that is not what the API promises
NONSENSE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)

T = TypeVar("T")


class Engine:
    """A connection to one Docker Engine.

    Blocking and thread-safe. The constructor does no I/O. Every call ends within its deadline
    (`timeout_s` unless its docstring says otherwise), is never repeated, and raises nothing but
    `engine.errors.EngineError`. The first call asks for the version first, within `timeout_s`
    of its own, and pins the API version for all later ones; `version()` pins it anew.
    No deadline is shorter than `timeout_s`: a slow engine gets a longer one for everything (R11).
    """

    def __init__(self, connection: Connection, *, timeout_s: float = 5) -> None:
        self.connection = connection
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._session: Api | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Drops the pooled connections; a later call opens new ones."""
        if self._session is not None:
            self._session.close()

    def ping(self, *, timeout_s: float = PING_S) -> float:
        """Seconds that /_ping took. Needs no API version."""
        began = time.monotonic()
        with _translated(self.connection.url), deadline(timeout_s):
            self._api().ask("/_ping")
        return time.monotonic() - began

    def version(self) -> EngineVersion:
        """What the engine is. Raises TooOld below API 1.40."""
        with _translated(self.connection.url), deadline(self._timeout_s):
            api = self._api()
            try:
                version = parse_images.engine_version(json.loads(api.ask("/version")))
            except NoSuchObject as error:
                raise Broken(f"{self.connection.url}: no Docker Engine ({error})") from error
            api.pin(version)
        return version

    def info(self) -> EngineInfo:
        return self._call(lambda api: parse_images.engine_info(api.info()))

    def clock_ns(self) -> int:
        """The engine's own time, as `since_ns` of `engine.streams.events` wants it."""
        since_epoch = self.info().system_time - datetime.fromtimestamp(0, tz=UTC)
        whole_s = since_epoch.days * 86400 + since_epoch.seconds
        return whole_s * 10**9 + since_epoch.microseconds * 1000

    def containers(self, ids: Collection[str] | None = None) -> list[ContainerSummary]:
        """Every container, running or not, or those of `ids` that exist. Within 15 s.

        One round trip: docker-py's containers.list() would inspect each of them.
        """
        filters = None if ids is None else {"id": list(ids)}
        if filters == {"id": []}:
            return []

        def listed(api: Api) -> list[ContainerSummary]:
            items = api.containers(all=True, filters=filters)
            return [parse.summary(item, api.engine_time()) for item in items]

        return self._call(listed, LIST_S)

    def container(self, container_id: str) -> ContainerDetail:
        """Everything the engine tells about one container, by ID or name."""
        path = checked_id(container_id)
        return self._call(lambda api: parse.detail(api.inspect_container(path)))

    def container_with_label(self, key: str, value: str) -> str | None:
        """The ID of a container that carries the label. Within 15 s."""
        filters = {"label": f"{key}={value}"}
        found = self._call(lambda api: api.containers(all=True, filters=filters), LIST_S)
        return str(found[0]["Id"]) if found else None

    def container_sizes(self, ids: Collection[str]) -> dict[str, int]:
        """ID → bytes of the writable layer. The engine walks each of them. Within 15 s."""
        filters = {"id": list(ids)}
        found = self._call(
            lambda api: api.containers(all=True, size=True, filters=filters), LIST_S
        )
        return {str(each["Id"]): int(each.get("SizeRw") or 0) for each in found}

    def changes(self, container_id: str) -> list[FileChange]:
        """What the writable layer holds against the image, in order of paths. Within 15 s."""
        path = checked_id(container_id)
        return self._call(lambda api: parse.changes(api.changes_of(path)), LIST_S)

    def file_sizes(self, container_id: str, paths: Collection[str]) -> dict[str, int]:
        """Path → bytes, of those that are plain files now. One question each; all within 15 s."""
        place = checked_id(container_id)

        def sizes(api: Api) -> dict[str, int]:
            found = {}
            for path in paths:
                with contextlib.suppress(NoSuchObject):
                    size = parse.file_size(api.stat(place, path))
                    if size is not None:
                        found[path] = size
            return found

        return self._call(sizes, LIST_S)

    def events(self, container_id: str, *, since: datetime, until: datetime) -> list[Event]:
        """What the engine remembers of a container, of its last 256 events in all; oldest first.

        `until` is on the engine's clock: it answers no earlier than that.
        """
        path = "/events?" + parse_events.query(container_id, since=since, until=until)
        return parse_events.lines(self._call(lambda api: api.ask(path)))

    def volume_options(self, name: str) -> dict[str, str]:
        """What the volume's driver was told; nothing for a volume that does not exist yet."""
        path = checked_id(name)
        try:
            found = self._call(lambda api: api.inspect_volume(path))
        except NoSuchObject:
            return {}
        return {str(key): str(value) for key, value in (found.get("Options") or {}).items()}

    def images(self) -> list[ImageSummary]:
        """Every image that has a name or no child. Within 15 s."""
        return self._call(
            lambda api: [parse_images.image_summary(item) for item in api.images()], LIST_S
        )

    def image(self, reference: str) -> ImageDetail:
        """One image by ID or reference."""
        path = checked_reference(reference)
        return self._call(lambda api: parse_images.image_detail(api.image(path)))

    def remove_image(self, reference: str, *, force: bool = False) -> list[str]:
        """Takes a tag away, and the image with its last one; by ID the image with all its tags.

        `force` also where several repositories or a stopped container name it. Answers what
        was untagged and deleted, in the engine's order. Within 15 s.
        """
        path = checked_reference(reference)
        found = self._call(lambda api: api.remove_image(path, force=force), CHANGE_S)
        return [str(text) for each in found or () for text in each.values()]

    def tag_image(self, reference: str, name: str, tag: str) -> None:
        """Gives an image one more tag; whichever image had it before loses it."""
        path = checked_reference(reference)
        self._call(lambda api: api.tag(path, name, tag))

    def image_history(self, reference: str) -> list[HistoryEntry]:
        """How the image came to be, newest step first."""
        path = checked_reference(reference)
        return self._call(
            lambda api: [parse_images.history_entry(item) for item in api.history_of(path)]
        )

    def create(self, spec: ContainerSpec) -> str:
        """Makes a container, does not start it, and answers its ID. Within 15 s."""
        body, name = container_body(spec), spec.name or None
        return self._call(lambda api: api.create_from(body, name), CHANGE_S)

    def put_files(self, container_id: str, directory: str, tar: bytes) -> None:
        """Unpacks an archive in a directory of the container, running or not. Within 15 s."""
        path = checked_id(container_id)
        self._call(lambda api: api.put_archive(path, directory, tar), CHANGE_S)

    def asks_registry(self, reference: str) -> None:
        """Has the engine itself ask a registry for an image; it signs in with nothing.

        Raises NoSuchObject or Refused with the engine's words: what it thinks of the registry.
        """
        path = checked_reference(reference)
        self._call(lambda api: api.ask(f"/distribution/{path}/json"))

    def start(self, container_id: str) -> None:
        """Within 15 s. A running container is no error."""
        path = checked_id(container_id)
        self._call(lambda api: api.start(path), CHANGE_S)

    def stop(self, container_id: str, *, grace_s: int = 10) -> None:
        """The stop signal, then SIGKILL after `grace_s` seconds. Within `grace_s` + 10 s.

        A stopped container is no error.
        """
        path = checked_id(container_id)
        self._call(lambda api: api.stop(path, timeout=grace_s), grace_s + STOP_MARGIN_S)

    def restart(self, container_id: str, *, grace_s: int = 10) -> None:
        """Stop as in `stop`, then start. Within `grace_s` + 15 s."""
        path = checked_id(container_id)
        self._call(lambda api: api.restart(path, timeout=grace_s), grace_s + CHANGE_S)

    def pause(self, container_id: str) -> None:
        path = checked_id(container_id)
        self._call(lambda api: api.pause(path))

    def unpause(self, container_id: str) -> None:
        path = checked_id(container_id)
        self._call(lambda api: api.unpause(path))

    def kill(self, container_id: str, *, signal: str = "SIGKILL") -> None:
        """Sends the signal. Within 15 s: after SIGKILL the engine waits for the end."""
        path = checked_id(container_id)
        self._call(lambda api: api.kill(path, signal=signal), CHANGE_S)

    def rename(self, container_id: str, name: str) -> None:
        path = checked_id(container_id)
        self._call(lambda api: api.rename(path, name))

    def remove(self, container_id: str, *, force: bool = False, volumes: bool = False) -> None:
        """`force` kills it first; `volumes` takes its anonymous volumes along. Within 15 s."""
        path = checked_id(container_id)
        self._call(lambda api: api.remove_container(path, v=volumes, force=force), CHANGE_S)

    def disk_usage(self, *, timeout_s: float = DISK_USAGE_S) -> DiskUsage:
        """Expensive for the engine, so only on demand."""
        return self._call(lambda api: parse_images.disk_usage(api.df()), timeout_s)

    def images_own_bytes(self, *, timeout_s: float = DISK_USAGE_S) -> dict[str, int]:
        """Image ID → bytes of the layers that no other image has. As expensive."""
        return self._call(lambda api: parse_images.own_bytes(api.df()), timeout_s)

    def _call(self, ask: Callable[[Api], T], seconds: float | None = None) -> T:
        """Runs `ask` within `seconds`, on an API version known to suit both sides."""
        if self._session is None or not self._session.pinned:
            self.version()
        seconds = max(seconds or 0.0, self._timeout_s)
        with _translated(self.connection.url), deadline(seconds):
            return ask(self._api())

    def _api(self) -> Api:
        with self._lock:  # no I/O in here: many threads may meet at a host that hangs
            if self._session is None:
                address = address_of(self.connection)
                context = tls_context(self.connection) if self.connection.tls else None
                self._session = Api(address, context)
            return self._session


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Turns the errors of docker-py, requests, sockets and of nonsense answers into ours."""
    try:
        yield
    except EngineError:
        raise
    except requests.JSONDecodeError as error:
        raise _nonsense(url, error) from error
    except requests.ConnectTimeout as error:
        raise unreachable(error, url, connecting=True) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise unreachable(error, url) from error
    except NONSENSE as error:
        raise _nonsense(url, error) from error


def _nonsense(url: str, error: Exception) -> Broken:
    return Broken(f"{url}: not an answer of the Engine API ({type(error).__name__}: {error})")
