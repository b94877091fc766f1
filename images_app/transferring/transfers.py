"""What a user may ask of images on their way: pull, push, save, and sending host to host."""

import re
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from accounts_app import audit
from accounts_app.models import Role, User
from core.errors import Invalid
from core.limits import AtOnce
from engine.reference import DEFAULT_DOMAIN, OFFICIAL, BadReference, Reference, parse
from engine.transfers import download
from hosts_app.connections import connection_for
from hosts_app.models import Host
from hosts_app.selectors import host_for
from images_app.selectors import image_for
from images_app.transferring import tasks  # noqa: F401 - the deeds below are registered there
from jobs_app.models import Job
from jobs_app.services import Wish, ask, ask_many

PLATFORM = re.compile(r"[a-z0-9_.-]+/[a-z0-9_.-]+(/[a-z0-9_.-]+)?")  # linux/arm64/v8
MOST_HOSTS = 500
DEFAULT_TAG = "latest"
SAVES = AtOnce(each=2, in_all=8)  # each keeps two connections and an engine's disk busy


def pull(
    actor: User, host: str, reference: str, platform: str = "", *, idempotency_key: str = ""
) -> Job:
    """Fetch an image to one host. Raises Invalid for what names no image or platform."""
    wish = _pull(actor, host, reference_of(reference), _platform(platform))
    return ask(actor, wish, idempotency_key=idempotency_key)


def pull_on(
    actor: User,
    hosts: Sequence[str],
    reference: str,
    platform: str = "",
    *,
    idempotency_key: str = "",
) -> Job:
    """The same on several hosts: a Job with one child for each, all asked for or none."""
    return pull_several(actor, hosts, [reference], platform, idempotency_key=idempotency_key)


def pull_several(
    actor: User,
    hosts: Sequence[str],
    references: Sequence[str],
    platform: str = "",
    *,
    idempotency_key: str = "",
) -> Job:
    """Each of these on each host, by one Job."""
    named, wanted = [reference_of(each) for each in references], _platform(platform)
    slugs = list(dict.fromkeys(hosts))
    if not slugs:
        raise Invalid.field("hosts", _("Choose at least one host."))
    if len(slugs) * len(named) > MOST_HOSTS:
        raise Invalid.field("hosts", _("At most %(n)d at a time.") % {"n": MOST_HOSTS})
    wishes = [_pull(actor, slug, each, wanted) for slug in slugs for each in named]
    return ask_many(actor, "image.pull.bulk", wishes, idempotency_key=idempotency_key)


def push(
    actor: User, host: str, reference: str, source: str = "", *, idempotency_key: str = ""
) -> Job:
    """Send an image that the host has to the registry that the name `reference` says.

    `source`: an image of the host, by tag or id, that gets this name first.
    """
    place, named = host_for(actor, host, Role.OPERATOR), reference_of(reference)
    if named.digest or named.familiar.startswith("sha256:"):
        raise Invalid.field("reference", _("A push names a tag, not a digest."))
    said = {"reference": named.familiar}
    if source:
        image = image_for(actor, host, reference_of(source, "source").familiar)
        if named.familiar not in image.tags:
            said["source"] = image.docker_id
    else:
        image_for(actor, host, named.familiar)
    wish = Wish("image.push", place, named.familiar, named.familiar, said)
    return ask(actor, wish, idempotency_key=idempotency_key)


def name_at(registry: str, reference: str) -> str:
    """The name that `reference` has on the registry of this domain: r.example/team/app:1.4.

    Raises Invalid for a name that says another registry itself.
    """
    named = reference_of(reference)
    if named.domain not in (DEFAULT_DOMAIN, registry):
        said = _("This name says another registry: %(registry)s") % {"registry": named.domain}
        raise Invalid.field("reference", said)
    path = named.path
    if named.domain != registry:
        path = path.removeprefix(OFFICIAL)
    return Reference(registry, path, named.tag or DEFAULT_TAG).familiar


def save(actor: User, host: str, references: Sequence[str]) -> "Saved":
    """The archive of these images, as it comes. Raises TooMany."""
    place = host_for(actor, host, Role.OPERATOR)
    names = [reference_of(each).familiar for each in references]
    if not names:
        raise Invalid.field("reference", _("Choose at least one image."))
    for name in names:
        image_for(actor, host, name)
    saved = Saved(actor, place, names)
    audit.record(
        actor, "image.save", host=place.slug, target=names[0], outcome="succeeded", names=names
    )
    return saved


class Saved:
    """A tar on its way from an engine to a browser, never on our disk; holds a place meanwhile."""

    def __init__(self, actor: User, host: Host, names: Sequence[str]) -> None:
        place = ExitStack()
        place.enter_context(SAVES.place(actor.pk))
        self._release = weakref.finalize(self, place.close)
        query = urlencode([("names", name) for name in names])
        self._pieces = download(connection_for(host), f"/images/get?{query}", {})

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._pieces)
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        self._release()


def _pull(actor: User, host: str, reference: Reference, platform: str) -> Wish:
    name = reference.familiar
    said = {"reference": name} | ({"platform": platform} if platform else {})
    return Wish("image.pull", host_for(actor, host, Role.OPERATOR), name, name, said)


def reference_of(text: str, field: str = "reference") -> Reference:
    try:
        return parse(text).with_default_tag()
    except BadReference as error:
        raise Invalid.field(field, str(error)) from error


def _platform(text: str) -> str:
    if text and not PLATFORM.fullmatch(text):
        raise Invalid.field("platform", _("A platform like linux/arm64."))
    return text
