"""Deletion where the protocol's own is off: Docker Hub and GHCR delete by APIs of their own.

Sources: docs.docker.com/reference/api/hub (auth/token, repositories/…/tags), docs.github.com
(REST: packages). The password goes there for the record that is that very registry, and for no
other (E6).
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from registries_app.content.native import HUB_API, hub_login
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.protocol import failures
from registries_app.protocol.answers import Answer, json_of
from registries_app.protocol.distribution import CALL_S, MOST_LIST
from registries_app.protocol.manifests import DIGEST
from registries_app.protocol.sockets import deadline
from registries_app.protocol.targets import HUB_DOMAIN
from registries_app.protocol.uploading import Writer

GITHUB_API = "https://api.github.com"
GHCR_DOMAIN = "ghcr.io"
PAGES = 100  # of a hundred entries each


def writer_of(registry: Registry) -> Writer:
    """Its client, which deletes in the way that this registry has. Close it."""
    kinds: dict[str, type[Writer]] = {HUB_DOMAIN: HubWriter, GHCR_DOMAIN: GhcrWriter}
    return kinds.get(registry.domain, Writer)(target_of(registry))


class _Own(Writer):
    """Asks an API beside the protocol, each call within CALL_S."""

    _size = "page_size"  # what the API calls the length of a page

    def _api(self, method: str, url: str, login: str) -> Answer:
        with deadline(CALL_S):
            return self._hop(method, url, {"Accept": "application/json"}, login, MOST_LIST)

    def _entries(self, url: str, login: str, key: str = "") -> Iterator[dict[str, Any]]:
        """Of all pages, a hundred each."""
        for page in range(1, PAGES + 1):
            answer = self._api("GET", f"{url}?page={page}&{self._size}=100", login)
            if answer.status == HTTPStatus.NOT_FOUND and page > 1:
                return
            self._succeeded(answer, url.rpartition("/")[0])
            said = json_of(answer.body)
            found = said.get(key) if key and isinstance(said, dict) else said
            entries = found if isinstance(found, list) else []
            yield from (each for each in entries if isinstance(each, dict))
            if len(entries) < 100:
                return


class HubWriter(_Own):
    """Docker Hub: its API removes tags by name; an image goes with the last of its tags."""

    def delete(self, repository: str, reference: str) -> None:
        base = f"{HUB_API}/v2/repositories/{self._named(repository)}/tags"
        if not DIGEST.fullmatch(reference):
            self._succeeded(
                self._api("DELETE", f"{base}/{reference}", self._login()),
                f"{repository}:{reference}",
            )
            return
        tags = [
            str(each.get("name"))
            for each in self._entries(base, self._login(), "results")
            if each.get("digest") == reference
        ]
        if not tags:
            raise failures.Missing(self.target.name, reference)
        for tag in tags:
            self.delete(repository, tag)

    def _login(self) -> str:
        login = hub_login(self)
        if not login:
            raise failures.NoAccess(self.target.name, anonymous=True)
        return login


class GhcrWriter(_Own):
    """GHCR: GitHub deletes versions of packages, which are images by digest with all tags.

    A tag alone goes as on distribution 2.8: what it is put on first is such a version.
    """

    _size = "per_page"

    def delete(self, repository: str, reference: str) -> None:
        if not DIGEST.fullmatch(reference):
            raise failures.NotSupported(failures.cannot(self.target.name))
        for base in self._packages(repository):
            for version in self._entries(f"{base}/versions", self._login()):
                if version.get("name") == reference and isinstance(version.get("id"), int):
                    gone = self._api("DELETE", f"{base}/versions/{version['id']}", self._login())
                    self._succeeded(gone, reference)
                    return
        raise failures.Missing(self.target.name, reference)

    def _packages(self, repository: str) -> Iterator[str]:
        """The package's address: an organisation's or a user's, whichever it is."""
        owner, _slash, name = self._named(repository).partition("/")
        for who in ("orgs", "users"):
            base = f"{GITHUB_API}/{who}/{owner}/packages/container/{quote(name, safe='')}"
            answer = self._api("GET", base, self._login())
            if answer.status == HTTPStatus.NOT_FOUND:
                continue
            self._succeeded(answer, repository)
            yield base

    def _login(self) -> str:
        if self.target.anonymous:
            raise failures.NoAccess(self.target.name, anonymous=True)
        return f"Bearer {self.target.password}"
