"""What a form names: things on hosts, each as `host/full id`."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.errors import Invalid

Target = tuple[str, str]
"""A host's slug, and the full id of what is on it."""
OWN_NAMES = {"action", "target", "csrfmiddlewaretoken"}


def targets_of(texts: Iterable[str]) -> list[Target]:
    """Raises Invalid at `target` for a text that names nothing."""
    return [_target(text) for text in texts]


def options_of(request: HttpRequest) -> dict[str, str]:
    """What a form says besides the action and its targets."""
    return {name: str(value) for name, value in request.POST.items() if name not in OWN_NAMES}


def key_of(request: HttpRequest) -> str:
    """What makes a repeat of the same press the same Job."""
    return request.headers.get("Idempotency-Key", "")[:200]


def _target(text: str) -> Target:
    host, slash, docker_id = text.partition("/")
    if not slash or not host or not docker_id:
        raise Invalid.field("target", _("A target is a host and a full id: lab/3f2a…"))
    return host, docker_id
