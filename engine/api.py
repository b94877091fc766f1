"""docker-py's calls over our transport: bounded answers, and errors by name."""

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import docker
import requests
from docker.auth import AuthConfig
from docker.utils.proxy import ProxyConfig
from requests.adapters import HTTPAdapter

from engine.addresses import Address
from engine.errors import TooLarge, TooOld, from_status
from engine.transport import Pools, left_s
from engine.types import EngineVersion

NEWEST_API = (1, 44)  # what this code was written for; every engine since 25 speaks it
OLDEST_API = (1, 40)  # Docker 19.03
CONNECT_S = 3.0
LARGEST_ANSWER = 64 * 1024 * 1024  # bytes (R13)
POOL_SIZE = 64  # connections kept, one per thread that asks at once
READ_SIZE = 64 * 1024


class Api(docker.APIClient):
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

    def history_of(self, reference: str) -> list[dict[str, Any]]:
        history: Callable[[str], list[dict[str, Any]]] = self.history
        return history(reference)

    def changes_of(self, container_id: str) -> list[dict[str, Any]] | None:
        changes: Callable[[str], list[dict[str, Any]] | None] = self.diff
        return changes(container_id)

    def stat(self, container_id: str, path: str) -> str:
        """What the engine says of a path in a container's file system, as its header has it."""
        where = f"{self.base_url}/v{self._version}/containers/{container_id}/archive"
        answer = self.head(where, params={"path": path}, timeout=_timeout())
        return str(answer.headers["X-Docker-Container-Path-Stat"])

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


def _timeout() -> tuple[float, float]:
    """Seconds to connect and to wait for each byte; `deadline` bounds the sum."""
    left = left_s()
    return min(CONNECT_S, left), left


def _message(response: requests.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return response.text.strip()[:1000] or f"HTTP {response.status_code}"


def _numbers(api: str) -> tuple[int, int]:
    major, _, minor = api.partition(".")
    return int(major), int(minor)
