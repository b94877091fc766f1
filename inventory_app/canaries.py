"""Proof by work that workers live; one that lives and takes no work is ended (R43)."""

import logging
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from jobs_app import upkeep

logger = logging.getLogger(__name__)

CANARY_S = 10.0
STUCK_AFTER = timedelta(seconds=90)
IN_VAIN = 3  # canaries in a row, so that an outage of Redis is not laid to workers
PARTS = {"interactive": "worker", "transfers": "transfers"}  # queue → part, as in launch.parts


class Canaries:
    """Sends a small task to each queue, and ends the process that has taken none for long."""

    def __init__(self) -> None:
        self.sent = dict.fromkeys(PARTS, 0)  # in a row, since one could not be sent

    def fly(self) -> None:
        for queue, part in PARTS.items():
            if self.sent[queue] >= IN_VAIN and upkeep.silent(queue, STUCK_AFTER) and end(part):
                self.sent[queue] = 0
            self._send(queue)

    def _send(self, queue: str) -> None:
        try:
            current_app.send_task(
                "jobs.canary", [queue], queue=queue, retry=False, expires=2 * CANARY_S
            )
            self.sent[queue] += 1
        except (OperationalError, RedisError, OSError):
            self.sent[queue] = 0


def end(part: str) -> bool:
    """Kill the process of `part`, so that the supervisor starts another.

    Only one that our own supervisor has started, long enough ago to have taken work.
    """
    file = settings.DATA_DIR / "run" / f"{part}.pid"
    try:
        pid, age_s = int(file.read_text()), time.time() - file.stat().st_mtime
    except (OSError, ValueError):
        return False
    if age_s < STUCK_AFTER.total_seconds() or parent_of(pid) != os.getppid():
        return False
    logger.error("%s (process %d) lives and takes no work: it is ended", part, pid)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def parent_of(pid: int) -> int:
    """0 where there is no such process; see proc(5): "pid (name) state ppid …"."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
