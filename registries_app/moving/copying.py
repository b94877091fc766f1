"""Copying an image between any two registries: what it is made of, what is missing, and sending.

Every manifest goes as the very bytes that it was: all platforms, attestations, and what refers to
the image (signatures, SBOMs). Layers stream from one registry to the other through memory, a
piece at a time; what is there already is not sent, and what another repository of the same
server has is mounted. The tag is put last: a copy that was cut short is no image, and is finished
by doing it again.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from registries_app.content.scan import Scan
from registries_app.protocol import failures
from registries_app.protocol.answers import Answer, Manifest
from registries_app.protocol.distribution import Client
from registries_app.protocol.manifests import Descriptor, Unreadable, parse
from registries_app.protocol.uploading import PIECE, Writer

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
COSIGN = (".sig", ".att", ".sbom")  # tails of the tags that cosign makes for a digest
FOREIGN = ("foreign", "nondistributable")  # in types of layers that registries do not store
AT_ONCE = 4  # layers on their way
ATTEMPTS = 3  # for one layer
LOOK_S = 0.3
DEEPEST = 4  # indexes within indexes
MOST_MANIFESTS = 2000


class Stopped(Exception):
    """Whoever wanted the copy wants it no longer."""


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, and a tag or digest in it."""

    repository: str
    reference: str


@dataclass(slots=True)
class Survey:
    """All that an image at a registry is made of.

    `manifests` in the order in which they can be put: parts before the whole, which is last.
    `referring`: a digest, and the descriptors of what refers to it. `tags`: such as cosign makes.
    """

    digest: str
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, int] = field(default_factory=dict)
    referring: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> Manifest:
        return self.manifests[self.digest]

    @property
    def referrers(self) -> set[str]:
        """Digests of what refers to the image, by either way."""
        named = {each["digest"] for found in self.referring.values() for each in found}
        return named | set(self.tags.values())


@dataclass(slots=True)
class Plan:
    """What a copy would do. `missing` blobs are sent, or mounted where `mounts`.

    `here`: in the repository that it comes from, so that only a tag is new.
    """

    missing: dict[str, int]
    new_manifests: list[str]
    replaces: str  # the digest for which the tag stands now, where that is another; else ""
    mounts: bool
    here: bool


@dataclass(slots=True)
class Sent:
    """How far it is; `sent_bytes` of `all_bytes` that must be sent or mounted."""

    all_bytes: int
    sent_bytes: int = 0
    copied: int = 0
    mounted: int = 0
    blobs: int = 0


def survey(source: Writer, place: Place, *, seconds: float | None = None) -> Survey:
    """Ask the source what the image is made of. Raises Missing for a part that it lacks."""
    with Scan(source.target, seconds=seconds) as scan:
        whole = scan.once(lambda _client: source.manifest(place.repository, place.reference))
        found = Survey(whole.digest)
        children = _walk(scan, place.repository, [whole], found)
        _referring(source, scan, place.repository, [whole.digest, *children], found)
    return found


def plan(
    target: Writer,
    place: Place,
    found: Survey,
    *,
    mounts: bool,
    here: bool,
    seconds: float | None = None,
) -> Plan:
    """Ask the target what it has already."""
    with Scan(target.target, seconds=seconds) as scan:
        repository = place.repository
        blobs = {} if here else _lacking(scan, found.blobs, _blob_in(target, repository))
        heads = {} if here else _lacking(scan, found.manifests, _manifest_in(target, repository))
        now = scan.once(lambda _client: _standing(target, place))
    return Plan(
        missing={digest: found.blobs[digest] for digest in blobs},
        new_manifests=[digest for digest in found.manifests if digest in heads],
        replaces=now if now not in {"", found.digest} else "",
        mounts=mounts,
        here=here,
    )


def carry(
    source: Writer,
    target: Writer,
    origin: Place,
    place: Place,
    found: Survey,
    wanted: Plan,
    tell: Callable[[Sent], None],
) -> Sent:
    """Do what the plan says, and verify it. `tell` is called now and then, and may raise."""
    so_far = Sent(sum(wanted.missing.values()))
    _Blobs(source, target, origin.repository, place.repository, wanted, so_far).carry(tell)
    tell(so_far)
    for digest in wanted.new_manifests:
        if digest != found.digest:
            _put(target, place.repository, digest, found.manifests[digest])
    _put(target, place.repository, place.reference, found.whole)
    if not wanted.here:
        _put_referrers(target, place.repository, found)
    arrived = target.head(place.repository, place.reference)
    if arrived != found.digest:
        raise failures.DigestMismatch(target.target.name, found.digest)
    return so_far


# -- What it is made of -------------------------------------------------------------------------


def _walk(
    scan: Scan, repository: str, manifests: Iterable[Manifest], found: Survey, depth: int = 0
) -> list[str]:
    """Note these manifests with all their parts; the digests of platforms, not attestations."""
    platforms: list[str] = []
    for each in manifests:
        if each.digest in found.manifests:
            continue
        try:
            said = parse(each.raw, each.media_type)
        except Unreadable as error:
            raise failures.NotARegistry(scan.client.target.name) from error
        if said.entries and depth < DEEPEST:
            parts = _manifests(scan, repository, [entry.digest for entry in said.entries])
            _walk(scan, repository, parts, found, depth + 1)
            platforms += [e.digest for e in said.entries if not e.is_attestation]
        for blob in [*([said.config] if said.config else []), *said.layers]:
            if not _is_foreign(blob):
                found.blobs[blob.digest] = blob.size_bytes
        found.manifests[each.digest] = each  # after its parts
    if len(found.manifests) > MOST_MANIFESTS:
        raise failures.TooLarge(failures.too_many_parts(scan.client.target.name))
    return platforms


def _manifests(scan: Scan, repository: str, digests: Iterable[str]) -> list[Manifest]:
    def one(client: Client, digest: str) -> Manifest:
        return client.manifest(repository, digest)

    return list(_all(scan.all(one, digests)).values())


def _all(said: dict[str, Any]) -> dict[str, Any]:
    """Raises the first failure among the answers."""
    for each in said.values():
        if isinstance(each, failures.RegistryFailed):
            raise each
    return said


def _is_foreign(blob: Descriptor) -> bool:
    return any(word in blob.media_type for word in FOREIGN)


def _referring(
    source: Writer, scan: Scan, repository: str, digests: list[str], found: Survey
) -> None:
    """Signatures, SBOMs and so on, by the list of referrers or by the tags made in its stead."""

    def listed(_client: Client, digest: str) -> Manifest | None:
        return source.referrers(repository, digest)

    lists = _all(scan.all(listed, digests))
    named = [
        f"{digest.replace(':', '-')}{tail}"
        for digest in digests
        for tail in ("", *COSIGN)
        if tail or lists[digest] is None
    ]
    tags = {tag: said for tag, said in _all(scan.all(_head_in(repository), named)).items() if said}
    for digest in digests:
        index = lists[digest]
        if index is None and (fallback := tags.pop(digest.replace(":", "-"), "")):
            index = scan.client.manifest(repository, fallback)
        if index is not None and (descriptors := _descriptors(index)):
            found.referring[digest] = descriptors
            own = [each["digest"] for each in descriptors]
            _walk_before(scan, repository, own, found)
    found.tags = tags
    _walk_before(scan, repository, tags.values(), found)


def _walk_before(scan: Scan, repository: str, digests: Iterable[str], found: Survey) -> None:
    """Note what refers to the image; the image itself stays the last."""
    whole = found.manifests.pop(found.digest)
    _walk(scan, repository, _manifests(scan, repository, digests), found)
    found.manifests[found.digest] = whole


def _head_in(repository: str) -> Callable[[Client, str], str]:
    def head(client: Client, reference: str) -> str:
        with suppress(failures.Missing):
            return client.head(repository, reference)
        return ""

    return head


def _descriptors(index: Manifest) -> list[dict[str, Any]]:
    """As they stand in the index, whole: annotations belong to them."""
    with suppress(ValueError, Unreadable):
        known = {entry.digest for entry in parse(index.raw, index.media_type).entries}
        said = json.loads(index.raw).get("manifests") or []
        return [each for each in said if isinstance(each, dict) and each.get("digest") in known]
    return []


# -- What is missing ----------------------------------------------------------------------------


def _lacking(scan: Scan, digests: Iterable[str], has: Callable[[Client, str], bool]) -> set[str]:
    said = _all(scan.all(has, digests))
    return {digest for digest, there in said.items() if not there}


def _blob_in(target: Writer, repository: str) -> Callable[[Client, str], bool]:
    return lambda _client, digest: target.has_blob(repository, digest)


def _manifest_in(target: Writer, repository: str) -> Callable[[Client, str], bool]:
    head = _head_in(repository)
    return lambda _client, digest: head(target, digest) == digest


def _standing(target: Writer, place: Place) -> str:
    return _head_in(place.repository)(target, place.reference)


# -- Sending ------------------------------------------------------------------------------------


class _Blobs:
    """Several layers on their way at once; the thread that wants them tells how far they are."""

    def __init__(
        self,
        source: Writer,
        target: Writer,
        origin: str,
        repository: str,
        wanted: Plan,
        so_far: Sent,
    ) -> None:
        self._source, self._target = source, target
        self._origin, self._repository = origin, repository
        self._wanted, self._so_far = wanted, so_far
        self._stop, self._guard = threading.Event(), threading.Lock()

    def carry(self, tell: Callable[[Sent], None]) -> None:
        by_size = sorted(self._wanted.missing.items(), key=lambda each: -each[1])
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="copy")
        waiting: set[Future[None]] = {pool.submit(self._one, *each) for each in by_size}
        try:
            while waiting:
                done, waiting = wait(waiting, LOOK_S, return_when=FIRST_COMPLETED)
                for each in done:
                    each.result()
                tell(self._so_far)
        finally:
            self._stop.set()
            # nobody waits for a registry that is silent; its connection is closed with its client
            pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, digest: str, size_bytes: int) -> None:
        pieces_of = 0
        for attempt in range(1, ATTEMPTS + 1):
            if self._stop.is_set():
                raise Stopped
            begun = self._begin(digest)
            if begun.status == 201:
                self._ended(size_bytes, mounted=True)
                return
            before = _Tally()
            try:
                with self._source.opened(self._origin, digest) as incoming:
                    size = incoming.size_bytes or size_bytes
                    sent = self._counted(incoming.pieces, before)
                    self._target.upload(
                        self._repository, digest, size, sent, begun, at_a_time=pieces_of
                    )
            except failures.TooLarge:
                self._take_back(before)
                if pieces_of:
                    raise
                pieces_of = PIECE  # a proxy in between: in pieces it may take it
            except (failures.Unreachable, failures.TimedOut):
                self._take_back(before)
                if attempt == ATTEMPTS:
                    raise
            else:
                self._ended(size_bytes - before.sent_bytes, mounted=False)
                return

    def _begin(self, digest: str) -> Answer:
        if self._wanted.mounts:
            return self._target.mount(self._repository, digest, self._origin)
        return self._target.begin(self._repository)

    def _counted(self, pieces: Iterable[bytes], tally: "_Tally") -> Iterator[bytes]:
        for piece in pieces:
            if self._stop.is_set():
                raise Stopped
            tally.sent_bytes += len(piece)
            with self._guard:
                self._so_far.sent_bytes += len(piece)
            yield piece

    def _take_back(self, tally: "_Tally") -> None:
        with self._guard:
            self._so_far.sent_bytes -= tally.sent_bytes

    def _ended(self, rest_bytes: int, *, mounted: bool) -> None:
        with self._guard:
            self._so_far.blobs += 1
            self._so_far.sent_bytes += rest_bytes
            if mounted:
                self._so_far.mounted += 1
            else:
                self._so_far.copied += 1


@dataclass(slots=True)
class _Tally:
    sent_bytes: int = 0


def _put(target: Writer, repository: str, reference: str, manifest: Manifest) -> Answer:
    return target.put_manifest(repository, reference, manifest.raw, manifest.media_type)


def _put_referrers(target: Writer, repository: str, found: Survey) -> None:
    """Where the target keeps no list of them, it is kept for it, under the tag for that."""
    for tag, digest in found.tags.items():
        _put(target, repository, tag, found.manifests[digest])
    for subject, descriptors in found.referring.items():
        if target.referrers(repository, subject) is not None:
            continue
        tag = subject.replace(":", "-")
        known: list[dict[str, Any]] = []
        with suppress(failures.Missing):
            known = _descriptors(target.manifest(repository, tag))
        have = {each["digest"] for each in known}
        new = [each for each in descriptors if each["digest"] not in have]
        if new:
            index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*known, *new]}
            target.put_manifest(repository, tag, json.dumps(index).encode(), OCI_INDEX)
