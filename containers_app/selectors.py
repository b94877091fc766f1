"""Who may see or touch which container. Views, API and sockets all come through here."""

import re
from collections.abc import Collection

from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from containers_app.models import Container, ContainerQuerySet
from core.errors import Conflict, NotFound
from hosts_app.selectors import host_for, host_ids, require

FULL_ID = re.compile(r"[0-9a-f]{64}\Z")
PREFIX = re.compile(r"[0-9a-f]{6,63}\Z")


def containers_for(user: User) -> ContainerQuerySet:
    """The containers that exist on hosts `user` sees."""
    return Container.objects.for_user(user).filter(gone=None).select_related("host")


def container_for(user: User, host: str, reference: str, role: Role = Role.VIEWER) -> Container:
    """By name, full id or unique id prefix; NotFound where unseen, Forbidden below `role`."""
    found = _find(containers_for(user).filter(host__slug=host), reference)
    if found is None:
        host_for(user, host)  # an unknown host is said to be one
        raise NotFound(
            _("No such container: %(name)s") % {"name": reference},
            hint=_("It may have been removed, or carry another name now."),
        )
    require(user, found.host, role)
    return found


def container_to_change(user: User, host: str, docker_id: str, role: Role) -> Container:
    """The container of exactly this id (B12).

    Raises Conflict where a name is given instead, or where another container has its name now.
    """
    if FULL_ID.match(docker_id):
        _require_not_replaced(user, host, docker_id)
        return container_for(user, host, docker_id, role)
    container = container_for(user, host, docker_id, role)
    raise Conflict(
        _("Name the container by its full id: %(id)s") % {"id": container.docker_id},
        hint=_("A name may belong to another container by the time this is done."),
    )


def containers_to_change(
    user: User, targets: Collection[tuple[str, str]], role: Role
) -> list[Container]:
    """As `container_to_change` for each (host slug, full id), in few queries. All or none."""
    asked = list(dict.fromkeys(targets))
    rows = containers_for(user).filter(docker_id__in={docker_id for _host, docker_id in asked})
    found = {(row.host.slug, row.docker_id): row for row in rows}
    allowed = host_ids(user, role)
    containers = []
    for host, docker_id in asked:
        row = found.get((host, docker_id))
        if row is None or row.host_id not in allowed:
            row = container_to_change(user, host, docker_id, role)  # says what is wrong
        containers.append(row)
    return containers


def successor_of(user: User, gone: Container) -> Container | None:
    """The container that has the name of one that is gone."""
    return containers_for(user).filter(host=gone.host, name=gone.name).first()


def tombstone_for(user: User, host: str, reference: str) -> Container | None:
    """The last thing known of a container that is gone, within a day (R15)."""
    gone = Container.objects.for_user(user).exclude(gone=None).filter(host__slug=host)
    return _find(gone.select_related("host").order_by("-gone"), reference)


def _require_not_replaced(user: User, host: str, docker_id: str) -> None:
    gone = tombstone_for(user, host, docker_id)
    if gone and successor_of(user, gone):
        raise Conflict(
            _("%(name)s is another container now.") % {"name": gone.name},
            hint=_("Reload the page, look at the new one, and ask again."),
        )


def _find(rows: ContainerQuerySet, reference: str) -> Container | None:
    if FULL_ID.match(reference):
        return rows.filter(docker_id=reference).first()
    named = rows.filter(name=reference).first()
    if named is None and PREFIX.match(reference):
        matches = list(rows.filter(docker_id__startswith=reference)[:2])
        return matches[0] if len(matches) == 1 else None
    return named
