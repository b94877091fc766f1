"""Whether the parts of the dashboard do their work, for /readyz and monitors."""

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils.timezone import now
from redis import Redis
from redis.exceptions import RedisError

from jobs_app.models import Heartbeat
from jobs_app.upkeep import beat, silent

SILENCE = timedelta(seconds=25)  # each shows work every 10 s; a fault is named within 30 (R64)


def first_failing_part() -> str:
    """ "database", "redis", "worker" or "watcher"; "" when all work."""
    try:
        part = _silent_part()
        if part:
            beat("web")  # all are silent where nothing can be written
    except DatabaseError:
        return "database"
    try:
        Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1).ping()
    except (RedisError, OSError):
        return "redis"
    return part


def _silent_part() -> str:
    heard = Heartbeat.objects.filter(part="watcher", at__gt=now() - SILENCE)
    if not heard.exists():
        return "watcher"  # first: canaries are its work
    return "worker" if silent("interactive", SILENCE) else ""
