"""Telling open pages that something changed. Hints only: lossy, and without content."""

import asyncio
import logging
from collections.abc import Collection
from functools import partial

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

EVERYBODY = "everybody"  # the group of all sockets
TICK_S = 4.0  # how often they hear that nothing was lost
PATIENCE_S = 1.0  # a channel layer that is frozen costs a request no more
MOST_PKS = 500  # above that a hint says "all": the page re-reads whatever it shows


def group_for_host(host_id: int | None) -> str:
    """Who may see this host; 0 is for what belongs to no host."""
    return f"host.{host_id or 0}"


def group_for_user(user_id: int) -> str:
    return f"user.{user_id}"


def publish_on_commit(host_id: int | None, kind: str, pks: Collection[int]) -> None:
    """After commit, tell every page that shows this host: these rows of `kind` are different."""
    if pks:
        transaction.on_commit(partial(publish, host_id, kind, pks))


def publish(host_id: int | None, kind: str, pks: Collection[int]) -> None:
    known = sorted(pks) if len(pks) <= MOST_PKS else None
    _send(
        group_for_host(host_id),
        {"type": "changed.event", "host": host_id, "kind": kind, "pks": known},
    )


def tick() -> None:
    """Whoever hears this is still in the groups: FLUSHALL and a new Redis have none (R54)."""
    _send(EVERYBODY, {"type": "tick"})


def end_sockets_on_commit(user_id: int) -> None:
    """After commit, every open socket of this user looks again at what it may (A9, B9)."""
    transaction.on_commit(partial(_send, group_for_user(user_id), {"type": "rights.changed"}))


def _send(group: str, message: dict[str, object]) -> None:
    layer = get_channel_layer()
    assert layer, "settings name a default channel layer"
    try:
        async_to_sync(asyncio.wait_for)(layer.group_send(group, message), PATIENCE_S)
    except (RedisError, OSError) as error:
        # pages poll when nothing is heard (R54): a lost hint costs seconds, not the truth
        logger.warning("a hint was not delivered: %r", error)
