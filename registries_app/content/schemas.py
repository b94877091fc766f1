"""What is in a registry, as the API tells it."""

from datetime import datetime
from typing import Any

import orjson
from pydantic import Field

from core.api import Filters, Out
from core.masking import masked_instruction, masked_variables
from registries_app.content.rows import Row
from registries_app.models import Manifest, Repository
from registries_app.usage import Use


class RepositoryOut(Out):
    name: str
    tags: int | None = Field(description="How many; null where nobody has counted them")
    pinned: bool
    error: str = Field(description="Why its tags could not be counted")


class Attestation(Out):
    digest: str
    of: str = Field(description="The platform that it is about")
    names: list[str] = Field(description="provenance, SBOM, …")


class UseOut(Out):
    host: str
    id: str
    name: str


class TagRowOut(Out):
    """An image with all its tags; or, with an empty digest, a tag that could not be looked at."""

    digest: str
    tags: list[str]
    platforms: list[str]
    attestations: list[Attestation]
    signatures: list[str] = Field(description="By their tags: signature, attestation, SBOM")
    size: int | None = Field(description="Compressed bytes of all platforms, each layer once")
    sizes: dict[str, int | None] = Field(description="Compressed bytes by platform")
    created: datetime | None
    pushed: datetime | None = Field(description="Where the registry tells it")
    media_type: str
    labels: dict[str, str]
    used_by: list[UseOut]
    behind: list[UseOut] = Field(
        description="Running containers of one of its tags with another image"
    )
    error: str


class Platform(Out):
    platform: str
    digest: str
    size: int | None
    created: datetime | None
    layers: list[tuple[str, int]] = Field(description="Digest and compressed bytes of each")
    missing: bool = Field(description="The index names it, but the registry does not have it")


class ManifestOut(Out):
    digest: str
    media_type: str
    kind: str = Field(description="index, image, schema1, artifact, statement or unreadable")
    size: int | None
    created: datetime | None
    platforms: list[Platform]
    attestations: list[Attestation]
    labels: dict[str, str]
    artifact: str
    subject: str
    manifest: Any = Field(description="As the registry stores it")
    config: Any = Field(description="Of an image; values of its variables are hidden")


class RepositoryFilters(Filters):
    """Words of names, and the usual."""


class TagFilters(Filters):
    repository: str
    state: str = Field("", description="used, behind, multi or signed")


def repository_out(row: Repository) -> RepositoryOut:
    return RepositoryOut(name=row.name, tags=row.tag_count, pinned=row.pinned, error=row.error)


def row_out(row: Row) -> TagRowOut:
    found = row.manifest
    platforms = found.platforms if found and found.kind != "artifact" else []
    names = [each["platform"] for each in platforms if each["platform"]]
    return TagRowOut(
        digest=row.digest,
        tags=row.names,
        platforms=list(dict.fromkeys(names)),
        attestations=[Attestation(**each) for each in (found.attestations if found else [])],
        signatures=row.marks,
        size=found.size if found else None,
        sizes={each["platform"]: each["size"] for each in platforms if each["platform"]},
        created=found.created if found else None,
        pushed=row.pushed,
        media_type=found.media_type if found else "",
        labels=found.labels if found else {},
        used_by=[use_out(use) for use in row.used_by],
        behind=[use_out(use) for use in row.behind],
        error=row.error,
    )


def use_out(use: Use) -> UseOut:
    return UseOut(host=use.host.slug, id=use.container_id, name=use.container_name)


def manifest_out(row: Manifest) -> ManifestOut:
    return ManifestOut(
        digest=row.digest,
        media_type=row.media_type,
        kind=row.kind,
        size=row.size,
        created=row.created,
        platforms=[Platform(**each) for each in row.platforms],
        attestations=[Attestation(**each) for each in row.attestations],
        labels=row.labels,
        artifact=row.artifact,
        subject=row.subject,
        manifest=json_of(bytes(row.raw)),
        config=masked_config(bytes(row.config)) if row.config is not None else None,
    )


def masked_config(raw: bytes) -> Any:
    """A configuration whose variables keep their names only (F3)."""
    said = json_of(raw)
    for part in ("config", "container_config"):
        run = said.get(part) if isinstance(said, dict) else None
        if isinstance(run, dict) and isinstance(run.get("Env"), list):
            run["Env"] = masked_variables(run["Env"])
    history = said.get("history") if isinstance(said, dict) else None
    for step in history if isinstance(history, list) else []:
        if isinstance(step, dict) and isinstance(step.get("created_by"), str):
            step["created_by"] = masked_instruction(step["created_by"])
    return said


def json_of(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
