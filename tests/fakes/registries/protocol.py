"""The distribution protocol over a Store, with the ways of one product (Traits)."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.fakes.hostile_registry import Asked, Reply
from tests.fakes.registries.store import INDEX, Store
from tests.fakes.registries.tokens import admitted, challenge, failed, token
from tests.fakes.registries.traits import Traits

PATH = re.compile(r"/v2/(?P<name>.+)/(?P<what>manifests|blobs|tags|referrers)/(?P<rest>.+)")
NOT_FOUND = Reply(404, b"404 page not found\n", {"Content-Type": "text/plain"})
PULLS = 100  # that the budget begins with


@dataclass
class Protocol:
    """Answers one request after another."""

    store: Store
    traits: Traits
    realm: str = ""  # where tokens are given; "" for its own address
    pulls: int = PULLS  # that are left

    def reply(self, asked: Asked, own: str) -> Reply:
        """`own` is its origin."""
        split = urlsplit(asked.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        if self.traits.auth == "bearer" and split.path == self.traits.realm_path:
            return token(asked, self.traits)
        realm = self.realm or f"{own}{self.traits.realm_path}"
        if split.path == "/v2/":
            return Reply() if self._may(asked, "") else challenge(self.traits, realm, "")
        if split.path == "/v2/_catalog":
            return self._catalog(asked, query, realm)
        if self.traits.serves == "ns" and query.get("ns") != "docker.io":
            return Reply(404, failed("NAME_UNKNOWN"))
        match = PATH.fullmatch(split.path)
        return self._one(asked, match, query, realm) if match else NOT_FOUND

    def _may(self, asked: Asked, need: str) -> bool:
        return admitted(asked, self.traits, need)

    def _catalog(self, asked: Asked, query: dict[str, str], realm: str) -> Reply:
        if self.traits.catalog != 200:
            return Reply(self.traits.catalog, failed("UNSUPPORTED"))
        if not self._may(asked, "registry:catalog:*"):
            return challenge(self.traits, realm, "registry:catalog:*")
        return self._page("repositories", self.store.repositories, "/v2/_catalog", query)

    def _page(self, key: str, names: list[str], path: str, query: dict[str, str]) -> Reply:
        wanted = int(query.get("n", "100"))
        if self.traits.most_page and wanted > self.traits.most_page:
            return Reply(400, failed("PAGINATION_NUMBER_INVALID"))
        last = query.get("last") or query.get("next_page", "").removeprefix("opaque-")
        rest = [name for name in names if name > last] if last else names
        page, headers = rest[:wanted], {}
        if len(rest) > wanted and page:
            at = f"next_page=opaque-{page[-1]}" if self.traits.opaque_links else f"last={page[-1]}"
            host = "http://inside.invalid:8081/service/rest" if self.traits.opaque_links else ""
            headers["Link"] = f'<{host}{path}?n={wanted}&{at}>; rel="next"'
        return Reply(body=json.dumps({key: page}).encode(), headers=headers)

    def _one(
        self, asked: Asked, match: "re.Match[str]", query: dict[str, str], realm: str
    ) -> Reply:
        name, what, rest = match["name"], match["what"], match["rest"]
        action = "delete" if asked.method == "DELETE" else "pull"
        need = f"repository:{name}:{action}"
        unknown = self._inside(name) not in self.store.manifests
        if not self._may(asked, need) or (self.traits.refuses_unknown and unknown):
            return challenge(self.traits, realm, need)
        inside = self._inside(name)
        if what == "manifests":
            return self._manifest(asked, inside, rest)
        if what == "blobs":
            return self._blob(rest)
        if unknown:
            return Reply(404, failed("NAME_UNKNOWN"))
        if what == "referrers":
            body = self.store.referrers(inside, rest)
            known = self.traits.referrers
            return Reply(body=body, headers={"Content-Type": INDEX}) if known else NOT_FOUND
        return self._tags(name, query)

    def _inside(self, name: str) -> str:
        """A name as the store has it: of a mirror, without its prefix."""
        prefix = self.traits.serves.strip("/")
        if prefix in {"", "ns"}:
            return name
        return name.removeprefix(f"{prefix}/") if name.startswith(f"{prefix}/") else ""

    def _tags(self, name: str, query: dict[str, str]) -> Reply:
        names = sorted(self.store.tags.get(self._inside(name), {}))
        path = f"/v2/{name}/tags/list"
        if self.traits.tags_page:
            return self._page("tags", names, path, query)
        return Reply(body=json.dumps({"name": name, "tags": names[::-1] or None}).encode())

    def _manifest(self, asked: Asked, name: str, reference: str) -> Reply:
        if asked.method == "DELETE":
            return self._delete(name, reference)
        found = self.store.find(name, reference)
        if found is None:
            return Reply(404, failed("MANIFEST_UNKNOWN"))
        digest, media_type, raw = found
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest}
        if self.traits.budget:
            self.pulls -= asked.method == "GET"  # HEAD does not count (fact 29)
            headers |= {
                "ratelimit-limit": f"{PULLS};w=21600",
                "ratelimit-remaining": f"{self.pulls};w=21600",
                "docker-ratelimit-source": "203.0.113.7",
            }
        return Reply(200, raw, headers)

    def _delete(self, name: str, reference: str) -> Reply:
        if not self.traits.deletes:
            return Reply(405, failed("UNSUPPORTED"))
        if ":" in reference:
            gone = self.store.delete(name, reference)
        elif not self.traits.untags:
            return Reply(400, failed("DIGEST_INVALID", "provided digest did not match"))
        else:
            gone = self.store.tags.get(name, {}).pop(reference, None) is not None
        return Reply(202, b"") if gone else Reply(404, failed("MANIFEST_UNKNOWN"))

    def _blob(self, rest: str) -> Reply:
        raw = self.store.blobs.get(rest)
        if raw is None:
            return Reply(404, failed("BLOB_UNKNOWN"))
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": rest}
        return Reply(200, raw, headers)
