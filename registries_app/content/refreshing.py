"""Registries read by themselves: which one is due, and the look at it, one at a time.

The watcher calls `refresh` again and again; the worker of transfers does the look. Whatever
counts what it is asked (Docker Hub, its mirrors, who told of a budget) is only read by hand, and
of other public registries what somebody pinned. Who fails is left alone for longer each time.
"""

import logging
from datetime import datetime, timedelta

from celery import current_app, shared_task
from django.conf import settings
from django.db.models import F, Q
from django.utils.timezone import now
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from core.errors import DashboardError
from core.sealed import CannotUnseal
from registries_app.budget import paused_s
from registries_app.content import index, looking
from registries_app.content.scan import PUBLIC
from registries_app.models import Registry
from registries_app.protocol.failures import RateLimited

log = logging.getLogger(__name__)

KIND = "registry.refresh"
QUEUE = "transfers"
LOOK_S = 10.0  # how often it is asked whether one is due
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=6)  # between looks that fail


def refresh() -> None:
    """Have the registry that waits for longest looked at, where nobody looks at any."""
    every = timedelta(minutes=settings.REGISTRY_REFRESH_MINUTES)
    if not every or index.busy():
        return
    registry = due(every)
    claimed = registry and index.claim(registry)
    if not registry or not claimed:
        return
    try:
        arguments = [registry.pk, claimed.isoformat()]
        current_app.send_task(KIND, arguments, queue=QUEUE, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("the look at %s waits for the queue to come back: %r", registry, error)
        index.unclaim(registry, claimed)


def due(every: timedelta) -> Registry | None:
    """The registry whose last look is the oldest, and older than `every`."""
    at = now()
    waits = Q(index__indexed_at=None) | Q(index__indexed_at__lt=at - every)
    free = Q(index__retry_at=None) | Q(index__retry_at__lt=at)
    found = Registry.objects.filter(waits & free).select_related("mirror_of")
    rows = found.order_by(F("index__indexed_at").asc(nulls_first=True), "pk")
    return next((row for row in rows if not spared(row) and not paused_s(row)), None)


def spared(registry: Registry) -> bool:
    """Whether what is asked of it is counted, or asked of another one that counts."""
    if registry.kind == Registry.Kind.HUB or (registry.budget or {}).get("limit") is not None:
        return True
    return registry.mirror_of is not None and spared(registry.mirror_of)


@shared_task(name=KIND)
def look_at(registry_id: int, claimed: str) -> None:
    """The look that was claimed at that moment; nothing where it was claimed anew since."""
    registry = Registry.objects.filter(pk=registry_id).select_related("mirror_of").first()
    if registry is None or not index.is_claimed(registry, datetime.fromisoformat(claimed)):
        return

    def said(_done: int, _total: int) -> None:
        index.still(registry)

    try:
        looking.everything(registry, said, pinned_only=registry.kind in PUBLIC)
    except index.NoLonger:
        return
    except (DashboardError, CannotUnseal) as error:
        log.info("the look at %s failed: %s", registry, error)
        index.failed(registry, pause(registry, error))
        return
    index.done(registry, whole=True)


def pause(registry: Registry, error: Exception) -> timedelta:
    """How long it is left alone: twice as long after each failure, and as long as it asks."""
    failures = index.index_of(registry).failures
    waits = min(SHORTEST * 2.0 ** min(failures, 20), LONGEST)
    if isinstance(error, RateLimited):
        return max(waits, timedelta(seconds=error.retry_after_s))
    return waits
