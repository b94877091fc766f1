"""Which images a prune would remove, and which stay."""

from dataclasses import dataclass

from accounts_app.models import Role, User
from hosts_app.selectors import host_ids
from images_app.listing import DANGLING, Query, narrowed, ordered, used
from images_app.models import Image
from images_app.selectors import Using, images_for, users_of

MOST = 2000  # in one preview; the rest is there for the next
MOST_STAYING = 200  # of those that stay, named


@dataclass(frozen=True, slots=True)
class Prunable:
    """An unused image, and the bytes that no other image shares: None where nobody knows."""

    image: Image
    own_bytes: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`staying` are images in use, the first ones, with the containers that use them."""

    going: list[Prunable]
    staying: list[tuple[Image, list[Using]]]
    staying_count: int

    @property
    def least_bytes(self) -> int | None:
        """What comes back at least; None where no host tells. Layers that only they share add."""
        known = [each.own_bytes for each in self.going if each.own_bytes is not None]
        return sum(known) if known else None

    @property
    def most_bytes(self) -> int:
        return sum(each.image.size_bytes for each in self.going)


def prunable(user: User, query: Query, *, tagged: bool) -> list[Image]:
    """Unused ones on answering hosts where `user` is an operator; `tagged`: not only nameless."""
    rows = narrowed(images_for(user), query).filter(~used(), host__in=_operated(user))
    found = ordered(rows if tagged else rows.filter(DANGLING), query)
    return [each for each in found[:MOST] if not each.stale]


def staying(user: User, query: Query) -> tuple[list[tuple[Image, list[Using]]], int]:
    """Those that containers use, as `prunable` would find them: the first, and how many."""
    rows = narrowed(images_for(user), query).filter(used(), host__in=_operated(user))
    found = list(ordered(rows.defer("labels"), query)[:MOST_STAYING])
    users = users_of(found)
    return [(each, users.get(each.pk, [])) for each in found], rows.count()


def _operated(user: User) -> set[int]:
    return host_ids(user, Role.OPERATOR)
