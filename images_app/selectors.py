"""Which images a user may see."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import NotFound
from engine.reference import BadReference, Reference, parse
from images_app.models import Image, ImageQuerySet

RUNNING = {"running", "paused", "restarting"}  # states in which a container has a process
PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})\Z")


def images_for(user: User) -> ImageQuerySet:
    return Image.objects.for_user(user).select_related("host").order_by("host__name", "pk")


def image_for(user: User, host: str, reference: str) -> Image:
    """The image of this id, id prefix or tag on a host that `user` sees; else NotFound."""
    found = images_for(user).filter(host__slug=host)
    if reference.startswith("sha256:") and (image := found.filter(docker_id=reference).first()):
        return image
    for image in found:
        if reference in image.tags or f"{reference}:latest" in image.tags:
            return image
    raise NotFound(_("No such image."), hint=_("Look at the list of images of this host."))


def image_at(user: User, host: str, reference: str) -> Image | None:
    """The image that an address names: by tag, digest, id or a unique beginning of the id.

    For looking only: what changes an image names it by its full id (B12).
    """
    found = images_for(user).filter(host__slug=host)
    if reference.startswith("sha256:") and (image := found.filter(docker_id=reference).first()):
        return image
    names = listed_names(reference)
    digest = f"@{reference}" if reference.startswith("sha256:") else ""
    for image in found.defer("labels"):
        known = {*image.tags, *image.digests}
        if known & names or (digest and any(each.endswith(digest) for each in image.digests)):
            return image
    if match := PREFIX.match(reference):
        begun = found.filter(docker_id__startswith=f"sha256:{match[1]}")[:2]
        return begun[0] if len(begun) == 1 else None
    return None


def listed_names(reference: str) -> set[str]:
    """How an engine may list what `reference` names; a name with tag and digest goes by both."""
    try:
        named = parse(reference).with_default_tag()
    except BadReference:
        return set()
    if not named.digest:
        return {named.familiar}
    bare = Reference(named.domain, named.path, digest=named.digest)
    return {named.familiar, bare.familiar}


def tags_on(user: User, host: str) -> list[str]:
    """The names of the images of one host, in order; none for a host that `user` does not see."""
    rows = images_for(user).filter(host__slug=host).values_list("tags", flat=True)
    return sorted({tag for tags in rows for tag in tags})


def names_on(user: User, host: str) -> list[tuple[str, str]]:
    """(reference, what a person calls it) of every image of one host, those without a tag last."""
    found = images_for(user).filter(host__slug=host)
    tagged = {tag: tag for image in found for tag in image.tags}
    bare = {image.docker_id: image.short_id for image in found if not image.tags}
    return [*sorted(tagged.items()), *sorted(bare.items())]


def used_by(images: Iterable[Image]) -> dict[int, list[tuple[str, str]]]:
    """Image → (id, name) of the containers made from it that still exist."""
    pks = [image.pk for image in images]
    users: dict[int, list[tuple[str, str]]] = {}
    rows = Image.objects.filter(pk__in=pks, containers__gone=None, containers__isnull=False)
    for pk, docker_id, name in rows.order_by("containers__name").values_list(
        "pk", "containers__docker_id", "containers__name"
    ):
        users.setdefault(pk, []).append((docker_id, name))
    return users


@dataclass(frozen=True, slots=True)
class Using:
    """A container that was made from an image and still exists."""

    id: str
    name: str
    running: bool
    locked: bool


def users_of(images: Iterable[Image]) -> dict[int, list[Using]]:
    """Image → the containers made from it, those that run first; in one query."""
    users: dict[int, list[Using]] = {}
    rows = Image.objects.filter(
        pk__in=[image.pk for image in images],
        containers__gone=None,
        containers__isnull=False,
    )
    for pk, docker_id, name, state, locked_at in rows.order_by("containers__name").values_list(
        "pk",
        "containers__docker_id",
        "containers__name",
        "containers__state",
        "containers__locked_at",
    ):
        using = Using(docker_id, name, state in RUNNING, locked_at is not None)
        users.setdefault(pk, []).append(using)
    for each in users.values():
        each.sort(key=lambda user: not user.running)
    return users


def images_to_change(actor: User, targets: Sequence[tuple[str, str]]) -> list[Image]:
    """As `image_by_id` for each (host slug, full id), in one query. All, or NotFound."""
    asked = list(dict.fromkeys(targets))
    rows = images_for(actor).filter(docker_id__in={docker_id for _host, docker_id in asked})
    found = {(row.host.slug, row.docker_id): row for row in rows}
    return [found.get(each) or image_by_id(actor, *each) for each in asked]


def image_by_id(user: User, host: str, docker_id: str) -> Image:
    """The image of exactly this full id, as what changes it names it; else NotFound."""
    image = images_for(user).filter(host__slug=host, docker_id=docker_id).first()
    if image is None:
        raise NotFound(
            _("No such image: %(id)s") % {"id": docker_id[:80]},
            hint=_("Name it by its full id: sha256:…"),
        )
    return image


def locked_users(images: ImageQuerySet) -> list[str]:
    """Names of the containers of these images that are locked against removal."""
    locked = images.filter(containers__gone=None, containers__locked_at__isnull=False)
    return sorted(set(locked.values_list("containers__name", flat=True)))


def images_of(user: User, pairs: Collection[tuple[int, str]]) -> set[int]:
    """The keys of the rows of these (host, full id)."""
    rows = images_for(user).filter(docker_id__in={docker_id for _host, docker_id in pairs})
    found = rows.values_list("pk", "host", "docker_id")
    return {pk for pk, host, docker_id in found if (host, docker_id) in pairs}
