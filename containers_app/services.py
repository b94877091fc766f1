"""What a user may ask of containers. Each function checks, writes the Job, and queues it."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from accounts_app.signin import require_step_up
from containers_app import (
    own,
    policy,
    tasks,  # noqa: F401 - the deeds below are registered there
)
from containers_app.commit import checked as checked_commit
from containers_app.listing import Query
from containers_app.live_reads import detail, sizes_of
from containers_app.models import Container
from containers_app.options import BULK_ACTIONS, checked, checked_action
from containers_app.prune import STOPPED, Prunable, prunable
from containers_app.selectors import container_to_change, containers_to_change
from containers_app.spec import checked as checked_spec
from containers_app.spec import spec_from
from containers_app.wanted import require_possible
from core.errors import Conflict, Invalid, Locked
from core.live import publish_on_commit
from core.masking import masked_instruction, revealed
from hosts_app.selectors import host_for, may
from jobs_app.models import Job
from jobs_app.services import Wish, ask, ask_many

MOST_TARGETS = 2000  # of one bulk job
SEALED = ("environment", "command")  # what of a run may hold a secret


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
    own.require_administrator(actor, action, [container])
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
    _require_some(targets)
    containers = containers_to_change(actor, targets, Role.OPERATOR)
    if action == "remove":
        _require_unlocked(containers)
    own.require_administrator(actor, action, containers)
    wishes = [_wish(action, container, kept) for container in containers]
    job = ask_many(actor, "container.bulk", wishes, idempotency_key=idempotency_key)
    _tell_rows(containers)
    return job


@transaction.atomic
def run(actor: User, host: str, said: Mapping[str, Any], *, idempotency_key: str = "") -> Job:
    """Create a container of an image that the host has, and start it unless `start` is false.

    `said` has the fields of api.md. Environment and command are kept sealed, never in params
    or trail. Raises Invalid with every wrong field, and Forbidden for what only an
    administrator of the host may set.
    """
    place = host_for(actor, host, Role.OPERATOR)
    kept = checked_spec(said)
    require_possible(place, kept)
    if not may(actor, place, Role.ADMINISTRATOR):
        policy.require_allowed(spec_from(kept, labels={}))
    secret = {name: kept.pop(name) for name in SEALED if kept.get(name)}
    wish = Wish(
        "container.run",
        place,
        target_name=kept.get("name") or kept["image"],
        params=kept,
        secret=json.dumps(secret) if secret else "",
    )
    return ask(actor, wish, idempotency_key=idempotency_key)


@transaction.atomic
def commit(
    actor: User, host: str, docker_id: str, said: Mapping[str, Any], *, idempotency_key: str = ""
) -> Job:
    """Make an image of a container as it is now, with its environment in it.

    `said` has the fields of api.md. Instructions may set variables, so they are kept sealed;
    params and trail have them without values.
    """
    container = container_to_change(actor, host, docker_id, Role.OPERATOR)
    kept = checked_commit(said)
    own.require_administrator(actor, "commit", [container])
    changes = kept["changes"]
    shown = kept | {"changes": [masked_instruction(each) for each in changes]}
    wish = Wish(
        "container.commit",
        container.host,
        container.docker_id,
        container.name,
        shown,
        secret=json.dumps(changes) if changes else "",
    )
    job = ask(actor, wish, idempotency_key=idempotency_key)
    _tell_rows([container])
    return job


def prune_preview(actor: User, query: Query) -> list[Prunable]:
    """The stopped containers that `query` finds and `actor` may remove, without locked ones.

    Sizes are asked of the engines, and are None where one does not tell in time.
    """
    found = prunable(actor, query)
    sizes = sizes_of(found)
    return [Prunable(each, sizes.get((each.host_id, each.docker_id))) for each in found]


def prune(
    actor: User,
    targets: Sequence[tuple[str, str]],
    *,
    password: str = "",
    idempotency_key: str = "",
) -> Job:
    """Remove exactly these, given as (host slug, full id), as a preview showed them.

    Needs step-up (A10). Raises Conflict where one runs again: nobody agreed to lose that one.
    """
    _require_some(targets)
    containers = containers_to_change(actor, targets, Role.OPERATOR)
    _require_unlocked(containers)
    running = [each.name for each in containers if each.state not in STOPPED]
    if running:
        raise Conflict(
            _("Running again: %(names)s") % {"names": ", ".join(running)},
            hint=_("Look at the preview again."),
        )
    require_step_up(actor, password)
    wishes = [_wish("remove", each, {"force": False, "volumes": False}) for each in containers]
    with transaction.atomic():
        job = ask_many(actor, "container.prune", wishes, idempotency_key=idempotency_key)
        _tell_rows(containers)
    return job


def reveal(
    actor: User, host: str, docker_id: str, names: Collection[str], *, password: str = ""
) -> dict[str, str]:
    """The values of these environment variables; for an administrator of the host.

    Needs step-up (A10). The trail gets the names, never a value. Raises NotFound for a name
    that the container does not have.
    """
    container = container_to_change(actor, host, docker_id, Role.ADMINISTRATOR)
    require_step_up(actor, password)
    values = revealed(detail(container).env, names)
    _record(actor, "container.reveal", container, names=sorted(names))
    return values


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


def _require_some(targets: Sequence[tuple[str, str]]) -> None:
    if not targets:
        raise Invalid.field("targets", _("Choose at least one container."))
    if len(targets) > MOST_TARGETS:
        raise Invalid.field("targets", _("At most %(n)d at a time.") % {"n": MOST_TARGETS})


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


def _record(actor: User, action: str, container: Container, **params: Any) -> None:
    audit.record(
        actor,
        action,
        host=container.host.slug,
        target=container.docker_id,
        target_name=container.name,
        outcome="succeeded",
        **params,
    )


def _tell_rows(containers: Sequence[Container]) -> None:
    by_host: dict[int, list[int]] = {}
    for container in containers:
        by_host.setdefault(container.host_id, []).append(container.pk)
    for host_id, pks in by_host.items():
        publish_on_commit(host_id, "container", pks)
