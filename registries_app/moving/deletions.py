"""What a user may ask of images in registries: deleting them, after a look at what would go.

Registries belong to no host: who changes what is on one must be an operator of all hosts, since
any host may run what is there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.errors import Invalid
from hosts_app.selectors import require_everywhere
from jobs_app.models import Job
from jobs_app.services import Wish, ask
from registries_app.models import Registry
from registries_app.moving import (
    delete_tasks,  # noqa: F401 - its deeds are registered there
    deletion,
)
from registries_app.moving.deletion import Preview
from registries_app.moving.own_api import writer_of
from registries_app.protocol.manifests import DIGEST
from registries_app.protocol.tags import is_repository, is_tag
from registries_app.selectors import platforms_of, registry_named, tags_of
from registries_app.usage import Use, seen_by, uses_of

MOST_AT_ONCE = 200  # tags or images of one deletion
PREVIEW_S = 8.0  # for looking at all tags, in a request
KNOWN = timedelta(days=7)  # what we saw of a tag so long ago stands in where time is short


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tags only, or images by digest with all their tags: one of the two."""

    repository: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    seen: Mapping[str, str] | None = None  # tag → digest, as the reader saw them


@dataclass(frozen=True, slots=True)
class Hit:
    """What would go, and who uses it, as far as the reader sees them."""

    preview: Preview
    uses: list[Use]
    breaks: dict[str, list[str]]  # tag → platforms that its image would lack


def preview_deletion(actor: User, slug: str, wanted: Wanted) -> Hit:
    """Ask the registry; changes nothing. Raises RegistryFailed."""
    registry = _registry(actor, slug)
    validate(wanted)
    known = tags_of(registry, wanted.repository).filter(seen_at__gt=now() - KNOWN)
    with writer_of(registry) as client:
        found = deletion.preview(
            client,
            wanted.repository,
            tags=wanted.tags,
            digests=wanted.digests,
            known=dict(known.values_list("name", "digest")),
            seconds=PREVIEW_S,
        )
    breaks = _broken(registry, wanted.repository, wanted.digests)
    return Hit(found, _uses(actor, registry, wanted.repository, found), breaks)


def delete(actor: User, slug: str, wanted: Wanted, *, idempotency_key: str = "") -> Job:
    """Ask for the Job that deletes it."""
    registry = _registry(actor, slug)
    validate(wanted)
    name = f"{registry.domain}/{wanted.repository}"
    said = {"registry": registry.slug, "repository": wanted.repository}
    if wanted.tags:
        tail = wanted.tags[0] if len(wanted.tags) == 1 else f"{{{','.join(wanted.tags)}}}"
        params = said | {"tags": list(wanted.tags), "seen": dict(wanted.seen or {})}
        wish = Wish("registry.untag", None, registry.slug, f"{name}:{tail}"[:255], params)
    else:
        tail = wanted.digests[0][:19] if len(wanted.digests) == 1 else f"{len(wanted.digests)}×"
        params = said | {"digests": list(wanted.digests)}
        wish = Wish("registry.remove", None, registry.slug, f"{name}@{tail}"[:255], params)
    return ask(actor, wish, idempotency_key=idempotency_key)


def validate(wanted: Wanted) -> None:
    """Raises Invalid at the field that is wrong."""
    _repository(wanted.repository, "repository")
    if bool(wanted.tags) == bool(wanted.digests):
        raise Invalid.field("tags", _("Name either tags or digests."))
    _few(wanted.tags, "tags")
    _few(wanted.digests, "digests")
    for tag in wanted.tags:
        if not is_tag(tag):
            raise Invalid.field("tags", _("Not a tag: %(text)s") % {"text": tag[:80]})
    for digest in wanted.digests:
        if not DIGEST.fullmatch(digest):
            raise Invalid.field("digests", _("Not a digest: %(text)s") % {"text": digest[:80]})


def _broken(registry: Registry, repository: str, going: Collection[str]) -> dict[str, list[str]]:
    """Images of several platforms that stay and would lack one (fact 47), as far as we know."""
    by_digest: dict[str, list[str]] = {}
    for name, digest in tags_of(registry, repository).values_list("name", "digest"):
        if digest not in going:
            by_digest.setdefault(digest, []).append(name)
    return {
        tag: lacking
        for digest, platforms in platforms_of(by_digest)
        if (lacking := [each["platform"] for each in platforms if each["digest"] in going])
        for tag in by_digest[digest]
    }


def _few(names: Collection[str], field: str) -> None:
    if len(names) > MOST_AT_ONCE:
        raise Invalid.field(field, _("At most %(n)d at a time.") % {"n": MOST_AT_ONCE})


def _repository(name: str, field: str) -> None:
    if not is_repository(name):
        raise Invalid.field(field, _("Not the name of a repository: team/app."))


def _registry(actor: User, slug: str) -> Registry:
    """Raises NotFound, and Forbidden unless `actor` may change what is on registries."""
    registry = registry_named(actor, slug)
    require_everywhere(actor, Role.OPERATOR)
    return registry


def _uses(actor: User, registry: Registry, repository: str, found: Preview) -> list[Use]:
    name = f"{registry.domain}/{repository}"
    digests = [digest for digest, tags in found.digests.items() if set(tags) <= set(found.tags)]
    return seen_by(actor, uses_of(digests, [f"{name}:{tag}" for tag in found.tags]))
