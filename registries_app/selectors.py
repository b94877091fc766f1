"""Registries as they are stored."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import NotFound
from engine.reference import parse
from registries_app.models import Index, Manifest, Registry, Repository, Tag
from registries_app.protocol.targets import HUB_DOMAIN

HUB_TRIAL = "ratelimitpreview/test"  # Docker's own, to ask how many pulls are left


def registries_for(_user: User) -> QuerySet[Registry]:
    """Everybody who is signed in may know which registries there are; secrets are not told."""
    return Registry.objects.select_related("mirror_of")


def registry_named(user: User, slug: str) -> Registry:
    """Raises NotFound."""
    found = registries_for(user).filter(slug=slug).first()
    if found is None:
        raise NotFound(_("There is no such registry."))
    return found


def registry_for_reference(reference: str) -> Registry | None:
    """The registry that this image's name is of, by its exact host and port (E6).

    Of several records of one server, the first that signs in. Raises BadReference.
    """
    return registry_of_domain(parse(reference).domain)


def registry_of_domain(domain: str) -> Registry | None:
    """A mirror's own record only where its server has no other."""
    found = list(Registry.objects.filter(domain=domain.lower()).order_by("pk"))
    found = [each for each in found if each.mirror_of_id is None] or found
    return next((each for each in found if each.signs_in), found[0] if found else None)


def mirrors_of_domain(domain: str) -> list[Registry]:
    """Those that serve this registry's images, in the order in which pulls try them."""
    found = Registry.objects.filter(mirror_of__domain=domain.lower()).select_related("mirror_of")
    return list(found.order_by(F("mirror_chosen").desc(nulls_last=True), "name"))


def repositories_of(registry: Registry) -> QuerySet[Repository]:
    """Those that it lists, and those that somebody pinned."""
    return Repository.objects.filter(registry=registry).filter(Q(listed=True) | Q(pinned=True))


def repository_known(registry: Registry, name: str) -> Repository | None:
    """Its row, where anybody ever looked at it."""
    return Repository.objects.filter(registry=registry, name=name).first()


def tags_of(registry: Registry, repository: str) -> QuerySet[Tag]:
    """The tags of a repository as they were last read; none where nobody read them."""
    return Tag.objects.filter(repository__registry=registry, repository__name=repository)


def manifests_of(repository: Repository) -> Iterable[tuple[str, datetime | None, int | None, str]]:
    """(digest, created, size, kind) of the images that are known behind its tags."""
    digests = Tag.objects.filter(repository=repository).exclude(digest="").values("digest")
    return Manifest.objects.filter(digest__in=digests).values_list(
        "digest", "created", "size", "kind"
    )


def platforms_of(digests: Iterable[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(digest, platforms) of those that are images of several, as far as they were read."""
    wanted = [each for each in digests if each]
    for at in range(0, len(wanted), 500):
        found = Manifest.objects.filter(digest__in=wanted[at : at + 500], kind="index")
        yield from found.values_list("digest", "platforms")


def manifest_kept(digest: str) -> Manifest | None:
    return Manifest.objects.filter(digest=digest).first()


def index_known(registry: Registry) -> Index:
    """How far it is known; nothing is written where it is not."""
    return Index.objects.filter(registry=registry).first() or Index(registry=registry)


def tags_total(registry: Registry) -> int:
    """Tags of all its repositories, as far as they are counted."""
    return repositories_of(registry).aggregate(n=Sum("tag_count"))["n"] or 0


def repository_to_try(registry: Registry) -> str:
    """One that is there, for a check of what does not list any; "" where none is known."""
    found = repositories_of(registry).order_by("-pinned", "name").first()
    if found:
        return found.name
    return HUB_TRIAL if registry.domain == HUB_DOMAIN else ""
