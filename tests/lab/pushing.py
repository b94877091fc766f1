"""Puts images into a registry by plain HTTP: fast, and exactly the bytes that a test wants."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from types import TracebackType
from typing import Any

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
SLSA = "https://slsa.dev/provenance/v0.2"


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


@dataclass
class Made:
    """An image that was put there: what its manifest says, and its digest."""

    digest: str
    raw: bytes
    media_type: str
    layers: list[str] = field(default_factory=list)


class Pusher:
    """One kept connection to a registry on loopback."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=30)
        self._there: set[tuple[str, str]] = set()

    def __enter__(self) -> "Pusher":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def blob(self, repository: str, raw: bytes) -> str:
        digest = digest_of(raw)
        if (repository, digest) in self._there:
            return digest
        started = self._ask("POST", f"/v2/{repository}/blobs/uploads/")
        where = started.headers["Location"]
        path = where[where.index("/v2/") :]
        self._ask("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", raw)
        self._there.add((repository, digest))
        return digest

    def manifest(self, repository: str, reference: str, said: Any, media_type: str) -> Made:
        raw = json.dumps(said).encode()
        self.raw_manifest(repository, reference, raw, media_type)
        return Made(digest_of(raw), raw, media_type)

    def raw_manifest(self, repository: str, reference: str, raw: bytes, media_type: str) -> None:
        path = f"/v2/{repository}/manifests/{reference}"
        self._ask("PUT", path, raw, {"Content-Type": media_type})

    def image(
        self,
        repository: str,
        tags: Iterable[str],
        *,
        platform: str = "linux/amd64",
        layers: Iterable[bytes] = (b"layer",),
        created: str = "2026-03-04T05:06:07Z",
        docker: bool = False,
        **config: Any,
    ) -> Made:
        """An image for one platform; `config` is how it runs (Env, Cmd, Labels, …)."""
        system, machine = platform.split("/")[:2]
        bodies = list(layers)
        steps: list[dict[str, Any]] = [
            {"created": created, "created_by": f"/bin/sh -c #(nop) ADD file:{n} in / "}
            for n, _layer in enumerate(bodies)
        ]
        steps.append({"created": created, "created_by": 'CMD ["sh"]', "empty_layer": True})
        raw = json.dumps({
            "created": created, "os": system, "architecture": machine, "config": config,
            "history": steps, "rootfs": {"type": "layers", "diff_ids": []},
        }).encode()  # fmt: skip
        digests = [self.blob(repository, body) for body in bodies]
        said = {
            "schemaVersion": 2,
            "mediaType": DOCKER if docker else OCI,
            "config": {
                "mediaType": DOCKER_CONFIG if docker else OCI_CONFIG,
                "digest": self.blob(repository, raw), "size": len(raw),
            },
            "layers": [
                {"mediaType": OCI_LAYER, "digest": digest, "size": len(body)}
                for digest, body in zip(digests, bodies, strict=True)
            ],
        }  # fmt: skip
        body = json.dumps(said).encode()
        made = Made(digest_of(body), body, str(said["mediaType"]), digests)
        for reference in [*tags] or [made.digest]:
            self.raw_manifest(repository, reference, body, made.media_type)
        return made

    def index(
        self,
        repository: str,
        tags: Iterable[str],
        *images: tuple[str, Made],
        attested: bool = True,
    ) -> Made:
        """An index of images by platform, the first with provenance as BuildKit writes it."""
        entries = [_entry(made, platform) for platform, made in images]
        if attested:
            statement = self._statement(repository, images[0][1].digest)
            marks = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": images[0][1].digest,
            }
            entries.append(_entry(statement, "unknown/unknown") | {"annotations": marks})
        said = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        raw = json.dumps(said).encode()
        for tag in tags:
            self.raw_manifest(repository, tag, raw, OCI_INDEX)
        return Made(digest_of(raw), raw, OCI_INDEX)

    def _statement(self, repository: str, about: str) -> Made:
        body = json.dumps({"predicateType": SLSA, "of": about}).encode()
        config = b"{}"
        said = {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": {
                "mediaType": OCI_CONFIG, "digest": self.blob(repository, config), "size": 2,
            },
            "layers": [{
                "mediaType": IN_TOTO, "digest": self.blob(repository, body), "size": len(body),
                "annotations": {"in-toto.io/predicate-type": SLSA},
            }],
        }  # fmt: skip
        raw = json.dumps(said).encode()
        self.raw_manifest(repository, digest_of(raw), raw, OCI)
        return Made(digest_of(raw), raw, OCI)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        self._http.request(method, path, body, headers or {})
        answer = self._http.getresponse()
        said = answer.read()
        if answer.status not in {201, 202}:
            raise AssertionError(f"{method} {path}: {answer.status} {said!r}")
        return answer


def _entry(made: Made, platform: str) -> dict[str, Any]:
    system, machine = platform.split("/")[:2]
    return {
        "mediaType": made.media_type,
        "digest": made.digest,
        "size": len(made.raw),
        "platform": {"os": system, "architecture": machine},
    }
