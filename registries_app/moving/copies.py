"""What a user may ask of copies between registries: a look at what would happen, and the Job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.errors import Invalid
from hosts_app.selectors import require_everywhere
from jobs_app.models import Job
from jobs_app.services import Wish, ask, ask_many
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.moving.copy_tasks import is_here, same_server
from registries_app.moving.copying import Place, Plan, Survey, plan, survey
from registries_app.protocol.manifests import DIGEST
from registries_app.protocol.tags import is_repository, is_tag
from registries_app.protocol.uploading import Writer
from registries_app.selectors import registries_for

MOST_AT_ONCE = 200
LOOK_S = 9.0  # for a look at both registries, in a request


@dataclass(frozen=True, slots=True)
class End:
    """One end of a copy, as somebody names it. `reference`: a tag or digest."""

    registry: str
    repository: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What a copy would do."""

    found: Survey
    plan: Plan


def copy(
    actor: User, source: End, target: End, *, overwrite: bool, idempotency_key: str = ""
) -> Job:
    """Ask for the Job. Raises Invalid, Forbidden."""
    require_everywhere(actor, Role.OPERATOR)
    wish = _wish(actor, source, target, overwrite=overwrite)
    return ask(actor, wish, idempotency_key=idempotency_key)


def copy_several(
    actor: User,
    pairs: Sequence[tuple[End, End]],
    *,
    overwrite: bool,
    idempotency_key: str = "",
) -> Job:
    """A Job with one child for each copy; all are asked for, or none."""
    require_everywhere(actor, Role.OPERATOR)
    if not pairs:
        raise Invalid.field("items", _("Choose at least one image."))
    if len(pairs) > MOST_AT_ONCE:
        raise Invalid.field("items", _("At most %(n)d at a time.") % {"n": MOST_AT_ONCE})
    wishes = [_wish(actor, *pair, overwrite=overwrite) for pair in pairs]
    return ask_many(actor, "registry.copy.bulk", wishes, idempotency_key=idempotency_key)


def look(actor: User, source: End, target: End, *, seconds: float = LOOK_S) -> Look:
    """Ask both registries what a copy would do; changes nothing. Raises RegistryFailed."""
    require_everywhere(actor, Role.OPERATOR)
    giver, origin, taker, place = _ends(actor, source, target)
    with Writer(target_of(giver)) as reader, Writer(target_of(taker)) as writer:
        found = survey(reader, origin, seconds=seconds / 2)
        wanted = plan(
            writer,
            place,
            found,
            mounts=same_server(giver, taker),
            here=is_here(giver, origin, taker, place),
            seconds=seconds / 2,
        )
    return Look(found, wanted)


def _wish(actor: User, source: End, target: End, *, overwrite: bool) -> Wish:
    giver, origin, taker, place = _ends(actor, source, target)
    params: dict[str, Any] = {
        "origin": _said(giver, origin),
        "place": _said(taker, place),
        "overwrite": overwrite,
    }
    return Wish("registry.copy", None, taker.slug, _name(taker, place)[:255], params)


def _ends(actor: User, source: End, target: End) -> tuple[Registry, Place, Registry, Place]:
    giver, origin = _end(actor, source, "source")
    taker, place = _end(actor, target, "target", reference=origin.reference)
    if giver == taker and origin == place:
        raise Invalid.field("target.reference", _("This is the image itself."))
    both_digests = DIGEST.fullmatch(place.reference) and DIGEST.fullmatch(origin.reference)
    if both_digests and place.reference != origin.reference:
        raise Invalid.field("target.reference", _("A copy has the digest of its original."))
    return giver, origin, taker, place


def _end(actor: User, end: End, name: str, *, reference: str = "") -> tuple[Registry, Place]:
    registry = registries_for(actor).filter(slug=end.registry).first()
    if registry is None:
        raise Invalid.field(f"{name}.registry", _("There is no such registry."))
    if not is_repository(end.repository):
        raise Invalid.field(f"{name}.repository", _("Not the name of a repository: team/app."))
    wanted = end.reference or reference or "latest"
    if not is_tag(wanted) and not DIGEST.fullmatch(wanted):
        raise Invalid.field(f"{name}.reference", _("A tag, or a digest: sha256:…"))
    return registry, Place(end.repository, wanted)


def _said(registry: Registry, place: Place) -> dict[str, str]:
    return {
        "registry": registry.slug,
        "repository": place.repository,
        "reference": place.reference,
    }


def _name(registry: Registry, place: Place) -> str:
    mark = "@" if ":" in place.reference else ":"
    return f"{registry.domain}/{place.repository}{mark}{place.reference}"
