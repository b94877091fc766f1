"""From a Host row to an open Engine. The only place that builds one."""

from functools import lru_cache

from core.sealed import unseal
from engine.client import Engine
from engine.types import Connection
from hosts_app.models import Host

ENGINES_KEPT = 512  # open engines per process; each holds a few idle connections
ORDINARY_S = 5.0  # for a call that has no longer deadline of its own
PATIENT_S = 60.0  # for every call to an engine that is slow


def connection_for(host: Host) -> Connection:
    """Where and with which certificates this host is reached."""
    return Connection(
        url=host.url,
        ca=host.ca,
        cert=unseal(host, "cert_sealed"),
        key=unseal(host, "key_sealed"),
    )


def engine_for(host: Host, *, patient: bool | None = None) -> Engine:
    """The engine of this host, shared by all threads of the process.

    `patient`: with PATIENT_S for every call (R11); by default where the host was last slow.
    """
    if patient is None:
        patient = host.state == Host.State.SLOW
    return _engine(connection_for(host), PATIENT_S if patient else ORDINARY_S)


@lru_cache(maxsize=ENGINES_KEPT)
def _engine(connection: Connection, timeout_s: float) -> Engine:
    return Engine(connection, timeout_s=timeout_s)
