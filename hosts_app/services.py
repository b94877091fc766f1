"""Adding, editing and removing hosts. Each is audited."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.text import slugify

from accounts_app import audit
from accounts_app.models import User
from core.live import publish_on_commit
from core.sealed import seal
from engine.types import Connection
from hosts_app.models import Host


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A host as a form or the API describes it."""

    name: str
    connection: Connection
    address: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def save_host(actor: User | None, spec: HostSpec, host: Host | None = None) -> Host:
    """Add the host, or change `host`; its secrets are sealed to its row."""
    action = "host.update" if host else "host.create"
    host = host or Host(slug=free_slug(spec.name))
    audit.record(
        actor,
        action,
        host=host.slug,
        target_name=spec.name,
        outcome="succeeded",
        url=spec.connection.url,
        address=spec.address,
    )
    host.name, host.url = spec.name, spec.connection.url
    host.ca, host.address, host.labels = spec.connection.ca, spec.address, dict(spec.labels)
    host.version += 1
    host.save()
    host.cert_sealed = seal(host, "cert_sealed", spec.connection.cert)
    host.key_sealed = seal(host, "key_sealed", spec.connection.key)
    host.save(update_fields=["cert_sealed", "key_sealed"])
    publish_on_commit(host.pk, "host", [host.pk])
    publish_on_commit(None, "host", [host.pk])
    return host


@transaction.atomic
def remove_host(actor: User, host: Host) -> None:
    """Forget the host and what we know of it; its engine and containers stay as they are."""
    audit.record(actor, "host.delete", host=host.slug, target_name=host.name, outcome="succeeded")
    publish_on_commit(None, "host", [host.pk])
    host.delete()


def ensure_first_host(connection: Connection, name: str) -> None:
    """Add the engine that `make run` found, unless some host is known already."""
    if not Host.objects.exists():
        save_host(None, HostSpec(name=name, connection=connection))


def free_slug(name: str) -> str:
    """A short name for addresses that no host has yet."""
    base = slugify(name)[:50] or "host"
    taken = set(Host.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(slug for n in range(2, 10_000) if (slug := f"{base}-{n}") not in taken)
