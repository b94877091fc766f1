"""Whether the parts of the dashboard do their work, for /readyz and monitors."""

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils.timezone import now
from redis import Redis
from redis.exceptions import RedisError

from jobs_app.models import Heartbeat

SILENT_AFTER = {  # part → how long it may show no work
    "worker.interactive": timedelta(seconds=90),
    "watcher": timedelta(seconds=30),
}


def first_failing_part() -> str:
    """ "database", "redis", "worker" or "watcher"; "" when all work."""
    try:
        seen = dict(Heartbeat.objects.values_list("part", "at"))
    except DatabaseError:
        return "database"
    try:
        Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1).ping()
    except (RedisError, OSError):
        return "redis"
    for part, silence in SILENT_AFTER.items():
        if part not in seen or now() - seen[part] > silence:
            return part.partition(".")[0]
    return ""
