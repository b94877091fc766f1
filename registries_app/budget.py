"""How many pulls a registry still gives us, as it said last; kept with its record for everybody.

Docker Hub counts GETs of manifests per account, or per address without one (fact 62). Whoever
talks to it hears its headers; the record is what all processes share.
"""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils.timezone import now

from registries_app.models import Registry
from registries_app.protocol.answers import Budget
from registries_app.protocol.targets import Target

log = logging.getLogger(__name__)


def keep(target: Target, heard: Budget) -> None:
    """What one client heard, at the records that are this server with this account."""
    at = now()
    said: dict[str, str | int | None] = {"at": at.isoformat()}
    if heard.limit is not None:
        said |= {
            "limit": heard.limit,
            "remaining": heard.remaining,
            "window_s": heard.window_s,
            "source": heard.source,
        }
    if heard.retry_s:
        said["retry_at"] = (at + timedelta(seconds=heard.retry_s)).isoformat()
    try:
        for registry in Registry.objects.filter(url=target.url, username=target.username):
            budget = (registry.budget or {}) | said
            Registry.objects.filter(pk=registry.pk).update(budget=budget)
    except DatabaseError:  # what was asked of the registry is answered all the same
        log.warning("The budget of %s is not kept.", target.name, exc_info=True)


def paused_s(registry: Registry) -> float:
    """Seconds for which it has asked not to be asked; 0 where it has not."""
    said = (registry.budget or {}).get("retry_at", "")
    if not said:
        return 0.0
    return max(0.0, (datetime.fromisoformat(said) - now()).total_seconds())
