"""The container that the dashboard itself runs in, if any: only an administrator changes it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from containers_app.models import Container
from core.errors import Forbidden
from hosts_app.selectors import host_ids

MOUNTS = Path("/proc/self/mountinfo")
# Docker mounts these three files from the container's own folder (moby, container_unix.go)
FOLDER = re.compile(r"/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf)\b")
HARMLESS = {"start", "unpause"}


@lru_cache(maxsize=1)
def own_id() -> str:
    """The full id of our own container; "" where we run in none."""
    try:
        found = FOLDER.search(MOUNTS.read_text())
    except OSError:  # no Linux
        return ""
    return found[1] if found else ""


def is_own(container: Container) -> bool:
    return bool(own_id()) and container.docker_id == own_id()


def require_administrator(actor: User, action: str, containers: Sequence[Container]) -> None:
    """Raise Forbidden where an operator would stop or remove the dashboard itself (B13)."""
    if action in HARMLESS:
        return
    for container in containers:
        if is_own(container) and container.host_id not in host_ids(actor, Role.ADMINISTRATOR):
            raise Forbidden(
                _("%(name)s is the container that this dashboard runs in.")
                % {"name": container.name},
                hint=_("An administrator of the host can do this."),
            )
