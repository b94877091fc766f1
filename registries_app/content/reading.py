"""Images of a registry, read with all that describes them, for as many as are wanted at once.

Nothing of a manifest or configuration that is kept already is asked for again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from registries_app.content.scan import Scan
from registries_app.models import Manifest
from registries_app.protocol import answers
from registries_app.protocol.details import assemble, children_of, config_of
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import RegistryFailed, TooLarge, not_read, too_much
from registries_app.protocol.manifests import (
    Config,
    Parsed,
    Unreadable,
    moment,
    parse,
    parse_config,
)

MOST_HELD = 64 << 20  # bytes of what is read together
MOST_KEPT_CONFIG = 1 << 20  # bytes; a usual one has a hundredth of that
EMPTY_CONFIG = b"{}"
Place = tuple[str, str]  # a repository, and a tag or digest in it


@dataclass(slots=True)
class Found:
    """`digests`: what each place stands for, or why that is not known. `rows`: unsaved."""

    digests: dict[Place, str | RegistryFailed] = field(default_factory=dict)
    rows: dict[str, Manifest] = field(default_factory=dict)


def read(scan: Scan, places: Iterable[Place]) -> Found:
    """Get each place's manifest; then what its index names, and the configurations."""
    work = _Work(scan)
    found = Found()
    for place, got in scan.each(work.manifest, places):
        found.digests[place] = got if isinstance(got, RegistryFailed) else got.digest
        if isinstance(got, answers.Manifest):
            work.take(place[0], got)
    found.rows = work.rows()
    return found


def heads(scan: Scan, places: Iterable[Place]) -> dict[Place, str | RegistryFailed]:
    """The digests that tags stand for now; no manifest is read where HEAD is answered."""
    return scan.all(_head, places)


def _head(client: Client, place: Place) -> str:
    return client.head(*place)


@dataclass(slots=True)
class _Piece:
    repository: str
    got: answers.Manifest
    parsed: Parsed | None  # None: these bytes say nothing that we understand


class _Work:
    """What one reading has in its hands."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._pieces: dict[str, _Piece] = {}
        self._held = 0

    def manifest(self, client: Client, place: Place) -> answers.Manifest:
        if self._held > MOST_HELD:
            raise TooLarge(too_much(client.target.name, MOST_HELD), hint=not_read())
        got = client.manifest(*place)
        self._held += len(got.raw)
        return got

    def config(self, client: Client, place: Place) -> bytes:
        if self._held > MOST_HELD:
            raise TooLarge(too_much(client.target.name, MOST_HELD), hint=not_read())
        raw = client.blob(*place, most=MOST_KEPT_CONFIG)
        self._held += len(raw)
        return raw

    def take(self, repository: str, got: answers.Manifest) -> None:
        if got.digest not in self._pieces:
            self._pieces[got.digest] = _Piece(repository, got, _parsed(got))

    def rows(self) -> dict[str, Manifest]:
        """Manifests, those that indexes name included, that are not kept whole already."""
        kept = kept_of(self._pieces)
        new = {digest: piece for digest, piece in self._pieces.items() if digest not in kept}
        wanted = {
            child: piece.repository
            for piece in new.values()
            if piece.parsed
            for child in children_of(piece.parsed)
        }
        known = kept_of(wanted)
        missing = [
            (repository, child)
            for child, repository in wanted.items()
            if child not in known and child not in self._pieces
        ]
        for place, got in self._scan.each(self.manifest, missing):
            if isinstance(got, answers.Manifest):
                self.take(place[0], got)
                new[got.digest] = self._pieces[got.digest]
        return self._rows(new, known)

    def _rows(
        self, new: Mapping[str, _Piece], known: Mapping[str, Manifest]
    ) -> dict[str, Manifest]:
        statements = {
            entry.digest
            for piece in new.values()
            if piece.parsed
            for entry in piece.parsed.entries
            if entry.is_attestation
        }
        wanted = [
            (piece.repository, config_of(piece.parsed))
            for digest, piece in new.items()
            if piece.parsed and config_of(piece.parsed) and digest not in statements
        ]
        raws = self._scan.all(self.config, wanted)
        configs: dict[str, Config] = {}
        bytes_of: dict[str, bytes] = {}
        for (_repository, digest), raw in raws.items():
            if isinstance(raw, bytes):
                bytes_of[digest] = raw
                configs[digest] = _config(raw)
        manifests = {digest: piece.parsed for digest, piece in new.items() if piece.parsed}
        for digest, row in known.items():
            again = parsed_of(row)
            if again:
                manifests[digest] = again
                if row.config is not None:
                    configs[config_of(again)] = _config(bytes(row.config))
        make = partial(_row, manifests=manifests, configs=configs, raws=bytes_of)
        return {digest: make(piece, digest in statements) for digest, piece in new.items()}


def _row(
    piece: _Piece,
    statement: bool,  # noqa: FBT001 - what an index says of it
    *,
    manifests: Mapping[str, Parsed],
    configs: Mapping[str, Config],
    raws: Mapping[str, bytes],
) -> Manifest:
    got, parsed = piece.got, piece.parsed
    row = Manifest(digest=got.digest, media_type=got.media_type[:200], raw=got.raw)
    if parsed is None:
        row.kind = "unreadable"
        return row
    facts = assemble(got.digest, parsed, manifests, configs)
    config = config_of(parsed)
    lacks_config = bool(config) and config not in configs and not statement
    row.kind = "statement" if statement else parsed.kind
    row.media_type = (parsed.media_type or got.media_type)[:200]
    row.size, row.created = facts["size"], moment(facts["created"])
    row.platforms, row.attestations = facts["platforms"], facts["attestations"]
    row.labels, row.subject = facts["labels"], facts["subject"]
    row.artifact = (facts["artifact"] or "")[:200]
    row.config = raws.get(config)
    row.complete = not lacks_config and not any(each["missing"] for each in row.platforms)
    return row


def kept_of(digests: Iterable[str]) -> dict[str, Manifest]:
    """Rows of these digests that are whole: they are never read again."""
    rows: dict[str, Manifest] = {}
    wanted = list(digests)
    for at in range(0, len(wanted), 500):
        found = Manifest.objects.filter(digest__in=wanted[at : at + 500], complete=True)
        rows |= {row.digest: row for row in found}
    return rows


def parsed_of(row: Manifest) -> Parsed | None:
    """What its bytes say, or None."""
    try:
        return parse(bytes(row.raw), row.media_type)
    except Unreadable:
        return None


def config_kept(row: Manifest) -> Config | None:
    """The configuration that is kept with an image, or None."""
    return None if row.config is None else _config(bytes(row.config))


def _parsed(got: answers.Manifest) -> Parsed | None:
    try:
        return parse(got.raw, got.media_type)
    except Unreadable:
        return None


def _config(raw: bytes) -> Config:
    try:
        return parse_config(raw)
    except Unreadable:
        return Config()
