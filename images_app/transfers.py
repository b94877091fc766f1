"""What a user may ask of images on their way: pull and push."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.errors import Invalid
from engine.reference import BadReference, Reference, parse
from hosts_app.selectors import host_for
from images_app import tasks  # noqa: F401 - the deeds below are registered there
from images_app.selectors import image_for
from jobs_app.models import Job
from jobs_app.services import Wish, ask, ask_many

PLATFORM = re.compile(r"[a-z0-9_.-]+/[a-z0-9_.-]+(/[a-z0-9_.-]+)?")  # linux/arm64/v8
MOST_HOSTS = 500


def pull(
    actor: User, host: str, reference: str, platform: str = "", *, idempotency_key: str = ""
) -> Job:
    """Fetch an image to one host. Raises Invalid for what names no image or platform."""
    wish = _pull(actor, host, _named(reference), _platform(platform))
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
    named, wanted = _named(reference), _platform(platform)
    slugs = list(dict.fromkeys(hosts))
    if not slugs:
        raise Invalid.field("hosts", _("Choose at least one host."))
    if len(slugs) > MOST_HOSTS:
        raise Invalid.field("hosts", _("At most %(n)d at a time.") % {"n": MOST_HOSTS})
    wishes = [_pull(actor, slug, named, wanted) for slug in slugs]
    return ask_many(actor, "image.pull.bulk", wishes, idempotency_key=idempotency_key)


def push(actor: User, host: str, reference: str, *, idempotency_key: str = "") -> Job:
    """Send an image that the host has to the registry that its name says."""
    place, named = host_for(actor, host, Role.OPERATOR), _named(reference)
    if named.digest:
        raise Invalid.field("reference", _("A push names a tag, not a digest."))
    image_for(actor, host, named.familiar)
    said = {"reference": named.familiar}
    wish = Wish("image.push", place, named.familiar, named.familiar, said)
    return ask(actor, wish, idempotency_key=idempotency_key)


def _pull(actor: User, host: str, reference: Reference, platform: str) -> Wish:
    name = reference.familiar
    said = {"reference": name} | ({"platform": platform} if platform else {})
    return Wish("image.pull", host_for(actor, host, Role.OPERATOR), name, name, said)


def _named(text: str) -> Reference:
    try:
        return parse(text).with_default_tag()
    except BadReference as error:
        raise Invalid.field("reference", str(error)) from error


def _platform(text: str) -> str:
    if text and not PLATFORM.fullmatch(text):
        raise Invalid.field("platform", _("A platform like linux/arm64."))
    return text
