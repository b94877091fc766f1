"""One image's manifests and configurations, put together as lists and pages show it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from registries_app.protocol.manifests import Config, Descriptor, Parsed, size_of

MOST_LABELS = 60
PREDICATES = (  # how statements are called by what their type begins with
    ("https://slsa.dev/provenance", "provenance"),
    ("https://spdx.dev/Document", "SBOM"),
    ("https://cyclonedx.org", "SBOM"),
    ("https://cosign.sigstore.dev/attestation", "attestation"),
)
ARTIFACTS = (  # what hangs on an image, by its type
    ("application/vnd.dev.cosign.", "signature"),
    ("application/vnd.dev.sigstore.bundle", "signature"),
    ("application/vnd.cncf.notary.signature", "signature"),
    ("application/spdx+json", "SBOM"),
    ("application/vnd.cyclonedx", "SBOM"),
    ("application/vnd.in-toto", "attestation"),
    ("application/vnd.cncf.helm", "Helm chart"),
    ("application/sarif+json", "scan report"),
)


def children_of(parsed: Parsed) -> list[str]:
    """The digests of the manifests that an index needs before it can be described."""
    return [entry.digest for entry in parsed.entries if _is_image_entry(entry)] + [
        entry.digest for entry in parsed.entries if entry.is_attestation
    ]


def config_of(parsed: Parsed) -> str:
    """The digest of an image's configuration; "" where there is none that is one."""
    return parsed.config.digest if parsed.kind == "image" and parsed.config else ""


def assemble(
    digest: str,
    parsed: Parsed,
    manifests: Mapping[str, Parsed],
    configs: Mapping[str, Config],
) -> dict[str, Any]:
    """The facts of an image. Children that could not be had are named as missing.

    platforms: platform, digest, size, created, layers (each digest and size, as they are
    stacked), missing; attestations: digest, of (a platform), names.
    """
    if parsed.kind == "index":
        images = [each for each in parsed.entries if _is_image_entry(each)]
        platforms = [_platform(each, manifests.get(each.digest), configs) for each in images]
    else:
        only = Descriptor(digest, platform=parsed.platform)
        images, platforms = [only], [_platform(only, parsed, configs)]
    layers: dict[str, int] = {}
    for each in platforms:
        layers |= dict(each["layers"])
    return {
        "platforms": platforms,
        "attestations": _attestations(parsed, manifests, platforms),
        "labels": _labels(images, manifests, parsed, configs),
        "artifact_type": parsed.artifact_type,
        "artifact": artifact_name(parsed.artifact_type),
        "subject": parsed.subject,
        "size": sum(layers.values()),
        "created": max((each["created"] for each in platforms if each["created"]), default=None),
    }


def artifact_name(artifact_type: str) -> str:
    """What people call this type; "" for none, else at least the type itself."""
    for beginning, name in ARTIFACTS:
        if artifact_type.startswith(beginning):
            return name
    return artifact_type


def predicate_name(predicate: str) -> str:
    for beginning, name in PREDICATES:
        if predicate.startswith(beginning):
            return name
    return predicate or "attestation"


def _is_image_entry(entry: Descriptor) -> bool:
    return not entry.is_attestation


def _platform(
    entry: Descriptor, child: Parsed | None, configs: Mapping[str, Config]
) -> dict[str, Any]:
    config = configs.get(config_of(child)) if child else None
    created = config.created if config else None
    said = config.platform if config else ""
    return {
        "platform": entry.platform or said or (child.platform if child else ""),
        "digest": entry.digest,
        "size": size_of(child.layers) if child else None,
        "created": _iso(created),
        "layers": [[layer.digest, layer.size_bytes] for layer in child.layers] if child else [],
        "missing": child is None,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _attestations(
    parsed: Parsed, manifests: Mapping[str, Parsed], platforms: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    known = {each["digest"]: each["platform"] for each in platforms}
    found = []
    for entry in parsed.entries:
        if entry.is_attestation:
            child = manifests.get(entry.digest)
            names = [predicate_name(each) for each in (child.predicates if child else [])]
            found.append(
                {
                    "digest": entry.digest,
                    "of": known.get(entry.attests, ""),
                    "names": list(dict.fromkeys(names)) or ["attestation"],
                }
            )
    return found


def _labels(
    images: list[Descriptor],
    manifests: Mapping[str, Parsed],
    parsed: Parsed,
    configs: Mapping[str, Config],
) -> dict[str, str]:
    """Those of the first platform, and the annotations of the whole."""
    labels: dict[str, str] = {}
    for image in images:
        child = manifests.get(image.digest) if parsed.kind == "index" else parsed
        config = configs.get(config_of(child)) if child else None
        if config:
            labels = dict(config.labels)
            break
    return dict(list((labels | dict(parsed.annotations)).items())[:MOST_LABELS])
