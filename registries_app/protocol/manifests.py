"""Reading manifests and configurations that strangers wrote: all kinds, all fields doubted.

Nothing here asks anybody. Whatever is missing, odd or hostile becomes None or "", never an error,
except for what is no manifest at all (Unreadable).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from core.text import visible

MOST_MANIFEST = 4 << 20  # bytes: what the OCI specification asks of registries
MOST_CONFIG = 8 << 20
MOST_PARTS = 1000  # layers, entries or steps of one image; engines allow 127 layers
MOST_TEXT = 4096  # characters of one text
MOST_BYTES = 1 << 50  # of one layer: a larger size is a lie
OLDEST_YEAR = 1981  # reproducible builds say 1970 or 1980, an unset time the year 1

INDEX_TYPES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
MANIFEST_TYPES = {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
}
SCHEMA1_TYPES = {
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
}
IMAGE_CONFIGS = {
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
}
REFERENCE_TYPE = "vnd.docker.reference.type"
REFERENCE_DIGEST = "vnd.docker.reference.digest"
PREDICATE = "in-toto.io/predicate-type"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?")


class Unreadable(Exception):
    """These bytes are no manifest or configuration that we know."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Something that a manifest names by its digest; `size_bytes` as it claims."""

    digest: str
    size_bytes: int = 0
    media_type: str = ""
    platform: str = ""  # "" where the entry does not say
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def attests(self) -> str:
        """The digest of the image that this entry is an attestation of, or ""."""
        if self.annotations.get(REFERENCE_TYPE) == "attestation-manifest":
            return self.annotations.get(REFERENCE_DIGEST, "")
        return ""

    @property
    def is_attestation(self) -> bool:
        """By the annotation first; an entry for no platform is none that anybody runs."""
        return (
            self.annotations.get(REFERENCE_TYPE) == "attestation-manifest"
            or self.platform == "unknown/unknown"
        )


@dataclass(frozen=True, slots=True)
class Parsed:
    """A manifest. `kind`: index, image, schema1 (an old image) or artifact (no image)."""

    kind: str
    media_type: str
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    entries: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    artifact_type: str = ""
    platform: str = ""  # schema1 says it here

    @property
    def predicates(self) -> list[str]:
        """What the statements of an attestation are about."""
        found = [layer.annotations.get(PREDICATE, "") for layer in self.layers]
        return list(dict.fromkeys(name for name in found if name))


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an image's history."""

    instruction: str
    created: datetime | None
    empty: bool  # it made no layer


@dataclass(frozen=True, slots=True)
class Config:
    """How an image runs, and how it came to be."""

    created: datetime | None = None
    author: str = ""
    platform: str = ""
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    user: str = ""
    directory: str = ""
    stop_signal: str = ""
    history: tuple[Step, ...] = ()


# -- Reading ------------------------------------------------------------------------------------


def parse(raw: bytes, content_type: str = "") -> Parsed:
    """What this manifest says. Its own media type wins over the header's. Raises Unreadable."""
    said = _object(raw, MOST_MANIFEST)
    media_type = _text(said.get("mediaType")) or content_type.partition(";")[0].strip().lower()
    if said.get("schemaVersion") == 1 or media_type in SCHEMA1_TYPES:
        return _schema1(said, media_type)
    if media_type in INDEX_TYPES or (media_type not in MANIFEST_TYPES and "manifests" in said):
        return Parsed(
            "index",
            media_type,
            entries=tuple(_descriptors(said.get("manifests"))),
            annotations=_texts(said.get("annotations")),
            subject=_subject(said),
            artifact_type=_text(said.get("artifactType")),
        )
    if media_type not in MANIFEST_TYPES and "layers" not in said and "blobs" not in said:
        raise Unreadable("neither layers nor manifests")
    config = _descriptor(said.get("config"))
    layers = tuple(_descriptors(said.get("layers") or said.get("blobs")))
    artifact_type = _text(said.get("artifactType"))
    if not artifact_type and config and config.media_type not in IMAGE_CONFIGS:
        artifact_type = config.media_type
    is_image = config is not None and config.media_type in IMAGE_CONFIGS and not artifact_type
    return Parsed(
        "image" if is_image else "artifact",
        media_type,
        config=config,
        layers=layers,
        annotations=_texts(said.get("annotations")),
        subject=_subject(said),
        artifact_type=artifact_type,
    )


def parse_config(raw: bytes) -> Config:
    """An image's configuration. Raises Unreadable for what is no JSON object."""
    said = _object(raw, MOST_CONFIG)
    run = said.get("config")
    run = run if isinstance(run, dict) else {}
    return Config(
        created=moment(said.get("created")),
        author=_text(said.get("author")),
        platform=platform_text(said),
        env=_list(run.get("Env")),
        entrypoint=_list(run.get("Entrypoint")),
        command=_list(run.get("Cmd")),
        labels=_texts(run.get("Labels")),
        ports=_keys(run.get("ExposedPorts")),
        volumes=_keys(run.get("Volumes")),
        user=_text(run.get("User")),
        directory=_text(run.get("WorkingDir")),
        stop_signal=_text(run.get("StopSignal")),
        history=tuple(_steps(said.get("history"))),
    )


def moment(value: Any) -> datetime | None:
    """A time with any number of decimals; None for none, or for one that says nothing."""
    match = MOMENT.fullmatch(value) if isinstance(value, str) and len(value) < 64 else None
    if match is None:
        return None
    try:
        zone = (match[3] or "Z").replace("Z", "+00:00")
        decimals = f".{match[2][:6].ljust(6, '0')}" if match[2] else ""
        at = datetime.fromisoformat(f"{match[1]}{decimals}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year >= OLDEST_YEAR else None


def platform_text(said: Any) -> str:
    """linux/arm64/v8; with the version of Windows, which alone tells its entries apart."""
    if not isinstance(said, dict):
        return ""
    system, machine = _word(said.get("os")), _word(said.get("architecture"))
    if not system and not machine:
        return ""
    parts = [system or "unknown", machine or "unknown", _word(said.get("variant"))]
    version = _word(said.get("os.version"))
    text = "/".join(part for part in parts if part)
    return f"{text} {version}" if version else text


def size_of(layers: tuple[Descriptor, ...]) -> int:
    """Compressed bytes; a layer that is there twice is stored and pulled once."""
    return sum({layer.digest: layer.size_bytes for layer in layers}.values())


def paired(layers: tuple[Descriptor, ...], history: tuple[Step, ...]) -> list[Step | None]:
    """The step that made each layer; all None where the history does not fit the layers."""
    made = [step for step in history if not step.empty]
    return list(made) if len(made) == len(layers) else [None] * len(layers)


def instruction(text: str) -> str:
    """A line of history as its Dockerfile had it, as far as one can tell."""
    text = text.strip().removesuffix("# buildkit").strip()
    if text.startswith("RUN /bin/sh -c "):
        return f"RUN {text.removeprefix('RUN /bin/sh -c ')}"
    if text.startswith("/bin/sh -c "):
        rest = text.removeprefix("/bin/sh -c ").strip()
        if rest.startswith("#(nop)"):
            return rest.removeprefix("#(nop)").strip()
        return f"RUN {rest}"
    return text


# -- Parts --------------------------------------------------------------------------------------


def _object(raw: bytes, most: int) -> dict[str, Any]:
    if len(raw) > most:
        raise Unreadable(f"more than {most} bytes")
    try:
        said = orjson.loads(raw)  # which refuses what is nested too deeply
    except orjson.JSONDecodeError as error:
        raise Unreadable(str(error)) from error
    if not isinstance(said, dict):
        raise Unreadable("no JSON object")
    return said


def _schema1(said: dict[str, Any], media_type: str) -> Parsed:
    """The oldest form: no sizes, and its first layer is named last."""
    layers = said.get("fsLayers")
    sums = [each.get("blobSum") for each in _some(layers) if isinstance(each, dict)]
    machine = _word(said.get("architecture"))
    return Parsed(
        "schema1",
        media_type or "application/vnd.docker.distribution.manifest.v1+json",
        layers=tuple(
            Descriptor(digest) for digest in reversed(sums) if isinstance(digest, str)
            if DIGEST.fullmatch(digest)
        ),
        platform=f"linux/{machine}" if machine else "",
    )  # fmt: skip


def _descriptors(said: Any) -> Iterator[Descriptor]:
    for each in _some(said):
        if found := _descriptor(each):
            yield found


def _descriptor(said: Any) -> Descriptor | None:
    if not isinstance(said, dict):
        return None
    digest = said.get("digest")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        return None
    return Descriptor(
        digest,
        _size(said.get("size")),
        _word(said.get("mediaType")),
        platform_text(said.get("platform")),
        _word(said.get("artifactType")),
        _texts(said.get("annotations")),
    )


def _size(said: Any) -> int:
    if not isinstance(said, int) or isinstance(said, bool):
        return 0
    return said if 0 <= said <= MOST_BYTES else 0


def _subject(said: dict[str, Any]) -> str:
    found = _descriptor(said.get("subject"))
    return found.digest if found else ""


def _steps(said: Any) -> Iterator[Step]:
    for each in _some(said):
        if isinstance(each, dict):
            made = instruction(_text(each.get("created_by")) or _text(each.get("comment")))
            yield Step(made, moment(each.get("created")), each.get("empty_layer") is True)


def _some(said: Any) -> list[Any]:
    return said[:MOST_PARTS] if isinstance(said, list) else []


def _text(said: Any) -> str:
    return visible(said, MOST_TEXT) if isinstance(said, str) else ""


def _word(said: Any) -> str:
    return visible(said, 200) if isinstance(said, str) else ""


def _list(said: Any) -> tuple[str, ...]:
    if isinstance(said, str):
        return (_text(said),)
    return tuple(_text(each) for each in _some(said) if isinstance(each, str))


def _keys(said: Any) -> tuple[str, ...]:
    return tuple(_text(key) for key in list(said)[:MOST_PARTS]) if isinstance(said, dict) else ()


def _texts(said: Any) -> dict[str, str]:
    if not isinstance(said, dict):
        return {}
    pairs = list(said.items())[:MOST_PARTS]
    return {_text(key): _text(value) for key, value in pairs if isinstance(value, str)}
