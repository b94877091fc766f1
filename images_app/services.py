"""What a user may ask of images that hosts have. Each checks, writes the Job, and queues it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from accounts_app.signin import require_step_up
from core.errors import Conflict, Invalid, Locked
from core.masking import revealed
from engine.reference import BadReference, Reference, parse
from hosts_app.selectors import host_for, hosts_for, require, require_everywhere
from images_app import (
    live_reads,
    tasks,  # noqa: F401 - the deeds below are registered there
)
from images_app.listing import Query
from images_app.models import Image
from images_app.prune import Preview, Prunable, prunable, staying
from images_app.selectors import image_by_id, image_for, images_to_change, locked_users, users_of
from jobs_app.models import Job
from jobs_app.services import Wish, ask, ask_many

MOST_TARGETS = 2000  # of one bulk job
MOST_NAMED = 20  # images in a sentence


@transaction.atomic
def remove(
    actor: User, host: str, docker_id: str, *, force: bool = False, idempotency_key: str = ""
) -> Job:
    """Remove an image with all its tags, named by its full id.

    Raises Locked where a container of it is locked against removal.
    """
    host_for(actor, host, Role.OPERATOR)
    image = image_by_id(actor, host, docker_id)
    _require_unlocked([image])
    return ask(actor, _removal(image, force=force), idempotency_key=idempotency_key)


@transaction.atomic
def remove_several(
    actor: User,
    targets: Sequence[tuple[str, str]],
    *,
    force: bool = False,
    idempotency_key: str = "",
) -> Job:
    """The same for several, given as (host slug, full id): all are asked for, or none."""
    _require_some(targets)
    for host in dict.fromkeys(host for host, _id in targets):
        host_for(actor, host, Role.OPERATOR)
    images = images_to_change(actor, targets)
    _require_unlocked(images)
    wishes = [_removal(image, force=force) for image in images]
    return ask_many(actor, "image.bulk", wishes, idempotency_key=idempotency_key)


@transaction.atomic
def tag(actor: User, host: str, source: str, name: str, *, idempotency_key: str = "") -> Job:
    """Give an image one more tag; the image that has it now, if there is one, loses it."""
    place = host_for(actor, host, Role.OPERATOR)
    reference = _tag_of(name)
    image = image_for(actor, host, source)
    said = {"reference": reference.familiar}
    wish = Wish("image.tag", place, image.docker_id, reference.familiar, said)
    return ask(actor, wish, idempotency_key=idempotency_key)


@transaction.atomic
def untag(actor: User, host: str, name: str, *, idempotency_key: str = "") -> Job:
    """Take one tag away. Raises Conflict for the only one: the image would go with it."""
    place = host_for(actor, host, Role.OPERATOR)
    reference = _tag_of(name).familiar
    image = image_for(actor, host, reference)
    if len(image.tags) < 2:
        raise Conflict(
            _("%(name)s is the only tag of its image.") % {"name": reference},
            hint=_("Remove the image instead."),
        )
    said = {"reference": reference}
    wish = Wish("image.untag", place, image.docker_id, reference, said)
    return ask(actor, wish, idempotency_key=idempotency_key)


def prune_preview(actor: User, query: Query, *, tagged: bool) -> Preview:
    """The unused images that `query` finds and `actor` may remove; `tagged`: not only nameless.

    What each frees is asked of the engines, and is None where one does not tell in time.
    """
    going = prunable(actor, query, tagged=tagged)
    own = live_reads.own_bytes(going)
    kept, count = staying(actor, query)
    found = [Prunable(each, own.get((each.host_id, each.docker_id))) for each in going]
    return Preview(found, kept, count)


def prune(
    actor: User,
    targets: Sequence[tuple[str, str]],
    *,
    password: str = "",
    idempotency_key: str = "",
) -> Job:
    """Remove exactly these, given as (host slug, full id), as a preview showed them.

    Needs step-up (A10). Raises Conflict where one is in use by now. One that had no name when it
    was asked for stays if it has one when its turn comes: nobody agreed to lose that.
    """
    _require_some(targets)
    for host in dict.fromkeys(host for host, _id in targets):
        host_for(actor, host, Role.OPERATOR)
    images = images_to_change(actor, targets)
    used = users_of(images)
    if names := [image.label for image in images if image.pk in used]:
        raise Conflict(
            _("In use by now: %(names)s") % {"names": ", ".join(names[:MOST_NAMED])},
            hint=_("Look at the preview again."),
        )
    require_step_up(actor, password)
    wishes = [
        Wish(
            "image.remove",
            image.host,
            image.docker_id,
            image.label,
            {"force": True, "nameless": not image.tags},
        )
        for image in images
    ]
    return ask_many(actor, "image.prune", wishes, idempotency_key=idempotency_key)


@transaction.atomic
def look_for_newer(
    actor: User, targets: Sequence[tuple[str, str]] = (), *, idempotency_key: str = ""
) -> Job:
    """Ask registries what the tags of these stand for now; of all on the actor's hosts if none.

    Of one host for its operators; what concerns several, for operators of all hosts.
    """
    if targets:
        _require_some(targets)
        images = images_to_change(actor, targets)
        hosts = {image.host.slug: image.host for image in images}
        tags = sorted({tag for image in images for tag in image.tags})
        if not tags:
            raise Invalid.field("target", _("None of these has a tag to ask for."))
        params: dict[str, Any] = {"references": tags}
    else:
        hosts = {host.slug: host for host in hosts_for(actor, Role.OPERATOR)}
        params = {"hosts": sorted(hosts)}
    if len(hosts) == 1:
        (place,) = hosts.values()
        require(actor, place, Role.OPERATOR)
        wish = Wish("image.newer", place, "", _("Newer images"), params)
    else:
        require_everywhere(actor, Role.OPERATOR)
        wish = Wish("image.newer", None, "", _("Newer images"), params)
    return ask(actor, wish, idempotency_key=idempotency_key)


def reveal(
    actor: User, host: str, docker_id: str, names: Collection[str], *, password: str = ""
) -> dict[str, str]:
    """The values of these variables of an image, named by its full id; for administrators.

    Needs step-up (A10). The trail gets the names, never a value. Raises NotFound for a name
    that the image does not have.
    """
    place = host_for(actor, host, Role.ADMINISTRATOR)
    image = image_by_id(actor, host, docker_id)
    require_step_up(actor, password)
    values = revealed(live_reads.detail(image).env, names)
    audit.record(
        actor,
        "image.reveal",
        host=place.slug,
        target=image.docker_id,
        target_name=image.label,
        outcome="succeeded",
        names=sorted(names),
    )
    return values


def act(
    actor: User,
    action: str,
    targets: Sequence[tuple[str, str]],
    options: Mapping[str, str],
    *,
    idempotency_key: str = "",
) -> Job:
    """What a page asks for: remove of one or several, tag and untag of one, by full ids.

    Whoever looks at a row sees all its tags: they go with it.
    """
    if action == "newer":
        return look_for_newer(actor, targets, idempotency_key=idempotency_key)
    if action == "remove" and len(targets) != 1:
        return remove_several(actor, targets, force=True, idempotency_key=idempotency_key)
    if action not in {"remove", "tag", "untag"}:
        raise Invalid.field("action", _("There is no action “%(name)s”.") % {"name": action})
    if len(targets) != 1:
        raise Invalid.field("target", _("Choose one image."))
    ((host, docker_id),) = targets
    name = options.get("reference", "")
    if action == "tag":
        return tag(actor, host, docker_id, name, idempotency_key=idempotency_key)
    if action == "untag":
        return untag(actor, host, name, idempotency_key=idempotency_key)
    return remove(actor, host, docker_id, force=True, idempotency_key=idempotency_key)


def _removal(image: Image, *, force: bool) -> Wish:
    return Wish("image.remove", image.host, image.docker_id, image.label, {"force": force})


def _require_some(targets: Sequence[tuple[str, str]]) -> None:
    if not targets:
        raise Invalid.field("targets", _("Choose at least one image."))
    if len(targets) > MOST_TARGETS:
        raise Invalid.field("targets", _("At most %(n)d at a time.") % {"n": MOST_TARGETS})


def _require_unlocked(images: Sequence[Image]) -> None:
    found = Image.objects.filter(pk__in=[image.pk for image in images])
    if names := locked_users(found):
        raise Locked(
            _("Used by containers that are locked against removal: %(names)s")
            % {"names": ", ".join(names)},
            hint=_("An administrator can lift the lock."),
        )


def _tag_of(text: str) -> Reference:
    try:
        reference = parse(text).with_default_tag()
    except BadReference as error:
        raise Invalid.field("reference", str(error)) from error
    if reference.digest:
        raise Invalid.field("reference", _("A name with a tag, without a digest."))
    return reference
