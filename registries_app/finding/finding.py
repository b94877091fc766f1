"""Search everywhere: which registries hold a tag, digest or name, which hosts have it, where it
runs. From what is kept of them; nobody is asked."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from django.db.models import Q

from accounts_app.models import User
from engine.reference import BadReference, parse
from hosts_app.selectors import host_ids
from registries_app.models import Repository, Tag
from registries_app.usage import Kept, Use, kept_by, seen_by, uses_of

MOST = 200  # images of one answer
MOST_TAGS = 2000  # that are read for it
HEX = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})")


@dataclass(slots=True)
class Found:
    """An image in one repository of a registry, or one that only hosts have: then without."""

    slug: str = ""  # of the registry
    domain: str = ""
    repository: str = ""  # or what hosts call it
    digest: str = ""  # "" where nobody has looked yet
    tags: list[str] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    @property
    def references(self) -> set[str]:
        return {f"{self.domain}/{self.repository}:{tag}" for tag in self.tags}

    @property
    def url(self) -> str:
        """Its page, where a registry has it."""
        if not self.slug:
            return ""
        tail = f"-/{self.digest}/" if self.digest else ""
        return f"/registries/{self.slug}/{self.repository}/{tail}"


def find(user: User, text: str) -> tuple[list[Found], bool]:
    """What matches every word of `text`, and whether that is all."""
    words = text.lower().split()
    if not words:
        return [], True
    found, whole = _in_registries(words)
    hosts = host_ids(user)
    digests = {each.digest for each in found if each.digest}
    on_hosts = [each for each in kept_by(words, digests) if each.host.pk in hosts]
    digests |= {digest for kept in on_hosts for digest in kept.digests}
    references = {name for each in found for name in each.references}
    references |= {name for kept in on_hosts for name in _full(kept.tags)}
    uses = seen_by(user, uses_of(digests, references))
    for each in found:
        names = each.references
        each.kept = [kept for kept in on_hosts if each.digest and each.digest in kept.digests]
        each.uses = [
            use
            for use in uses
            if (each.digest and use.image_digest == each.digest) or use.reference in names
        ]
    told = {(kept.host.pk, kept.image_id) for each in found for kept in each.kept}
    found += _only_on_hosts([k for k in on_hosts if (k.host.pk, k.image_id) not in told], uses)
    return found[:MOST], whole and len(found) <= MOST


def _in_registries(words: list[str]) -> tuple[list[Found], bool]:
    """By tag and digest; repositories of that name whose tags nobody has read come last."""
    tags = Tag.objects.filter(kind=Tag.Kind.TAG).select_related("repository__registry")
    rows = Repository.objects.filter(tags=None).select_related("registry")
    for word in words:
        tags = tags.filter(_tag_matches(word))
        rows = rows.filter(Q(name__icontains=word) | Q(registry__domain__icontains=word))
    by_image: dict[tuple[int, str], Found] = {}
    read = list(tags.order_by("repository__name", "name")[: MOST_TAGS + 1])
    for tag in read[:MOST_TAGS]:
        repository, registry = tag.repository, tag.repository.registry
        one = by_image.setdefault(
            (repository.pk, tag.digest or tag.name),
            Found(registry.slug, registry.domain, repository.name, tag.digest),
        )
        one.tags.append(tag.name)
    named = [Found(row.registry.slug, row.registry.domain, row.name) for row in rows[: MOST + 1]]
    return [*by_image.values(), *named], len(read) <= MOST_TAGS


def _tag_matches(word: str) -> Q:
    found = (
        Q(name__icontains=word)
        | Q(repository__name__icontains=word)
        | Q(repository__registry__domain__icontains=word)
    )
    repository, colon, tag = word.rpartition(":")
    if colon and repository:
        path = repository.rpartition("/")[2] if "." in repository else repository
        found |= Q(repository__name__iendswith=path, name__istartswith=tag)
    if match := HEX.fullmatch(word):
        found |= Q(digest__startswith=f"sha256:{match[1]}")
    return found


def _only_on_hosts(kept: list[Kept], uses: list[Use]) -> list[Found]:
    by_image: dict[str, Found] = {}
    for each in kept:
        digest = each.digests[0] if each.digests else ""
        one = by_image.setdefault(each.image_id, Found(repository=each.name, digest=digest))
        one.kept.append(each)
    for use in uses:
        one = by_image.get(use.image_id, Found())
        if any(each.host.pk == use.host.pk for each in one.kept):
            one.uses.append(use)
    return list(by_image.values())


def _full(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        with suppress(BadReference):
            yield str(parse(name).with_default_tag())
