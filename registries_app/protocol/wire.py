"""One request to a registry, and its answer: guarded, limited, tried again where that is safe.

Which addresses may be connected to is decided in sockets.py, how many requests at once in
limits.py. Redirects are followed here, and a sign-in never leaves the origin that it is for (E2).
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpcore2
import httpx2

from registries_app.protocol import failures, limits
from registries_app.protocol.answers import Answer, Budget, budget_of, retry_after
from registries_app.protocol.sockets import (
    IDLE_S,
    NotAllowed,
    Transport,
    causes,
    foreign_context,
    mark,
    tls_context,
    words_of_tls,
)
from registries_app.protocol.targets import Target, origin_of

MOST_HOPS = 5
MOST_ERROR = 16 << 10  # bytes
REDIRECTS = {301, 302, 303, 307, 308}
HARMLESS = {"GET", "HEAD"}  # these may be sent twice
LOST = (
    httpx2.ReadError, httpx2.WriteError, httpx2.CloseError, httpx2.RemoteProtocolError,
    httpcore2.ReadError, httpcore2.WriteError, httpcore2.RemoteProtocolError,
)  # fmt: skip
CORE = (
    httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol, httpcore2.ConnectionNotAvailable,
)  # fmt: skip
CONNECTING = (
    httpx2.ConnectError, httpx2.ConnectTimeout, httpcore2.ConnectError, httpcore2.ConnectTimeout,
)  # fmt: skip
SHORT = re.compile(r"https?://([A-Za-z0-9.-]+(?::\d+)?)/[!\"$-~]*")  # needs no quoting
AGAIN_S = (0.1, 0.3)  # waits before another try, after a connection was lost
PAUSES = 3  # that a registry may ask for within one call
Body = bytes | Iterable[bytes] | None  # what is sent; pieces are sent once only


class Wire:
    """Connections to one registry, kept; for any number of threads. Close it.

    Raises RegistryFailed, by kind.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._own = urlsplit(target.url).hostname or ""
        self._budget: Budget | None = None
        try:
            context = tls_context(
                target.ca, target.cert, target.key, skip_verify=target.skip_verify
            )
            other = foreign_context(target.ca)
        except (OSError, ValueError) as error:
            raise failures.TlsFailed(target.name, words_of_tls(error) or str(error)) from error
        self._lines, self._other_lines = (
            Transport(self._own, context),
            Transport(self._own, other),
        )
        self._http = httpx2.Client(transport=self._lines, trust_env=False)
        self._other = httpx2.Client(transport=self._other_lines, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()
        self._other.close()
        if self._budget:  # told once, and by the thread that has the client
            for listener in limits.listeners:
                listener(self.target, self._budget)

    def _hop(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        authorization: str,
        most: int,
        body: Body = None,
    ) -> Answer:
        """Follows redirects; Authorization stays with the origin that it is for (E2)."""
        origin = origin_of(url)
        for _hop in range(MOST_HOPS + 1):
            mine = {"Authorization": authorization} if authorization else {}
            own = origin_of(url) == origin
            answer = self._send(method, url, {**headers, **(mine if own else {})}, most, body)
            where = answer.headers.get("location", "")
            if answer.status not in REDIRECTS or not where:
                return answer
            url = self._redirected(method, url, where)
        raise failures.BadRedirect(self.target.name)

    def _redirected(self, method: str, url: str, where: str) -> str:
        try:
            to = str(httpx2.URL(url).join(where).copy_with(fragment=None))
            origin_of(to)
        except (httpx2.InvalidURL, ValueError) as error:
            raise failures.BadRedirect(self.target.name) from error
        lowered = url.startswith("https:") and not to.startswith("https:")
        if lowered or method not in HARMLESS or "@" in urlsplit(to).netloc:
            raise failures.BadRedirect(self.target.name)
        return to

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], most: int, body: Body = None
    ) -> Answer:
        """One answer. After 429 it is asked again when it said so, where that is soon."""
        if body is not None and not isinstance(body, bytes):  # a transfer takes no place of these
            return self._once(method, url, headers, most, body)
        for _pause in range(PAUSES):
            limits.wait(self.target)
            with limits.slot(self.target):
                answer = self._kept_trying(method, url, headers, most, body)
            if answer.status != 429:
                break
            seconds = retry_after(answer.headers)
            limits.pause(self.target, seconds)
            self._heard(answer, retry_s=seconds)
            if method not in HARMLESS:
                break
        return answer

    def _kept_trying(
        self, method: str, url: str, headers: Mapping[str, str], most: int, body: bytes | None
    ) -> Answer:
        """Sent again where the connection was lost, which says nothing about the registry."""
        for wait_s in AGAIN_S if method in HARMLESS else ():
            try:
                return self._once(method, url, headers, most, body)
            except failures.RegistryFailed as error:
                if not isinstance(error.__cause__, LOST):
                    raise
                time.sleep(min(wait_s, limits.left(self.target)))
        return self._once(method, url, headers, most, body)

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], most: int, body: Body
    ) -> Answer:
        own = urlsplit(url).hostname == self._own
        sent = {**headers, "Accept-Encoding": "identity", "User-Agent": "quarterdeck"}
        plain = SHORT.fullmatch(url) if body is None or isinstance(body, bytes) else None
        with self._timed():
            if plain and (body is None or isinstance(body, bytes)):
                answer = self._short(method, url, plain[1], sent, most, body, own=own)
            else:
                http = self._http if own else self._other
                streamed = http.stream(method, url, headers=sent, content=body, timeout=IDLE_S)
                with streamed as response:
                    read = self._read(
                        response.iter_raw(), response.status_code, response.headers, most
                    )
                    answer = Answer(response.status_code, response.headers, read)
        self._heard(answer)
        mark("v2")
        return answer

    def _short(
        self,
        method: str,
        url: str,
        host: str,
        headers: Mapping[str, str],
        most: int,
        body: bytes | None,
        *,
        own: bool,
    ) -> Answer:
        raw = [(b"Host", host.encode())]
        raw += [(name.encode(), value.encode()) for name, value in headers.items()]
        if body is not None:
            raw.append((b"Content-Length", str(len(body)).encode()))
        lines = self._lines if own else self._other_lines
        with lines.short(method, url, raw, body) as response:
            said = httpx2.Headers(response.headers)
            read = self._read(response.iter_stream(), response.status, said, most)
            return Answer(response.status, said, read)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """What goes wrong within, in our words."""
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, *CORE) as error:
            raise self._failure(error) from error

    def _heard(self, answer: Answer, retry_s: int = 0) -> None:
        self._budget = budget_of(answer.headers, retry_s) or self._budget

    def _read(
        self, pieces: Iterable[bytes], status: int, headers: httpx2.Headers, most: int
    ) -> bytes:
        """At most `most` bytes; of an error's answer no more than its words need."""
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise failures.NotARegistry(self.target.name)
        kept_bytes = bytearray()
        for piece in pieces:
            kept_bytes += piece
            if status >= 300 and len(kept_bytes) > MOST_ERROR:
                return bytes(kept_bytes[:MOST_ERROR])
            if len(kept_bytes) > most:
                raise failures.TooLarge(
                    failures.too_much(self.target.name, most), hint=failures.not_read()
                )
        return bytes(kept_bytes)

    def _failure(self, error: Exception) -> failures.RegistryFailed:
        name = self.target.name
        if any(isinstance(each, NotAllowed) for each in causes(error)):
            return failures.Forbidden(name)
        if words := words_of_tls(error):
            return failures.TlsFailed(name, words)
        if isinstance(error, CONNECTING):
            return failures.Unreachable(name)
        if isinstance(error, httpx2.TimeoutException | httpcore2.TimeoutException):
            return failures.TimedOut(name)
        if isinstance(error, httpx2.NetworkError | httpcore2.NetworkError):
            return failures.Unreachable(name)
        return failures.NotARegistry(name)
