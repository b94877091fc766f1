"""The one door to a Docker Engine for short calls: docker-py stays on this side of it."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self, TypeVar

import docker
import requests
import urllib3
from docker.auth import AuthConfig
from docker.utils.proxy import ProxyConfig
from requests.adapters import HTTPAdapter

from engine import parse, parse_events, parse_images
from engine.addresses import Address, address_of, checked_id, tls_context
from engine.errors import Broken, EngineError, NoSuchObject, TooLarge, TooOld, from_status
from engine.failures import unreachable
from engine.spec import container_body
from engine.transport import Pools, deadline, left_s
from engine.types import (
    Connection,
    ContainerDetail,
    ContainerSpec,
    ContainerSummary,
    DiskUsage,
    EngineInfo,
    EngineVersion,
    Event,
    ImageDetail,
    ImageSummary,
)

NEWEST_API = (1, 44)  # what this code was written for; every engine since 25 speaks it
OLDEST_API = (1, 40)  # Docker 19.03
CONNECT_S = 3.0
PING_S = 3.0
LIST_S = 15.0  # R2; 1,000 stopped containers cost an engine 76 ms, a busy one much more
CHANGE_S = 15.0  # create, start, kill and remove wait for disks and for processes to end
STOP_MARGIN_S = 10.0  # beyond the grace period
DISK_USAGE_S = 120.0  # the engine walks every volume
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes (R13)
POOL_SIZE = 64  # connections kept, one per thread that asks at once
READ_SIZE = 64 * 1024

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
        self._session: _Api | None = None

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

        def listed(api: _Api) -> list[ContainerSummary]:
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
        if not reference or any(part in ("", ".", "..") for part in reference.split("/")):
            raise NoSuchObject(f"No such image: {reference}")
        return self._call(lambda api: parse_images.image_detail(api.image(reference)))

    def create(self, spec: ContainerSpec) -> str:
        """Makes a container, does not start it, and answers its ID. Within 15 s."""
        body, name = container_body(spec), spec.name or None
        return self._call(lambda api: api.create_from(body, name), CHANGE_S)

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

    def _call(self, ask: "Callable[[_Api], T]", seconds: float | None = None) -> T:
        """Runs `ask` within `seconds`, on an API version known to suit both sides."""
        if self._session is None or not self._session.pinned:
            self.version()
        seconds = max(seconds or 0.0, self._timeout_s)
        with _translated(self.connection.url), deadline(seconds):
            return ask(self._api())

    def _api(self) -> "_Api":
        with self._lock:  # no I/O in here: many threads may meet at a host that hangs
            if self._session is None:
                address = address_of(self.connection)
                context = tls_context(self.connection) if self.connection.tls else None
                self._session = _Api(address, context)
            return self._session


class _Api(docker.APIClient):
    """docker-py's calls over our transport.

    Its constructor is not run: that reads credentials and proxies from the server's own
    ~/.docker/config.json, and asks for /version with a deadline of 60 s.
    """

    def __init__(self, address: Address, context: ssl.SSLContext | None) -> None:
        requests.Session.__init__(self)
        self.trust_env = False  # no proxies, no .netrc, no CA bundle from the environment
        self.headers["Accept-Encoding"] = "identity"
        self.base_url = f"https://{address}" if context else f"http://{address}"
        if address.path:
            self.base_url = "http://localhost"
        self.mount(self.base_url, _Adapter(address.path, context))
        self.timeout = 0  # of no effect: _set_request_timeout has the last word
        self.pinned = False
        self._version = ".".join(map(str, OLDEST_API))
        self._general_configs: dict[str, Any] = {}
        self._auth_configs = AuthConfig({})
        self._proxy_configs = ProxyConfig()
        self._answer = threading.local()

    def pin(self, version: EngineVersion) -> None:
        newest, oldest = _numbers(version.api), _numbers(version.min_api or "1.0")
        if newest < OLDEST_API:
            words = f"API {version.api} (Docker {version.version}); at least 1.40 is needed"
            raise TooOld(words)
        self._version = ".".join(map(str, max(min(newest, NEWEST_API), oldest)))
        self.pinned = True

    def ask(self, path: str) -> bytes:
        """The body of an answer that depends on no API version."""
        return bytes(self.get(f"{self.base_url}{path}", timeout=_timeout()).content)

    def image(self, reference: str) -> dict[str, Any]:
        found: dict[str, Any] = self.inspect_image(reference)  # type: ignore[no-untyped-call]
        return found

    def create_from(self, body: dict[str, Any], name: str | None) -> str:
        create: Callable[..., dict[str, Any]] = self.create_container_from_config
        return str(create(body, name)["Id"])

    def engine_time(self) -> datetime:
        """The engine's clock at its last answer to this thread, to the second."""
        try:
            return parsedate_to_datetime(self._answer.date).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):  # none sent, or nonsense
            return datetime.now(UTC)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Reads the whole answer, bounded in bytes and time, and raises what is no success."""
        options |= {"stream": True, "allow_redirects": False}
        response = super().send(request, **options)
        body = bytearray()
        try:
            for piece in response.raw.stream(READ_SIZE, decode_content=False):
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise TooLarge(f"the answer to {request.path_url} is over 64 MiB")
        except BaseException:
            response.close()
            raise
        response._content = bytes(body)  # noqa: SLF001 (where requests itself puts a read body)
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        self._answer.date = response.headers.get("Date")
        if response.status_code >= 300 and response.status_code != 304:  # 304: it already is so
            raise from_status(response.status_code, _message(response))
        return response

    def _set_request_timeout(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return kwargs | {"timeout": _timeout()}


class _Adapter(HTTPAdapter):
    """Sends over our pools; certificates are the business of `context` alone."""

    def __init__(self, unix_path: str, context: ssl.SSLContext | None) -> None:
        self._options: dict[str, Any] = {"unix_path": unix_path, "ssl_context": context}
        super().__init__(pool_connections=1, pool_maxsize=POOL_SIZE)

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 (requests' own signature)
        **_: Any,
    ) -> None:
        self.poolmanager = Pools(
            num_pools=connections, maxsize=maxsize, block=block, **self._options
        )

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: requests would add its bundle of public CAs to the one given."""


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


def _timeout() -> tuple[float, float]:
    """Seconds to connect and to wait for each byte; `deadline` bounds the sum."""
    left = left_s()
    return min(CONNECT_S, left), left


def _nonsense(url: str, error: Exception) -> Broken:
    return Broken(f"{url}: not an answer of the Engine API ({type(error).__name__}: {error})")


def _message(response: requests.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return response.text.strip()[:1000] or f"HTTP {response.status_code}"


def _numbers(api: str) -> tuple[int, int]:
    major, _, minor = api.partition(".")
    return int(major), int(minor)
