"""A registry in memory over HTTP on loopback: what it can do is chosen; it notes what came.

It verifies digests, as real ones do, and refuses a manifest whose parts it does not have.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROUTE = re.compile(r"/v2/(?P<repository>.+)/(?P<what>manifests|blobs|tags|referrers)/(?P<rest>.*)")


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


@dataclass
class Oci:
    """What it holds, what it can do, and `asked`: method and path of each request."""

    port: int = 0
    untags: bool = False  # a tag is deleted by its name (distribution 3, zot, Harbor)
    kills_twins: bool = False  # and takes its image along, with the other tags
    deletes: bool = True
    has_referrers: bool = False
    mounts: bool = True
    piece_bytes: int = 0  # it wants uploads in pieces of at least this
    most_bytes: int = 0  # of one request's body; 413 above it
    location: str = ""  # before the path of an upload: another scheme, another host
    keeps_names: bool = False  # of tags whose image is gone (Nexus)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, repository: str, tag: str, manifest: dict[str, Any], *blobs: bytes) -> str:
        """A manifest with its blobs; "" as tag: by digest only."""
        raw = json.dumps(manifest).encode()
        for blob in blobs:
            self.blobs[repository, digest_of(blob)] = blob
        self.manifests[repository, digest_of(raw)] = (manifest["mediaType"], raw)
        if tag:
            self.tags[repository, tag] = digest_of(raw)
        return digest_of(raw)

    def count(self, method: str, part: str) -> int:
        return sum(how == method and part in path for how, path in self.asked)


@contextmanager
def oci(**abilities: Any) -> Iterator[Oci]:
    registry = Oci(**abilities)

    class Handler(_Handler):
        at = registry

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    registry.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    at: Oci

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.at.asked.append((self.command, self.path))
        if self.at.most_bytes and len(body) > self.at.most_bytes:
            self._say(413)
            return
        parts = urlsplit(self.path)
        found = ROUTE.fullmatch(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path in {"/v2/", "/v2"}:
            self._say(200)
        elif parts.path == "/v2/_catalog":
            names = sorted({repository for repository, _digest in self.at.manifests})
            self._say(200, json.dumps({"repositories": names}).encode())
        elif found is None:
            self._say(404)
        elif found["what"] == "blobs":
            self._blob(found["repository"], found["rest"], query, body)
        elif found["what"] == "tags":
            names = sorted(tag for repository, tag in self.at.tags if repository == found[1])
            self._say(200, json.dumps({"tags": names}).encode())
        elif found["what"] == "referrers":
            self._referrers(found["repository"], found["rest"])
        else:
            self._manifest(found["repository"], found["rest"], body)

    def _manifest(self, repository: str, reference: str, body: bytes) -> None:
        at, digest = self.at, self.at.tags.get((repository, reference), reference)
        kept = at.manifests.get((repository, digest))
        if self.command == "PUT":
            self._put_manifest(repository, reference, body)
        elif self.command == "DELETE":
            self._delete(repository, reference)
        elif kept is None:
            self._say(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
        else:
            self._say(200, kept[1], {"Content-Type": kept[0], "Docker-Content-Digest": digest})

    def _put_manifest(self, repository: str, reference: str, body: bytes) -> None:
        said, digest = json.loads(body), digest_of(body)
        parts = [each["digest"] for each in [said.get("config"), *said.get("layers", ())] if each]
        children = [each["digest"] for each in said.get("manifests", ())]
        if any((repository, part) not in self.at.blobs for part in parts) or any(
            (repository, child) not in self.at.manifests for child in children
        ):
            self._say(404, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN"}]}')
            return
        self.at.manifests[repository, digest] = (self.headers["Content-Type"], body)
        if not reference.startswith("sha256:"):
            self.at.tags[repository, reference] = digest
        headers = {"Docker-Content-Digest": digest}
        if self.at.has_referrers and "subject" in said:
            headers["OCI-Subject"] = said["subject"]["digest"]
        self._say(201, b"", headers)

    def _delete(self, repository: str, reference: str) -> None:
        at = self.at
        if not at.deletes:
            self._say(405, b'{"errors": [{"code": "UNSUPPORTED"}]}')
        elif not reference.startswith("sha256:") and not at.untags:
            self._say(400, b'{"errors": [{"code": "DIGEST_INVALID"}]}')
        elif not reference.startswith("sha256:") and at.kills_twins:
            digest = at.tags.get((repository, reference))
            at.tags = {key: of for key, of in at.tags.items() if of != digest}
            self._say(202)
        elif not reference.startswith("sha256:"):
            self._say(202 if at.tags.pop((repository, reference), "") else 404)
        elif at.manifests.pop((repository, reference), None) is None:
            self._say(404)
        else:
            if not at.keeps_names:
                at.tags = {key: of for key, of in at.tags.items() if of != reference}
            self._say(202)

    def _referrers(self, repository: str, digest: str) -> None:
        if not self.at.has_referrers:
            self._say(404, b"404 page not found", {"Content-Type": "text/plain"})
            return
        found = [
            {"mediaType": kind, "digest": own, "size": len(raw)}
            for (name, own), (kind, raw) in self.at.manifests.items()
            if name == repository and json.loads(raw).get("subject", {}).get("digest") == digest
        ]
        kind = "application/vnd.oci.image.index.v1+json"
        index = {"schemaVersion": 2, "mediaType": kind, "manifests": found}
        self._say(200, json.dumps(index).encode(), {"Content-Type": kind})

    def _blob(self, repository: str, rest: str, query: dict[str, str], body: bytes) -> None:
        if not rest.startswith("uploads/"):
            blob = self.at.blobs.get((repository, rest))
            self._say(404 if blob is None else 200, blob or b"")
            return
        number = rest.removeprefix("uploads/")
        if self.command == "POST":
            mounted = self.at.blobs.get((query.get("from", ""), query.get("mount", "")))
            if self.at.mounts and mounted is not None:
                self.at.blobs[repository, query["mount"]] = mounted
                self._say(201)
                return
            number = uuid.uuid4().hex
            self.at.uploads[number] = bytearray()
        upload = self.at.uploads[number]
        upload += body
        if self.command == "PUT":
            if digest_of(bytes(upload)) != query["digest"]:
                self._say(400, b'{"errors": [{"code": "DIGEST_INVALID"}]}')
                return
            self.at.blobs[repository, query["digest"]] = bytes(upload)
            self._say(201)
            return
        where = f"{self.at.location}/v2/{repository}/blobs/uploads/{number}?state={len(upload)}"
        headers = {"Location": where}
        if self.at.piece_bytes:
            headers["OCI-Chunk-Min-Length"] = str(self.at.piece_bytes)
        self._say(202, b"", headers)

    def _say(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        all_headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in (all_headers | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_DELETE = do_PUT = do_POST = do_PATCH = _answer  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Quiet."""
