"""Whether an engine trusts a registry, asked of the engine itself, and what it would need.

An engine takes a registry without encryption only from its own loopback addresses and from those
that its configuration names (`insecure-registries`); one with a certificate of an unknown CA only
with that CA in a file of its own. None of this can be set from outside.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from engine.client import Engine
from engine.errors import EngineError, NoSuchObject, Refused, Unreachable
from hosts_app.asking import asked_each
from hosts_app.models import Host
from registries_app.models import Registry

ASK_S = 6.0  # what a reader waits for engines that ask a registry
NOBODY = "quarterdeck/none:none"  # an image that no registry has

TRUSTS, PLAIN, UNKNOWN_CA, CANNOT_REACH, SILENT = "trusts", "plain", "ca", "unreachable", "silent"
# words of Go's net/http and crypto/tls, and of dockerd
ANSWERS = (
    "unauthorized",
    "denied",
    "authentication required",
    "no basic auth",
    "not found",
    "manifest unknown",
    "name unknown",
    "repository name not known",
)
WITHOUT_TLS = ("gave HTTP response to HTTPS client", "first record does not look like a TLS")
NOT_TRUSTED = ("x509:", "certificate", "tls:")


@dataclass(frozen=True, slots=True)
class Trust:
    """`state`: trusts · plain (it wants encryption) · ca (it knows no CA for it) · unreachable ·
    silent (the engine does not answer us). `words`: the engine's own."""

    host: Host
    state: str
    words: str = ""
    listed: bool = False  # in its insecure-registries


def trust_of(hosts: Iterable[Host], registry: Registry) -> list[Trust]:
    """What each engine says when it asks this registry for something; all are asked at once."""
    found = list(hosts)
    said = asked_each(found, lambda host, engine: _asked(host, engine, registry), ASK_S)
    return [said.get(host) or Trust(host, SILENT, host.error) for host in found]


def daemon_json(registry: Registry) -> str:
    """What an engine's configuration needs, if the registry has no encryption."""
    return json.dumps({"insecure-registries": [registry.domain]}, indent=2)


def ca_file(registry: Registry) -> str:
    """Where an engine looks for the CA of this registry."""
    return f"/etc/docker/certs.d/{registry.domain}/ca.crt"


def _asked(host: Host, engine: Engine, registry: Registry) -> Trust:
    try:
        listed = registry.domain in engine.info().insecure_registries
        engine.asks_registry(f"{registry.domain}/{NOBODY}")
    except NoSuchObject as error:
        return Trust(host, TRUSTS, str(error), listed=listed)
    except Unreachable as error:
        return Trust(host, SILENT, str(error))
    except EngineError as error:
        return Trust(host, _state(error), str(error), listed=listed)
    return Trust(host, TRUSTS, listed=listed)


def _state(error: EngineError) -> str:
    words = str(error)
    if any(each in words for each in WITHOUT_TLS):
        return PLAIN
    if any(each in words for each in NOT_TRUSTED):
        return UNKNOWN_CA
    answered = isinstance(error, Refused) and error.status in {401, 403}
    if answered or any(each in words.lower() for each in ANSWERS):
        return TRUSTS
    return CANNOT_REACH
