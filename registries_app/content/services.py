"""What people ask of the index: that it be read anew, that a repository stay in it."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from core.errors import Conflict, Invalid
from hosts_app.selectors import require_everywhere
from jobs_app.models import Job
from jobs_app.services import Wish, ask, asked_before
from registries_app.content import (
    index,
    tasks,  # noqa: F401 - its deeds are registered there
)
from registries_app.models import Registry
from registries_app.protocol.tags import is_repository

KIND = "registry.index"


def ask_index(actor: User, registry: Registry, *, idempotency_key: str = "") -> Job:
    """Have everything in it looked at; while that goes on, its Job is the answer.

    Raises Conflict for Docker Hub, which nobody could read to its end.
    """
    require_everywhere(actor, Role.OPERATOR)
    if earlier := asked_before(actor, idempotency_key, KIND, target=registry.slug):
        return earlier
    if registry.kind == Registry.Kind.HUB:
        raise Conflict(
            _("Docker Hub is not read as a whole."),
            hint=_("Pin the repositories that you use; they are read when they are shown."),
        )
    going_on = Job.objects.filter(kind=KIND, target=registry.slug).open().first()
    if going_on:
        return going_on
    wish = Wish(KIND, None, registry.slug, registry.name)
    return ask(actor, wish, idempotency_key=idempotency_key)


@transaction.atomic
def pin(actor: User, registry: Registry, name: str, *, pinned: bool) -> None:
    """Keep a repository in the list, whatever the registry lists. Raises Invalid, Forbidden."""
    require_everywhere(actor, Role.OPERATOR)
    if not is_repository(name):
        raise Invalid.field("repository", _("This is no name of a repository: team/app"))
    audit.record(
        actor,
        "registry.pin" if pinned else "registry.unpin",
        target=registry.slug,
        target_name=registry.name,
        repository=name,
        outcome="succeeded",
    )
    index.pin(registry, name, pinned=pinned)
