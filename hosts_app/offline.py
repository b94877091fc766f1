"""What lists say of hosts that do not answer, and where there are none."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from core.times import age
from hosts_app.models import Host


def banners(hosts: Iterable[Host], text_of: Callable[[Host], str]) -> list[dict[str, Any]]:
    """One banner for each host whose rows are old, with their age (promise 1)."""
    return [
        {
            "slug": host.slug,
            "name": host.name,
            "text": text_of(host),
            "url": f"/hosts/{host.slug}/",
        }
        for host in hosts
        if not (host.answering or (host.state == Host.State.UNCHECKED and host.as_of is None))
    ]


def how_offline(host: Host) -> dict[str, str]:
    """The parts of a banner's text that are the host's own."""
    return {
        "host": host.name,
        "state": str(Host.State(host.state).label),
        "age": age(host.state_since, now()),
    }


def no_hosts(text: str) -> dict[str, Any]:
    """What components/_empty.html shows where there is no host yet."""
    return {
        "icon": "server",
        "title": _("No hosts yet"),
        "text": text,
        "action": _("Add a host"),
        "url": "/hosts/new/",
        "primary": True,
    }
