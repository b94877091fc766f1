"""What a registry of ours holds: manifests, tags and blobs, and images to put there."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"
CREATED = "2026-11-20T10:00:00.123456789Z"


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


@dataclass
class Store:
    """By repository: digest → (media type, bytes), and tag → digest; blobs are of all."""

    manifests: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def repositories(self) -> list[str]:
        return sorted(self.manifests)

    def blob(self, raw: bytes) -> str:
        self.blobs[digest_of(raw)] = raw
        return digest_of(raw)

    def put(self, repository: str, media_type: str, raw: bytes, *tags: str) -> str:
        """A manifest as it is, under these tags; its digest."""
        digest = digest_of(raw)
        self.manifests.setdefault(repository, {})[digest] = (media_type, raw)
        self.tags.setdefault(repository, {}).update(dict.fromkeys(tags, digest))
        return digest

    def image(
        self,
        repository: str,
        *tags: str,
        layers: Iterable[bytes] = (b"layer one", b"layer two"),
        platform: str = "linux/amd64",
        labels: dict[str, str] | None = None,
        media_type: str = IMAGE,
        created: str = CREATED,
    ) -> str:
        """One image of one platform, its layers and configuration included; its digest."""
        system, _slash, rest = platform.partition("/")
        architecture, _slash, variant = rest.partition("/")
        pieces = list(layers)
        config = {
            "created": created, "os": system, "architecture": architecture,
            **({"variant": variant} if variant else {}),
            "config": {"Labels": labels or {}, "Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(each) for each in pieces]},
            "history": [{"created_by": f"COPY part{at} /"} for at in range(len(pieces))],
        }  # fmt: skip
        raw = json.dumps({
            "schemaVersion": 2, "mediaType": media_type,
            "config": self._described(json.dumps(config).encode(), CONFIG),
            "layers": [self._described(each, LAYER) for each in pieces],
        }).encode()  # fmt: skip
        return self.put(repository, media_type, raw, *tags)

    def index(
        self,
        repository: str,
        *tags: str,
        platforms: Iterable[str] = ("linux/amd64", "linux/arm64"),
        attested: bool = True,
        media_type: str = INDEX,
    ) -> str:
        """An image of several platforms, each with its provenance; the digest of the whole."""
        entries = []
        for platform in platforms:
            system, _slash, rest = platform.partition("/")
            architecture, _slash, variant = rest.partition("/")
            digest = self.image(repository, layers=(platform.encode(),), platform=platform)
            what = {"os": system, "architecture": architecture}
            what |= {"variant": variant} if variant else {}
            entries.append(self._entry(repository, digest, {"platform": what}))
            if attested:
                entries.append(self._attestation(repository, digest))
        raw = json.dumps({
            "schemaVersion": 2, "mediaType": media_type, "manifests": entries,
        }).encode()  # fmt: skip
        return self.put(repository, media_type, raw, *tags)

    def referrer(self, repository: str, subject: str, artifact: str = "example/sbom") -> str:
        """Something that refers to `subject`, such as its SBOM; its digest."""
        raw = json.dumps({
            "schemaVersion": 2, "mediaType": IMAGE, "artifactType": artifact,
            "config": self._described(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [self._described(b"packages", artifact)],
            "subject": self._entry(repository, subject, {}),
        }).encode()  # fmt: skip
        return self.put(repository, IMAGE, raw)

    def referrers(self, repository: str, subject: str) -> bytes:
        """The index that the API of referrers answers with."""
        found = []
        for digest, (_type, raw) in self.manifests.get(repository, {}).items():
            said = json.loads(raw)
            if (said.get("subject") or {}).get("digest") == subject:
                more = {"artifactType": said.get("artifactType", "")}
                found.append(self._entry(repository, digest, more))
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode()

    def delete(self, repository: str, digest: str) -> bool:
        """The manifest with all its tags; False where it is not there."""
        if self.manifests.get(repository, {}).pop(digest, None) is None:
            return False
        kept = {tag: to for tag, to in self.tags[repository].items() if to != digest}
        self.tags[repository] = kept
        return True

    def find(self, repository: str, reference: str) -> tuple[str, str, bytes] | None:
        """(digest, media type, bytes) of a tag or digest."""
        digest = self.tags.get(repository, {}).get(reference, reference)
        found = self.manifests.get(repository, {}).get(digest)
        return (digest, *found) if found else None

    def _attestation(self, repository: str, digest: str) -> dict[str, object]:
        statement = self._described(b'{"provenance": true}', IN_TOTO)
        statement["annotations"] = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
        raw = json.dumps({
            "schemaVersion": 2, "mediaType": IMAGE, "layers": [statement],
            "config": self._described(f'{{"of": "{digest}"}}'.encode(), CONFIG),
        }).encode()  # fmt: skip
        made = self.put(repository, IMAGE, raw)
        return self._entry(repository, made, {
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": digest,
            },
        })  # fmt: skip

    def _described(self, raw: bytes, media_type: str) -> dict[str, object]:
        return {"mediaType": media_type, "size": len(raw), "digest": self.blob(raw)}

    def _entry(self, repository: str, digest: str, more: dict[str, object]) -> dict[str, object]:
        media_type, raw = self.manifests[repository][digest]
        return {"mediaType": media_type, "size": len(raw), "digest": digest, **more}
