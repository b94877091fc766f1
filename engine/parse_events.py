"""The Engine API's events as plain values, and the question for those of one container (pure)."""

import json
from datetime import datetime
from urllib.parse import urlencode

from engine import parse
from engine.errors import Broken
from engine.types import Event

# Listed one by one: the exec_* events of health checks flood everything else. "health_status"
# without a colon would make old engines match all names by prefix (moby, events/filter.go).
CONTAINER_ACTIONS = (
    "create", "start", "restart", "stop", "die", "kill", "oom", "pause", "unpause", "rename",
    "update", "destroy", "health_status: healthy", "health_status: unhealthy", "commit",
)  # fmt: skip


def query(container_id: str, *, since: datetime, until: datetime) -> str:
    """The query string of /events for one container and a time that is over."""
    filters = {"type": ["container"], "container": [container_id], "event": CONTAINER_ACTIONS}
    return urlencode(
        {
            "since": f"{since.timestamp():.6f}",
            "until": f"{until.timestamp():.6f}",
            "filters": json.dumps(filters),
        }
    )


def lines(body: bytes) -> list[Event]:
    """One event a line. Raises Broken."""
    return [event(line) for line in body.split(b"\n") if line.strip()]


def event(line: bytes) -> Event:
    try:
        raw = json.loads(line)
        actor = raw["Actor"]
        return Event(
            type=str(raw["Type"]),
            action=str(raw["Action"]),
            actor_id=str(actor["ID"]),
            time_ns=int(raw["timeNano"]),
            attributes=parse.labels(actor.get("Attributes")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Broken(f"not an event of the Engine API ({error})") from error
