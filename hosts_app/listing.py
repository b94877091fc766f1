"""Which hosts the hosts page shows, and what is on them."""

from typing import Any

from django.db.models import Count, Q

from accounts_app.models import User
from core.listing import Term, parse
from hosts_app.models import Host, HostState
from hosts_app.selectors import hosts_for

KEYS = ("name", "label", "state", "url")
IMAGES = 50  # that the page of a host shows
HISTORY = 50  # changes of reachability that the page of a host shows


def wanted(user: User, words: str) -> list[Host]:
    """The hosts that match all filter words. Raises Invalid at `q`."""
    terms = parse(words, KEYS)
    return [host for host in hosts_for(user) if all(_matches(host, term) for term in terms)]


def container_counts(user: User) -> dict[int, tuple[int, int]]:
    """Host → (running containers, all containers), for the hosts that `user` sees."""
    here = Q(containers__gone=None)
    rows = hosts_for(user).annotate(
        total=Count("containers", filter=here),
        up=Count("containers", filter=here & Q(containers__state="running")),
    )
    return {pk: (up, total) for pk, up, total in rows.values_list("pk", "up", "total")}


def images_of(host: Host) -> tuple[list[Any], int]:
    """Its newest images, each with `used`, and how many it has in all."""
    used = Count("containers", filter=Q(containers__gone=None))
    newest = host.images.annotate(used=used).order_by("-created", "pk")
    return list(newest[:IMAGES]), host.images.count()


def history(host: Host) -> list[HostState]:
    return list(host.history.all()[:HISTORY])


def _matches(host: Host, term: Term) -> bool:
    text = term.text.lower()
    texts = {
        "name": [host.name, host.slug],
        "state": [host.state],
        "url": [host.url],
        "label": [f"{key}={value}" for key, value in host.labels.items()],
    }
    if term.key == "label" and "=" in text:  # a whole label, so that rack=1 is not rack=12
        found = text in (label.lower() for label in texts["label"])
    else:
        places = [texts[term.key]] if term.key else list(texts.values())
        found = any(text in one.lower() for place in places for one in place)
    return found != term.exclude
