"""Asking that images go from the host that has them to others, straight or by a registry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.errors import Invalid
from hosts_app.models import Host
from hosts_app.selectors import host_for
from images_app.models import Image
from images_app.selectors import image_for
from images_app.transferring.transfers import MOST_HOSTS, name_at, reference_of
from jobs_app.models import Job
from jobs_app.services import Wish, ask_many
from registries_app.models import Registry
from registries_app.selectors import registries_for

MOST_ITEMS = 1000  # images times hosts


@dataclass(frozen=True, slots=True)
class Parcel:
    """One image on its way. `there`: its name at the registry that it goes by way of, or ""."""

    image: Image
    name: str
    there: str = ""


def distribute(
    actor: User,
    source: str,
    references: Sequence[str],
    targets: Sequence[str],
    via: str = "",
    *,
    idempotency_key: str = "",
) -> Job:
    """A Job with one child for each image and target; all are asked for, or none.

    `via` is the slug of a registry: then each image is pushed there once, first, and the targets
    pull it by the digest that the registry answered.
    """
    place = host_for(actor, source, Role.OPERATOR)
    registry = _registry(actor, via) if via else None
    names = list(dict.fromkeys(reference_of(each).familiar for each in references))
    if not names:
        raise Invalid.field("reference", _("Choose at least one image."))
    parcels = [_parcel(actor, place, name, registry) for name in names]
    hosts = _targets(actor, place, targets)
    if len(parcels) * len(hosts) > MOST_ITEMS:
        raise Invalid.field("targets", _("At most %(n)d at a time.") % {"n": MOST_ITEMS})
    wishes = [*_pushes(place, parcels), *_arrivals(place, parcels, hosts, via)]
    return ask_many(actor, "image.distribute.bulk", wishes, idempotency_key=idempotency_key)


def _parcel(actor: User, place: Host, name: str, registry: Registry | None) -> Parcel:
    image = image_for(actor, place.slug, name)
    if registry is None:
        return Parcel(image, name)
    if name.startswith("sha256:"):
        said = _("An image without a name cannot go by way of a registry: tag it first.")
        raise Invalid.field("reference", said)
    if name not in image.tags:
        name = next((tag for tag in image.tags if tag == f"{name}:latest"), name)
    return Parcel(image, name, name_at(registry.domain, name))


def _pushes(place: Host, parcels: Sequence[Parcel]) -> Iterator[Wish]:
    for each in parcels:
        if each.there:
            said = {"reference": each.there, "source": each.image.docker_id}
            yield Wish("image.push", place, each.there, each.there, said)


def _arrivals(
    place: Host, parcels: Sequence[Parcel], hosts: Sequence[Host], via: str
) -> Iterator[Wish]:
    for each in parcels:
        said: dict[str, Any] = {"reference": each.name, "source": place.slug}
        if each.there:
            said |= {"via": via, "there": each.there, "image": each.image.docker_id}
        else:
            said["from_host"] = place.pk  # its engine is as busy as the one that receives
        for host in hosts:
            yield Wish("image.distribute", host, each.name, each.name, said)


def _targets(actor: User, place: Host, targets: Sequence[str]) -> list[Host]:
    slugs = list(dict.fromkeys(targets))
    if not slugs:
        raise Invalid.field("targets", _("Choose at least one host."))
    if len(slugs) > MOST_HOSTS:
        raise Invalid.field("targets", _("At most %(n)d at a time.") % {"n": MOST_HOSTS})
    if place.slug in slugs:
        said = _("%(host)s has it already: it is sent from there.") % {"host": place.name}
        raise Invalid.field("targets", said)
    return [host_for(actor, slug, Role.OPERATOR) for slug in slugs]


def _registry(actor: User, slug: str) -> Registry:
    """One that engines can push to. Raises Invalid."""
    registry = registries_for(actor).filter(slug=slug).first()
    if registry is None:
        raise Invalid.field("via", _("There is no such registry."))
    if registry.mirror_of_id or registry.path:
        raise Invalid.field("via", _("Engines cannot push to this registry."))
    return registry
