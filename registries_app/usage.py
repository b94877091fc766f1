"""Which containers use an image of a registry: told by the apps above that know containers."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from accounts_app.models import User
from hosts_app.models import Host
from hosts_app.selectors import host_ids


@dataclass(frozen=True, slots=True)
class Use:
    """A container that was made from an image, by its digest or by its name."""

    host: Host
    container_id: str
    container_name: str
    image_id: str  # as its host knows it
    reference: str  # as it was given when the container was made
    running: bool
    image_digest: str  # of the image that it really runs, in that repository; "" if not known

    @property
    def page(self) -> str:
        return f"/h/{self.host.slug}/c/{self.container_name}/"


Finder = Callable[[Collection[str], Collection[str]], Iterable[Use]]
_finders: list[Finder] = []


def provide(finder: Finder) -> None:
    """Have `finder` asked, with digests and full references (docker.io/library/nginx:1)."""
    if finder not in _finders:
        _finders.append(finder)


def uses_of(digests: Collection[str], references: Collection[str] = ()) -> list[Use]:
    """Of everybody's containers: who shows them filters by `seen_by`."""
    if not digests and not references:
        return []
    return [use for finder in _finders for use in finder(digests, references)]


def seen_by(user: User, uses: Iterable[Use]) -> list[Use]:
    """Those on hosts that `user` sees."""
    hosts = host_ids(user)
    return [use for use in uses if use.host.pk in hosts]


@dataclass(frozen=True, slots=True)
class Kept:
    """An image that a host has."""

    host: Host
    image_id: str
    name: str  # what a person calls it
    tags: tuple[str, ...]
    digests: tuple[str, ...]  # of manifests, without the names of repositories


Keeper = Callable[[Collection[str], Collection[str]], Iterable[Kept]]
_keepers: list[Keeper] = []


def provide_images(keeper: Keeper) -> None:
    """Have `keeper` asked, with words that all must match, or with digests."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def kept_by(words: Collection[str], digests: Collection[str] = ()) -> list[Kept]:
    """On everybody's hosts: who shows them filters by what the reader sees."""
    return [kept for keeper in _keepers for kept in keeper(words, digests)]
