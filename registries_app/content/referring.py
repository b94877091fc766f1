"""What hangs on an image: by the registry's list of referrers, or by tags (fact 56)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registries_app.content.scan import Scan
from registries_app.models import Registry, Tag
from registries_app.protocol.details import artifact_name
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import Missing, NotSupported, Refused, RegistryFailed, cannot
from registries_app.protocol.manifests import Unreadable, parse
from registries_app.protocol.tags import signed_digest
from registries_app.selectors import tags_of

MOST = 200
SUFFIXES = {".sig": "signature", ".att": "attestation", ".sbom": "SBOM"}


@dataclass(frozen=True, slots=True)
class Referrer:
    """`digest` is "" for what is known by its tag only."""

    name: str
    subject: str
    digest: str = ""
    tag: str = ""
    artifact_type: str = ""
    size: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict)


def referrers_of(
    registry: Registry, repository: str, subjects: Sequence[str], scan: Scan
) -> tuple[list[Referrer], bool]:
    """Those of an image and of its platforms; and whether the registry has a list of them.

    Raises RegistryFailed.
    """
    found: list[Referrer] = []
    supported = True

    def listed(client: Client, subject: str) -> list[Referrer]:
        answer = client.referrers(repository, subject)
        if answer is None:
            raise NotSupported(cannot(client.target.name))
        return _read(answer.raw, subject)

    for subject, said in scan.each(listed, subjects[:20]):
        if isinstance(said, list):
            found += said
        elif isinstance(said, Missing | NotSupported | Refused):
            supported = False
        elif subject == subjects[0]:
            raise said
    wanted = set(subjects)
    names = tags_of(registry, repository).filter(kind=Tag.Kind.SIGNATURE)
    plain = []
    for name in names.values_list("name", flat=True):
        if signed_digest(name) in wanted:
            suffix = name[len("sha256-") + 64 :]
            if suffix in SUFFIXES:
                found.append(Referrer(SUFFIXES[suffix], signed_digest(name), tag=name))
            elif not supported:
                plain.append(name)

    def by_tag(client: Client, name: str) -> list[Referrer]:
        return _read(client.manifest(repository, name).raw, signed_digest(name))

    for name, told in scan.each(by_tag, plain[:20]):
        if isinstance(told, RegistryFailed):
            found.append(Referrer("referrers", signed_digest(name), tag=name))
        else:
            found += told
    return found[:MOST], supported


def _read(raw: bytes, subject: str) -> list[Referrer]:
    try:
        parsed = parse(raw)
    except Unreadable:
        return []
    return [
        Referrer(
            artifact_name(entry.artifact_type) or "attestation",
            subject,
            entry.digest,
            artifact_type=entry.artifact_type,
            size=entry.size_bytes,
            annotations=entry.annotations,
        )
        for entry in parsed.entries
    ]
