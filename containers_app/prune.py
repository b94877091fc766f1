"""Which containers a prune would remove."""

from dataclasses import dataclass

from accounts_app.models import Role, User
from containers_app.listing import Query, narrowed
from containers_app.models import Container
from containers_app.selectors import containers_for
from hosts_app.selectors import host_ids

STOPPED = ("exited", "dead", "created")
MOST = 2000  # in one preview; the rest is there for the next


@dataclass(frozen=True, slots=True)
class Prunable:
    """A stopped container, and what its writable layer takes: None where nobody knows."""

    container: Container
    size_bytes: int | None


def prunable(user: User, query: Query) -> list[Container]:
    """Stopped, not locked, on answering hosts where `user` is an operator; by host and name."""
    rows = narrowed(containers_for(user), query).filter(
        state__in=STOPPED, locked_at=None, host__in=host_ids(user, Role.OPERATOR)
    )
    found = rows.order_by("host__name", "name")[:MOST]
    return [each for each in found if not each.stale]
