"""The protocol's other half: blobs and manifests are sent to a registry, and streamed from one.

Source: opencontainers/distribution-spec, "Push". The same guards as of `distribution.py` hold:
the address that a registry gives for an upload leads to that registry or nowhere, and a sign-in
never leaves it (E2). What streams has no moment at which it must end, but may not be silent for
longer than IDLE_S (E5).
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from registries_app.protocol import failures
from registries_app.protocol.answers import Answer, digest_of
from registries_app.protocol.authorization import kept
from registries_app.protocol.distribution import (
    MOST_ERROR,
    MOST_HOPS,
    REDIRECTS,
    Client,
)
from registries_app.protocol.sockets import IDLE_S
from registries_app.protocol.targets import origin_of

OCTETS = "application/octet-stream"
LEAST_PIECE = 1 << 20  # bytes of one PATCH, where a registry wants pieces and names no size
PIECE = 32 << 20  # where a proxy refused the whole: most take this much at a time


def pushing(repository: str) -> str:
    """The scope of what writes to it."""
    return f"repository:{repository}:pull,push"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A blob on its way; `size_bytes` as the registry says, if it does."""

    size_bytes: int | None
    pieces: Iterator[bytes]


class Writer(Client):
    """A registry that is written to as well. Raises RegistryFailed, by kind."""

    # -- Manifests --------------------------------------------------------------------------

    def put_manifest(self, repository: str, reference: str, raw: bytes, media_type: str) -> Answer:
        """Under a tag or its digest, these very bytes. Raises DigestMismatch, Refused, …."""
        path, _pull = self._manifest_of(repository, reference)
        answer = self._ask("PUT", path, pushing(repository), body=raw, kind=media_type)
        self._succeeded(answer, f"{repository}:{reference}")
        said = str(answer.headers.get("docker-content-digest", ""))
        if said and said != digest_of(raw, said.partition(":")[0]):
            raise failures.DigestMismatch(self.target.name, digest_of(raw))
        return answer

    # -- Blobs ------------------------------------------------------------------------------

    def has_blob(self, repository: str, digest: str) -> bool:
        path = f"{self._named(repository)}/blobs/{self._digest_named(digest)}"
        answer = self._ask("HEAD", path, pushing(repository))
        if answer.status == 404:
            return False
        self._succeeded(answer, digest)
        return True

    def begin(self, repository: str) -> Answer:
        """A new upload: 202 with its address."""
        path = f"{self._named(repository)}/blobs/uploads/"
        answer = self._ask("POST", path, pushing(repository), body=b"")
        self._succeeded(answer, repository)
        return answer

    def mount(self, repository: str, digest: str, source: str) -> Answer:
        """201: this blob of another repository of the same registry is in this one now.

        202: it is not, but an upload has begun, as `begin` does it.
        """
        found = f"mount={self._digest_named(digest)}&from={self._named(source)}"
        path = f"{self._named(repository)}/blobs/uploads/?{found}"
        scopes = f"{pushing(repository)} repository:{source}:pull"
        answer = self._ask("POST", path, scopes, body=b"")
        if answer.status in {401, 403, 404, 405}:  # it may not be read there, or be mounted
            return self.begin(repository)
        self._succeeded(answer, digest)
        return answer

    def put_blob(self, repository: str, raw: bytes) -> str:
        """A small blob; its digest."""
        digest = digest_of(raw)
        if not self.has_blob(repository, digest):
            self.upload(repository, digest, len(raw), [raw], self.begin(repository))
        return digest

    def upload(
        self,
        repository: str,
        digest: str,
        size_bytes: int,
        pieces: Iterable[bytes],
        begun: Answer,
        *,
        at_a_time: int = 0,
    ) -> None:
        """Send a blob to the address that `begun` names, in one request.

        In several, of at least `at_a_time` bytes each, where that is not 0 or where the registry
        asks for it. Nothing is kept: `pieces` are sent as they come.
        """
        url = self._upload_url(self.target.url, begun)
        least = str(begun.headers.get("oci-chunk-min-length", ""))
        asked = max(int(least), LEAST_PIECE) if least.isdigit() and int(least) else 0
        if at_a_time or asked:
            each = max(at_a_time, asked)
            url = self._in_pieces(repository, url, pieces, size_bytes, each)
            size_bytes, pieces = 0, ()
        url += f"{'&' if '?' in url else '?'}digest={digest}"
        self._succeeded(self._put("PUT", repository, url, pieces, size_bytes), digest)

    @contextmanager
    def opened(self, repository: str, digest: str) -> Iterator["Incoming"]:
        """A blob as it comes, verified at its end: then DigestMismatch instead of an end."""
        path = f"{self._named(repository)}/blobs/{self._digest_named(digest)}"
        scope = f"repository:{repository}:pull"
        self._succeeded(self._ask("HEAD", path, scope), digest)  # signs in, too
        url, value = f"{self.target.url}/v2/{path}", kept.get(self.target, scope)
        for _hop in range(MOST_HOPS + 1):
            own = origin_of(url) == origin_of(self.target.url)
            headers = {"Authorization": value} if value and own else {}
            with self._streamed(url, headers) as response:
                where = response.headers.get("location", "")
                if response.status_code not in REDIRECTS or not where:
                    said = str(response.headers.get("content-length", ""))
                    size_bytes = int(said) if said.isascii() and said.isdigit() else None
                    yield Incoming(size_bytes, self._verified(response, digest))
                    return
            url = self._redirected("GET", url, where)
        raise failures.BadRedirect(self.target.name)

    # -- One request ------------------------------------------------------------------------

    @contextmanager
    def _streamed(self, url: str, headers: dict[str, str]) -> Iterator[httpx2.Response]:
        own = urlsplit(url).hostname == self._own
        http = self._http if own else self._other
        sent = {**headers, "Accept-Encoding": "identity", "User-Agent": "quarterdeck"}
        try:
            with http.stream("GET", url, headers=sent, timeout=IDLE_S) as response:
                yield response
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise self._failure(error) from error

    def _verified(self, response: httpx2.Response, digest: str) -> Iterator[bytes]:
        if response.status_code != 200:
            answer = Answer(
                response.status_code,
                response.headers,
                self._read(
                    response.iter_raw(), response.status_code, response.headers, MOST_ERROR
                ),
            )
            self._succeeded(answer, digest)
        algorithm, _colon, wanted = digest.partition(":")
        found = hashlib.new(algorithm)
        for piece in response.iter_raw():
            found.update(piece)
            yield piece
        if found.hexdigest() != wanted:
            raise failures.DigestMismatch(self.target.name, digest)

    def _in_pieces(
        self,
        repository: str,
        url: str,
        pieces: Iterable[bytes],
        size_bytes: int,
        at_a_time: int,
    ) -> str:
        """Send all by PATCH, `at_a_time` bytes each; the address at which it is ended."""
        start, rest = 0, _Rest(pieces)
        while start < size_bytes:
            length = min(at_a_time, size_bytes - start)
            answer = self._put("PATCH", repository, url, rest.take(length), length, start)
            self._succeeded(answer, repository)
            url, start = self._upload_url(url, answer), start + length
        for _more in rest.take(1):  # the digest of the whole is verified at its end
            raise failures.NotARegistry(self.target.name)
        return url

    def _put(
        self,
        method: str,
        repository: str,
        url: str,
        body: Iterable[bytes],
        size_bytes: int,
        start: int | None = None,
    ) -> Answer:
        headers = {"Content-Type": OCTETS, "Content-Length": str(size_bytes)}
        if start is not None:
            headers["Content-Range"] = f"{start}-{start + size_bytes - 1}"
        value = self._signed_in(pushing(repository))
        if value:
            headers["Authorization"] = value
        return self._send(method, url, headers, MOST_ERROR, body)

    def _signed_in(self, scope: str) -> str:
        """An Authorization that still holds, got before a body is sent: it is sent once."""
        if not kept.get(self.target, scope):
            self._ask("GET", "", scope)
        return kept.get(self.target, scope)

    def _upload_url(self, base: str, answer: Answer) -> str:
        """Where to send to: the path that it names, on our own address of the registry.

        Proxies make http of https in it, or leave out the port. Raises BadRedirect for another
        server.
        """
        where = str(answer.headers.get("location", ""))
        try:
            to = httpx2.URL(base).join(where)
            origin_of(str(to))
        except (httpx2.InvalidURL, ValueError) as error:
            raise failures.BadRedirect(self.target.name) from error
        if not where or to.userinfo or urlsplit(str(to)).hostname != self._own:
            raise failures.BadRedirect(self.target.name)
        return origin_of(self.target.url) + to.raw_path.decode("ascii")


class _Rest:
    """A stream that is taken in parts of exact length."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._left = iter(pieces), b""

    def take(self, length: int) -> Iterator[bytes]:
        while length > 0:
            piece = self._left or next(self._pieces, b"")
            if not piece:
                return
            yield piece[:length]
            self._left, length = piece[length:], length - len(piece[:length])
