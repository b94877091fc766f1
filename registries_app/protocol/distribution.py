"""The distribution protocol (OCI): what a registry is asked, and what of its answers is believed.

Sources: opencontainers/distribution-spec (spec.md), distribution/distribution (docs/spec).
Each call ends within CALL_S seconds and holds at most the bytes named for it.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson

from core.text import visible
from registries_app.protocol import failures
from registries_app.protocol.answers import (
    Answer,
    Manifest,
    Names,
    digest_of,
    json_of,
    next_query,
    retry_after,
    words_of,
)
from registries_app.protocol.authorization import (
    BASIC_S,
    MOST_TOKEN,
    basic,
    chosen,
    kept,
    read_token,
    token_url,
)
from registries_app.protocol.manifests import (
    DIGEST,
    INDEX_TYPES,
    MANIFEST_TYPES,
    MOST_CONFIG,
    MOST_MANIFEST,
    SCHEMA1_TYPES,
)
from registries_app.protocol.sockets import deadline
from registries_app.protocol.tags import is_repository, is_tag
from registries_app.protocol.wire import MOST_ERROR, MOST_HOPS, REDIRECTS, Wire

__all__ = ["ACCEPT", "CALL_S", "MOST_ERROR", "MOST_HOPS", "REDIRECTS", "Client"]

CALL_S = 10.0  # for one call, its sign-in, redirects and pages included
MOST_NAMES = 10_000  # of one list
MOST_PAGES = 1000
PAGE = 100  # names of one page; more than its own limit, distribution answers with 400
MOST_LIST = 8 << 20  # bytes of one page
ACCEPT = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))
SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
SOME = 20  # names, where one that has tags is looked for
NO_TAG = "quarterdeck-asks-whether-tags-go-alone"
ZEROS = f"sha256:{'0' * 64}"  # of nothing: to see whether deletion is on


class Client(Wire):
    """One registry, asked over kept connections; for any number of threads. Close it.

    Raises RegistryFailed, by kind.
    """

    scheme = ""  # of the sign-in that it wanted: basic or bearer

    # -- Questions --------------------------------------------------------------------------

    def ping(self) -> None:
        """It speaks the protocol, and takes our sign-in, if it wants one."""
        answer = self._ask("GET", "", "", most=MOST_ERROR)
        if answer.media_type == "text/html":
            raise failures.NotARegistry(self.target.name)
        self._succeeded(answer, "/v2/")

    def catalog(self) -> Names:
        """All its repositories. Raises NotSupported where it does not list them to us."""
        try:
            return self._names("_catalog", "registry:catalog:*", "repositories", "catalogue")
        except (failures.Missing, failures.NoAccess, failures.NotSupported) as error:
            raise self._unlisted() from error

    def _unlisted(self) -> failures.NotSupported:
        words = failures.no_catalogue(self.target.name)
        return failures.NotSupported(words, hint=failures.type_it())

    def tags(self, repository: str) -> Names:
        """Its tags; none is an answer as well. Raises Missing."""
        path = f"{self._named(repository)}/tags/list"
        return self._names(path, f"repository:{repository}:pull", "tags", repository)

    def head(self, repository: str, reference: str) -> str:
        """The digest that a tag stands for; no manifest is transferred where HEAD is known."""
        path, scope = self._manifest_of(repository, reference)
        answer = self._ask("HEAD", path, scope, accept=ACCEPT)
        digest = str(answer.headers.get("docker-content-digest", ""))
        if answer.status == 200 and DIGEST.fullmatch(digest):
            return digest
        if answer.status not in {200, 400, 404, 405}:
            self._succeeded(answer, f"{repository}:{reference}")
        return self.manifest(repository, reference).digest

    def knows_head(self, repository: str, reference: str) -> bool:
        """Whether it answers HEAD for this manifest, which is there."""
        path, scope = self._manifest_of(repository, reference)
        return self._ask("HEAD", path, scope, accept=ACCEPT).status == 200

    def manifest(self, repository: str, reference: str) -> Manifest:
        """By tag or digest, its digest verified. Raises Missing, DigestMismatch, TooLarge."""
        path, scope = self._manifest_of(repository, reference)
        answer = self._ask("GET", path, scope, accept=ACCEPT, most=MOST_MANIFEST)
        self._succeeded(answer, f"{repository}:{reference}")
        if answer.media_type == "text/html":
            raise failures.NotARegistry(self.target.name)
        said = str(answer.headers.get("docker-content-digest", ""))
        wanted = [each for each in (reference, said) if DIGEST.fullmatch(each)]
        if answer.media_type in SCHEMA1_TYPES:  # signed within: its digest is not of these bytes
            return Manifest((wanted or [digest_of(answer.body)])[0], SIGNED, answer.body)
        for digest in wanted:
            self._verify(answer.body, digest)
        return Manifest((wanted or [digest_of(answer.body)])[0], answer.media_type, answer.body)

    def blob(self, repository: str, digest: str, most: int = MOST_CONFIG) -> bytes:
        """A small blob, such as a configuration, verified. Raises Missing, DigestMismatch."""
        path = f"{self._named(repository)}/blobs/{self._digest_named(digest)}"
        answer = self._ask("GET", path, f"repository:{repository}:pull", most=most)
        self._succeeded(answer, digest)
        self._verify(answer.body, digest)
        return answer.body

    def referrers(self, repository: str, digest: str) -> Manifest | None:
        """The index of what refers to this image; None where the registry has no such list."""
        path = f"{self._named(repository)}/referrers/{self._digest_named(digest)}"
        scope = f"repository:{repository}:pull"
        answer = self._ask("GET", path, scope, accept=ACCEPT, most=MOST_MANIFEST)
        if answer.status in {404, 405} or answer.media_type == "text/html":
            return None
        self._succeeded(answer, digest)
        return Manifest(digest_of(answer.body), answer.media_type, answer.body)

    def other(self, url: str, login: str = "", body: Any = None) -> Any:
        """JSON of an API beside the protocol; `login` goes to that origin only (E2).

        With `body`, as JSON, by POST.
        """
        headers, sent = {"Accept": "application/json"}, None
        if body is not None:
            headers["Content-Type"], sent = "application/json", orjson.dumps(body)
        with deadline(CALL_S):
            method = "GET" if sent is None else "POST"
            answer = self._hop(method, url, headers, login, MOST_LIST, sent)
        self._succeeded(answer, urlsplit(url).path)
        said = json_of(answer.body)
        if said is None:
            raise failures.NotARegistry(self.target.name)
        return said

    def delete(self, repository: str, reference: str) -> None:
        """By digest: the manifest with all its tags. By tag: that, where it can.

        Raises Missing, and NotSupported where deletion is off.
        """
        path, _pull = self._manifest_of(repository, reference)
        answer = self._ask("DELETE", path, f"repository:{repository}:pull,push,delete")
        self._succeeded(answer, f"{repository}:{reference}")

    # -- What it can do; nothing is changed by asking ---------------------------------------

    def some(self) -> list[str]:
        """The first of its repositories. Raises NotSupported as `catalog` does."""
        try:
            path = f"_catalog?n={SOME}"
            answer = self._ask("GET", path, "registry:catalog:*", most=MOST_LIST)
            self._succeeded(answer, "catalogue")
        except (failures.Missing, failures.NoAccess, failures.NotSupported) as error:
            raise self._unlisted() from error
        return list(self._listed(answer, "repositories"))

    def pages(self) -> bool:
        """Whether it gives a list of more than one name in parts, and the next part as well."""
        first = self._ask("GET", "_catalog?n=1", "registry:catalog:*", most=MOST_LIST)
        query = next_query(first.headers)
        if not query:
            return False
        second = self._ask("GET", f"_catalog?{query}", "registry:catalog:*", most=MOST_LIST)
        names = list(self._listed(first, "repositories"))
        return list(self._listed(second, "repositories")) not in ([], names)

    def can_delete(self, repository: str) -> bool:
        """Found out by deleting a digest that nothing has."""
        return self._lacks(repository, ZEROS)

    def can_untag(self, repository: str) -> bool:
        """Whether a tag is deleted by its name; found out with one that nothing has."""
        return self._lacks(repository, NO_TAG)

    def _lacks(self, repository: str, reference: str) -> bool:
        try:
            self.delete(repository, reference)
        except failures.Missing:
            return True
        except (failures.NotSupported, failures.NoAccess, failures.Refused):
            return False
        return True

    def knows_referrers(self, repository: str, digest: str) -> bool:
        """Whether it tells what refers to this image, which is there (fact 56)."""
        path = f"{self._named(repository)}/referrers/{self._digest_named(digest)}"
        answer = self._ask("GET", path, f"repository:{repository}:pull", most=MOST_LIST)
        said = json_of(answer.body) if answer.status == 200 else None
        return isinstance(said, dict) and isinstance(said.get("manifests"), list)

    # -- Names ------------------------------------------------------------------------------

    def _named(self, repository: str) -> str:
        if not is_repository(repository):
            raise failures.Missing(self.target.name, visible(repository, 80))
        return repository

    def _digest_named(self, digest: str) -> str:
        if not DIGEST.fullmatch(digest):
            raise failures.Missing(self.target.name, visible(digest, 80))
        return digest

    def _manifest_of(self, repository: str, reference: str) -> tuple[str, str]:
        if not is_tag(reference):
            self._digest_named(reference)
        path = f"{self._named(repository)}/manifests/{reference}"
        return path, f"repository:{repository}:pull"

    def _names(self, path: str, scope: str, key: str, what: str) -> Names:
        """All pages. Of a Link only the query is used, on our own address (facts 21, 22)."""
        query, seen = f"n={PAGE}", set[str]()
        names: dict[str, None] = {}
        with deadline(CALL_S):
            while query not in seen and len(names) < MOST_NAMES and len(seen) < MOST_PAGES:
                seen.add(query)
                answer = self._ask("GET", f"{path}?{query}", scope, most=MOST_LIST)
                self._succeeded(answer, what)
                names.update(dict.fromkeys(self._listed(answer, key)))
                query = next_query(answer.headers)
                if not query:
                    return Names(tuple(names)[:MOST_NAMES], len(names) <= MOST_NAMES, len(seen))
        return Names(tuple(names)[:MOST_NAMES], complete=False, pages=len(seen))

    def _listed(self, answer: Answer, key: str) -> Iterator[str]:
        said = json_of(answer.body)
        if not isinstance(said, dict) or not isinstance(said.get(key) or [], list):
            raise failures.NotARegistry(self.target.name)
        good = is_tag if key == "tags" else is_repository
        return (each for each in said.get(key) or [] if isinstance(each, str) and good(each))

    # -- One question -----------------------------------------------------------------------

    def _asked_as(self, path: str) -> str:
        """With the registry whose images are meant, where a mirror wants to be told (fact 70)."""
        if not self.target.ns or not path or path.startswith("_catalog"):
            return path
        return f"{path}{'&' if '?' in path else '?'}ns={self.target.ns}"

    def _ask(
        self,
        method: str,
        path: str,
        scope: str,
        *,
        accept: str = "",
        most: int = MOST_ERROR,
        body: bytes | None = None,
        kind: str = "",
    ) -> Answer:
        """Its answer, signed in as far as it wants. `kind` is the media type of `body`.

        `scope` may be several, with a space between. Raises AuthFailed, NoAccess, ….
        """
        url = f"{self.target.url}/v2/{self._asked_as(path)}"
        headers = {"Accept": accept} if accept else {}
        if kind:
            headers["Content-Type"] = kind
        with deadline(CALL_S):
            known = kept.get(self.target, scope)
            self.scheme = known.partition(" ")[0].lower() or self.scheme
            answer = self._hop(method, url, headers, known, most, body)
            if answer.status != 401:
                return answer
            value, seconds = self._sign_in(answer, scope)
            answer = self._hop(method, url, headers, value, most, body)
        if answer.status == 401:
            if value.startswith("Basic ") or not scope:
                raise failures.AuthFailed(self.target.name, anonymous=self.target.anonymous)
            raise failures.NoAccess(self.target.name, anonymous=self.target.anonymous)
        kept.put(self.target, scope, value, seconds)
        return answer

    def _sign_in(self, refused: Answer, scope: str) -> tuple[str, float]:
        """The Authorization that this challenge asks for, and for how many seconds it holds."""
        challenge = chosen(self.target, refused.headers.get_list("www-authenticate"))
        self.scheme = challenge.scheme
        if challenge.scheme == "basic":
            return basic(self.target), BASIC_S
        url = token_url(self.target, challenge, scope.split())
        login = "" if self.target.anonymous else basic(self.target)
        answer = self._hop("GET", url, {"Accept": "application/json"}, login, MOST_TOKEN)
        if answer.status == 401:
            raise failures.AuthFailed(self.target.name, anonymous=self.target.anonymous)
        if answer.status == 403:
            raise failures.NoAccess(self.target.name, anonymous=self.target.anonymous)
        self._succeeded(answer, "token")
        token, seconds = read_token(self.target, answer.body)
        return f"Bearer {token}", seconds

    def _succeeded(self, answer: Answer, what: str) -> None:
        """Raises what an answer other than success means."""
        name, status = self.target.name, answer.status
        if 200 <= status < 300:
            return
        code, words = words_of(answer)
        if status in {401, 403}:
            raise failures.NoAccess(name, anonymous=self.target.anonymous)
        if status == 404:
            raise failures.Missing(name, what)
        if status == 405 or code == "UNSUPPORTED":
            raise failures.NotSupported(failures.cannot(name))
        if status == 413:
            raise failures.TooLarge(failures.proxy_refuses(name))
        if status == 429:
            raise failures.RateLimited(name, retry_after(answer.headers))
        raise failures.Refused(name, status, words)

    def _verify(self, raw: bytes, digest: str) -> None:
        if digest_of(raw, digest.partition(":")[0]) != digest:
            raise failures.DigestMismatch(self.target.name, digest)
