"""Testing, adding, editing and removing hosts. Each is audited, and for administrators only."""

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from accounts_app.signin import require_step_up
from core.errors import DashboardError, Forbidden, Invalid
from core.live import publish_on_commit
from core.sealed import seal
from engine.probe import Step
from engine.types import Connection
from hosts_app import live_reads
from hosts_app.models import Host
from hosts_app.selectors import require
from hosts_app.spec import HostSpec, protected, validate


class CheckFailed(DashboardError):
    """The connection test did not pass, so nothing was saved; `steps` tells how far it came."""

    status = 422
    code = "check_failed"

    def __init__(self, steps: list[Step]) -> None:
        super().__init__(
            _("The engine cannot be used like this; nothing was saved."),
            hint=_("Correct what the failed step says, or save it anyway."),
        )
        self.steps = steps

    def problem(self) -> dict[str, Any]:
        steps = [step_dict(step) for step in self.steps]
        return super().problem() | {"steps": steps}


def step_dict(step: Step) -> dict[str, Any]:
    return {"step": step.step, "ok": step.ok, "ms": step.ms, "detail": step.detail}


def check(actor: User, spec: HostSpec, host: Host | None = None) -> list[Step]:
    """The connection test, step by step; the last step is the first that failed.

    Secrets that `spec` leaves empty are those stored for `host`. Raises Invalid, Forbidden.
    """
    _require_administrator(actor)
    spec = _complete(spec, host)
    audit.record(actor, "host.check", host=host.slug if host else "", url=spec.connection.url)
    return live_reads.check(spec.connection)


def check_stored(actor: User, host: Host) -> list[Step]:
    """The same for a host as it is stored."""
    _require_administrator(actor)
    audit.record(actor, "host.check", host=host.slug, target_name=host.name, url=host.url)
    return live_reads.check(live_reads.stored(host))


def save_checked(
    actor: User,
    spec: HostSpec,
    host: Host | None = None,
    *,
    save_anyway: bool = False,
    unprotected_ok: bool = False,
    password: str = "",
) -> tuple[Host, list[Step]]:
    """Add or change a host whose connection has just passed the test.

    Nothing is asked of the engine where the connection stays as it was, or `save_anyway` is
    said. Raises CheckFailed, Invalid, Forbidden, StepUpRequired; and Invalid at `unprotected_ok`
    for tcp without mutual TLS that was not confirmed (E7).
    """
    _require_administrator(actor)
    spec = _complete(spec, host)
    connection = spec.connection
    if not (protected(connection) or unprotected_ok):
        raise Invalid.field(
            "unprotected_ok",
            _("Without mutual TLS, whoever reaches this address owns that host. Confirm it."),
        )
    require_step_up(actor, password)
    steps: list[Step] = []
    if not save_anyway and (host is None or connection != live_reads.stored(host)):
        steps = live_reads.check(connection)
        if not steps[-1].ok:
            raise CheckFailed(steps)
    return save_host(actor, spec, host), steps


def _complete(spec: HostSpec, host: Host | None) -> HostSpec:
    """`spec` with the secrets that it leaves to those stored. Raises Invalid."""
    whole = replace(spec, connection=_with_stored(spec.connection, host))
    validate(whole, host)
    return whole


def _with_stored(connection: Connection, host: Host | None) -> Connection:
    """`connection`, with what it leaves empty filled from what is stored; none for a socket."""
    if connection.url.startswith("unix://"):
        return Connection(connection.url)
    if host is None:
        return connection
    stored = live_reads.stored(host)
    if connection.cert or connection.key:  # a pair is replaced as a pair
        return replace(connection, ca=connection.ca or stored.ca)
    return replace(connection, ca=connection.ca or stored.ca, cert=stored.cert, key=stored.key)


OURS = [
    "name", "url", "ca", "cert_sealed", "key_sealed", "address", "labels", "version",
    "state", "state_since", "error", "disk", "disk_as_of",
]  # fmt: skip


@transaction.atomic
def save_host(actor: User | None, spec: HostSpec, host: Host | None = None) -> Host:
    """Add the host, or change `host`, untested; its secrets are sealed to its row."""
    new = host is None
    if host is None:
        host = Host(slug=free_slug(spec.name))
    else:  # the watcher writes to the row too: read it anew, and write only what is ours
        host = Host.objects.select_for_update().get(pk=host.pk)
    audit.record(
        actor,
        "host.create" if new else "host.update",
        host=host.slug,
        target_name=spec.name,
        outcome="succeeded",
        url=spec.connection.url,
        address=spec.address,
        labels=dict(spec.labels),
    )
    if not new and host.url != spec.connection.url:  # another engine: what we knew is not of it
        host.state, host.state_since, host.error = Host.State.UNCHECKED, now(), ""
        host.disk, host.disk_as_of = None, None
    host.name, host.url = spec.name, spec.connection.url
    host.ca, host.address, host.labels = spec.connection.ca, spec.address, dict(spec.labels)
    host.version += 1
    if new:  # a seal needs the row's key
        host.save()
    host.cert_sealed = seal(host, "cert_sealed", spec.connection.cert)
    host.key_sealed = seal(host, "key_sealed", spec.connection.key)
    host.save(update_fields=OURS)
    publish_on_commit(host.pk, "host", [host.pk])
    publish_on_commit(None, "host", [host.pk])
    return host


def remove_host(actor: User, host: Host, *, password: str = "") -> None:
    """Forget the host and what we know of it; its engine and containers stay as they are."""
    _require_administrator(actor)
    require_step_up(actor, password)
    _remove(actor, host)


@transaction.atomic
def _remove(actor: User, host: Host) -> None:
    audit.record(actor, "host.delete", host=host.slug, target_name=host.name, outcome="succeeded")
    publish_on_commit(host.pk, "host", [host.pk])
    publish_on_commit(None, "host", [host.pk])
    host.delete()


def measure_disk(actor: User, host: Host) -> None:
    """For operators: ask the engine what its disk holds, and keep the answer with its time.

    Raises Forbidden, EngineFailed or Unavailable; what was known stays.
    """
    require(actor, host, Role.OPERATOR)
    usage = live_reads.disk_usage(host)
    Host.objects.filter(pk=host.pk).update(disk=usage, disk_as_of=now())


def ensure_first_host(connection: Connection, name: str) -> None:
    """Add the engine that `make run` found, unless some host is known already."""
    if not Host.objects.exists():
        save_host(None, HostSpec(name=name, connection=connection))


def free_slug(name: str) -> str:
    """A short name for addresses that no host has yet."""
    base = slugify(name)[:50] or "host"
    if base == "new":  # /hosts/new/ is a page
        base = "host-new"
    taken = set(Host.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(slug for n in range(2, 10_000) if (slug := f"{base}-{n}") not in taken)


def _require_administrator(actor: User) -> None:
    if not actor.is_administrator:
        raise Forbidden(_("Only administrators of all hosts may do this."))
