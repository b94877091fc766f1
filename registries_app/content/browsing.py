"""What a reader looks at, as fresh as he may expect: each asks the registry within PAGE_S."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.utils.timezone import now

from accounts_app.models import User
from core.limits import AtOnce
from core.listing import Page
from registries_app.content import index, looking, native
from registries_app.content import rows as browse_rows
from registries_app.content.rows import Listing, Query, Row
from registries_app.content.scan import Scan
from registries_app.models import Index, Registry, Repository
from registries_app.selectors import repositories_of, repository_known, tags_of

MOST_UNKNOWN = 100  # tags that a page has looked at although it does not show them
COUNTED_FRESH = timedelta(seconds=60)


PageOf = Callable[[int], Page]
"""The page asked for, of so many rows."""
READS = AtOnce(each=4, in_all=8)  # each keeps one of the 16 threads of requests waiting


@contextmanager
def looking_at(user: User, registry: Registry) -> Iterator[Scan]:
    """A scan for what a request waits for. Raises TooMany, RegistryFailed."""
    with READS.place(user.pk), looking.page_scan(registry) as scan:
        yield scan


def names(registry: Registry, scan: Scan) -> Index:
    """Read the repositories' names anew, where they are not fresh. Raises RegistryFailed."""
    known = index.index_of(registry)
    short = repositories_of(registry).count() <= looking.SHORT
    if index.old(known.named_at, looking.NAMES_FRESH if short else looking.FRESH):
        looking.names(registry, scan)
    return index.index_of(registry)


def found_on_hub(words: str, scan: Scan) -> dict[str, str]:
    """Name → about, of repositories of Docker Hub: of a namespace (`grafana/`), or by words."""
    space = words.strip().partition("/")
    if space[1] and not space[2]:
        return scan.once(lambda client: native.namespace(client, space[0])).about
    return scan.once(lambda client: native.search(client, words.strip())).about


def counts(repositories: list[Repository], scan: Scan) -> None:
    """Count the tags of those that are not counted, or long ago."""
    looking.counts(scan, [row for row in repositories if index.old(row.scanned_at, COUNTED_FRESH)])


def repository(registry: Registry, name: str, scan: Scan) -> Repository:
    """Its tags' names, read anew where they are not fresh. Raises RegistryFailed, Missing."""
    known = repository_known(registry, name)
    short = known is not None and (known.tag_count or 0) <= looking.SHORT
    if known is None or index.old(
        known.scanned_at, looking.NAMES_FRESH if short else looking.FRESH
    ):
        return looking.tags(registry, name, scan)
    return known


def rows(
    user: User, repository: Repository, query: Query, page_of: PageOf, scan: Scan
) -> tuple[Listing, Page, list[Row]]:
    """The rows of a page, looked at where what they are is not known or not fresh."""
    found = browse_rows.listing(user, repository, query)
    shown = found.shown(page_of(len(found.rows)))
    wanted = [tag for row in shown for tag in row.tags]
    if found.unknown <= MOST_UNKNOWN:  # twins come together, wherever they stand
        wanted += [row.tags[0] for row in found.found if not row.digest]
    looking.digests(repository, scan, list(dict.fromkeys(wanted)))
    found = browse_rows.listing(user, repository, query)
    page = page_of(len(found.rows))
    shown = found.shown(page)
    browse_rows.describe(shown)
    return found, page, shown


def digest(registry: Registry, name: str, reference: str, scan: Scan) -> str:
    """What a tag stands for now; of a digest, itself. It is then kept, with all its parts.

    Raises RegistryFailed.
    """
    if ":" in reference:
        return looking.image(scan, name, reference)
    tag = tags_of(registry, name).filter(name=reference).first()
    if tag and tag.digest and not index.old(tag.seen_at, looking.FRESH):
        return looking.image(scan, name, tag.digest)
    found = scan.once(lambda client: client.head(name, reference))
    if tag:
        index.keep_digests({tag: found})
    return looking.image(scan, name, found)


def as_of(repositories: list[Repository], at: datetime | None) -> datetime | None:
    """The age of the oldest of what is shown."""
    known = [row.scanned_at for row in repositories if row.scanned_at]
    return min([*known, at or now()])
