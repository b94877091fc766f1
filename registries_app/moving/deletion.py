"""Deleting from a registry: what would go, and doing it by re-reading what is really gone.

A tag is removed by its name where the registry can do that. Distribution 2.8 cannot: there a
small manifest of nothing is put under the tag, so that the tag lets go of its image, and then
that manifest is deleted by its digest, which takes the tag along and nothing else.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from registries_app.content.reading import heads
from registries_app.content.scan import Scan
from registries_app.protocol import failures
from registries_app.protocol.answers import digest_of
from registries_app.protocol.manifests import Unreadable, parse
from registries_app.protocol.uploading import Writer

OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
NO_SUCH_TAG = "quarterdeck-no-such-tag"  # to see whether tags are deleted by name
LOOK_S = 60.0  # for the digests of all tags, in a job

BY_NAME, BY_REPLACING, OFF = "by_name", "by_replacing", "off"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a deletion would hit. `digests`: each with all the tags that stand for it.

    `way`: how a tag is removed there, or that nothing can be. `complete`: every tag of the
    repository was looked at, on all pages, in the time there was.
    """

    way: str
    digests: Mapping[str, tuple[str, ...]]
    tags: tuple[str, ...]  # these go
    kept: tuple[str, ...]  # tags of the same images that stay
    missing: tuple[str, ...]  # asked for, but not there
    complete: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """What became of one deletion: the tags that are gone, and what was not as it should be."""

    tags: tuple[str, ...] = ()
    still_listed: tuple[str, ...] = ()  # their image is gone, but the list still has the name
    lost: tuple[str, ...] = ()  # gone although they should have stayed


def preview(
    client: Writer,
    repository: str,
    *,
    tags: Collection[str] = (),
    digests: Collection[str] = (),
    known: Mapping[str, str] | None = None,
    seconds: float,
) -> Preview:
    """Looks at every tag, on all pages; `known` stands in for those it was too late for."""
    names = client.tags(repository)
    found = digests_of(client, repository, names.names, seconds=seconds)
    late = [name for name in names.names if name not in found]
    digest_by_tag = {name: (known or {}).get(name, "") for name in late} | found
    wanted = set(digests) | {digest_by_tag.get(tag, "") for tag in tags} - {""}
    by_digest = {
        digest: tuple(sorted(tag for tag, is_of in digest_by_tag.items() if is_of == digest))
        for digest in sorted(wanted)
    }
    there = {tag for of in by_digest.values() for tag in of}
    going = there & set(tags) if tags else there
    return Preview(
        way=way_of(client, repository),
        digests=by_digest,
        tags=tuple(sorted(going)),
        kept=tuple(sorted(there - going)),
        missing=tuple(sorted(set(tags) - there)),
        complete=names.complete and not late,
    )


def way_of(client: Writer, repository: str) -> str:
    """Found out without harm, by deleting what is not there. Raises NoAccess."""
    try:
        client.delete(repository, NO_SUCH_TAG)
    except failures.Missing:
        return BY_NAME
    except (failures.NotSupported, failures.Refused):
        return BY_REPLACING if client.can_delete(repository) else OFF
    return BY_NAME


def remove_tag(client: Writer, repository: str, tag: str, way: str, *, mark: str) -> None:
    """Only this tag. `mark` makes what is put in its place unique. Raises NotSupported."""
    if way == BY_NAME:
        with suppress(failures.Missing):
            client.delete(repository, tag)
        return
    if way == OFF:
        raise failures.NotSupported(
            failures.deletes_nothing(client.target.name), hint=failures.allow_deletion()
        )
    config, manifest = nothing_called(tag, mark)
    client.put_blob(repository, config)
    client.put_manifest(repository, tag, manifest, OCI)
    with suppress(failures.Missing):
        client.delete(repository, digest_of(manifest))


def subject_of(client: Writer, repository: str, digest: str) -> str:
    """What this manifest refers to, where the registry keeps no list of that; else ""."""
    with suppress(failures.RegistryFailed, Unreadable):  # it is deleted, readable or not
        found = client.manifest(repository, digest)
        subject = parse(found.raw, found.media_type).subject
        if subject and client.referrers(repository, subject) is None:
            return subject
    return ""


def forget_referrer(
    client: Writer, repository: str, subject: str, gone: str, *, mark: str
) -> None:
    """Takes what is gone out of the index under the tag for referrers (fact 50)."""
    tag = subject.replace(":", "-")
    with suppress(failures.Missing):
        said = json.loads(client.manifest(repository, tag).raw)
        rest = [each for each in said.get("manifests") or () if each.get("digest") != gone]
        if len(rest) == len(said.get("manifests") or ()):
            return
        if rest:
            raw = json.dumps(said | {"manifests": rest}).encode()
            client.put_manifest(repository, tag, raw, OCI_INDEX)
        else:
            remove_tag(client, repository, tag, way_of(client, repository), mark=mark)


def nothing_called(tag: str, mark: str) -> tuple[bytes, bytes]:
    """The configuration and manifest of an image of nothing, the same for each attempt."""
    config = json.dumps({"quarterdeck": {"removes": tag, "for": mark}}).encode()
    described = {"mediaType": OCI_CONFIG, "size": len(config), "digest": digest_of(config)}
    manifest = {"schemaVersion": 2, "mediaType": OCI, "config": described, "layers": []}
    return config, json.dumps(manifest).encode()


def reread(
    client: Writer, repository: str, *, gone: Collection[str], kept: Mapping[str, str]
) -> Gone:
    """What the registry says afterwards: of tags that should be gone, and of those that stay."""
    listed = _listed(client, repository)
    now = digests_of(client, repository, [*gone, *kept], seconds=LOOK_S)
    return Gone(
        tags=tuple(sorted(tag for tag in gone if not now.get(tag))),
        still_listed=tuple(tag for tag in gone if tag in listed and not now.get(tag)),
        lost=tuple(tag for tag, digest in kept.items() if now.get(tag) != digest),
    )


def digests_of(
    client: Writer, repository: str, tags: Iterable[str], *, seconds: float
) -> dict[str, str]:
    """Tag → digest, "" for one that is not there; without those that it was too late for."""
    found: dict[str, str] = {}
    with Scan(client.target, seconds=seconds) as scan:
        for (_name, tag), said in heads(scan, [(repository, tag) for tag in tags]).items():
            if isinstance(said, str):
                found[tag] = said
            elif isinstance(said, failures.Missing):
                found[tag] = ""
            elif not isinstance(said, failures.TimedOut):
                raise said
    return found


def _listed(client: Writer, repository: str) -> set[str]:
    with suppress(failures.Missing):  # some forget a repository with its last tag
        return set(client.tags(repository).names)
    return set()


def siblings(
    digest_by_tag: Mapping[str, str], removed: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The other tags of the images whose tags are removed, each with its digest."""
    touched = {digest_by_tag.get(tag) for tag in removed} - {None, ""}
    for tag, digest in digest_by_tag.items():
        if digest in touched and tag not in removed:
            yield tag, digest
