"""What a user may ask of containers. Each function checks, writes the Job, and queues it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from containers_app import tasks  # noqa: F401 - the deeds below are registered there
from containers_app.models import Container
from containers_app.options import BULK_ACTIONS, checked, checked_action
from containers_app.selectors import container_to_change
from core.errors import Invalid, Locked
from core.live import publish_on_commit
from jobs_app.models import Job
from jobs_app.services import Wish, ask, ask_many

MOST_TARGETS = 2000  # of one bulk job


@transaction.atomic
def act(
    actor: User,
    action: str,
    host: str,
    docker_id: str,
    options: Mapping[str, Any],
    *,
    idempotency_key: str = "",
) -> Job:
    """Start, stop, restart, pause, unpause, kill, rename or remove one container."""
    kept = checked(checked_action(action), options)
    container = container_to_change(actor, host, docker_id, Role.OPERATOR)
    if action == "remove":
        _require_unlocked([container])
    job = ask(actor, _wish(action, container, kept), idempotency_key=idempotency_key)
    _tell_rows([container])
    return job


@transaction.atomic
def bulk(
    actor: User,
    action: str,
    targets: Sequence[tuple[str, str]],
    options: Mapping[str, Any],
    *,
    idempotency_key: str = "",
) -> Job:
    """The same for several, given as (host slug, full id): all are asked for, or none."""
    kept = checked(checked_action(action, BULK_ACTIONS), options)
    if not targets:
        raise Invalid.field("targets", _("Choose at least one container."))
    if len(targets) > MOST_TARGETS:
        raise Invalid.field("targets", _("At most %(n)d at a time.") % {"n": MOST_TARGETS})
    containers = [
        container_to_change(actor, host, docker_id, Role.OPERATOR)
        for host, docker_id in dict.fromkeys(targets)
    ]
    if action == "remove":
        _require_unlocked(containers)
    wishes = [_wish(action, container, kept) for container in containers]
    job = ask_many(actor, "container.bulk", wishes, idempotency_key=idempotency_key)
    _tell_rows(containers)
    return job


@transaction.atomic
def lock(actor: User, host: str, docker_id: str) -> Container:
    """Guard a container against removal; an operator may."""
    container = container_to_change(actor, host, docker_id, Role.OPERATOR)
    if not container.locked:
        _record(actor, "container.lock", container)
        container.locked_by, container.locked_at = actor, now()
        container.save(update_fields=["locked_by", "locked_at"])
        _tell_rows([container])
    return container


@transaction.atomic
def unlock(actor: User, host: str, docker_id: str) -> Container:
    """Lift the guard; only an administrator of the host may."""
    container = container_to_change(actor, host, docker_id, Role.ADMINISTRATOR)
    if container.locked:
        _record(actor, "container.unlock", container)
        container.locked_by = container.locked_at = None
        container.save(update_fields=["locked_by", "locked_at"])
        _tell_rows([container])
    return container


def _require_unlocked(containers: Sequence[Container]) -> None:
    locked = [each.name for each in containers if each.locked]
    if locked:
        raise Locked(
            _("Locked against removal: %(names)s") % {"names": ", ".join(locked)},
            hint=_("An administrator can lift the lock."),
        )


def _wish(action: str, container: Container, options: dict[str, Any]) -> Wish:
    return Wish(
        f"container.{action}", container.host, container.docker_id, container.name, options
    )


def _record(actor: User, action: str, container: Container) -> None:
    audit.record(
        actor,
        action,
        host=container.host.slug,
        target=container.docker_id,
        target_name=container.name,
        outcome="succeeded",
    )


def _tell_rows(containers: Sequence[Container]) -> None:
    by_host: dict[int, list[int]] = {}
    for container in containers:
        by_host.setdefault(container.host_id, []).append(container.pk)
    for host_id, pks in by_host.items():
        publish_on_commit(host_id, "container", pks)
