"""From a Host row to an open Engine. The only place that builds one."""

from functools import lru_cache

from core.sealed import unseal
from engine.client import Engine
from engine.types import Connection
from hosts_app.models import Host

ENGINES_KEPT = 512  # open engines per process; each holds a few idle connections


def connection_for(host: Host) -> Connection:
    """Where and with which certificates this host is reached."""
    return Connection(
        url=host.url,
        ca=host.ca,
        cert=unseal(host, "cert_sealed"),
        key=unseal(host, "key_sealed"),
    )


def engine_for(host: Host) -> Engine:
    """The engine of this host, shared by all threads of the process."""
    return _engine(connection_for(host))


@lru_cache(maxsize=ENGINES_KEPT)
def _engine(connection: Connection) -> Engine:
    return Engine(connection)
