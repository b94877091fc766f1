"""Which hosts a user may see or act on. Views, API, sockets and workers all come through here."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Min, Q, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from core.errors import Forbidden, NotFound
from hosts_app.models import Host, HostQuerySet


def hosts_for(user: User, role: Role = Role.VIEWER) -> HostQuerySet:
    return Host.objects.for_user(user, role)


def seen_hosts(request: HttpRequest) -> list[Host]:
    """The hosts that a signed-in reader sees, by name: read once for a page and its frame."""
    user = request.user
    assert isinstance(user, User), "the gate lets nobody else in"
    if not hasattr(request, "_seen_hosts"):
        request._seen_hosts = list(hosts_for(user))  # type: ignore[attr-defined]  # noqa: SLF001
    return request._seen_hosts  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001


def host_for(user: User, slug: str, role: Role = Role.VIEWER) -> Host:
    """The host, if `user` has `role` on it; else NotFound (unseen) or Forbidden (seen)."""
    host = Host.objects.for_user(user).filter(slug=slug).first()
    if host is None:
        raise NotFound(_("No such host."), hint=_("Look at the list of hosts for its name."))
    require(user, host, role)
    return host


def require(user: User, host: Host, role: Role) -> None:
    """Raise Forbidden unless `user`, who sees `host`, has `role` on it."""
    if not may(user, host, role):
        raise Forbidden(
            _("You need the role %(role)s on %(host)s.") % {"role": role.label, "host": host},
            hint=_("Ask an administrator for it."),
        )


def require_everywhere(user: User, role: Role) -> None:
    """Raise Forbidden unless `user` has `role` on all hosts: for what belongs to none of them."""
    if not user.may_everywhere(role):
        raise Forbidden(
            _("You need the role %(role)s on all hosts.") % {"role": role.label},
            hint=_("Ask an administrator for it."),
        )


def may(user: User, host: Host, role: Role) -> bool:
    return Host.objects.for_user(user, role).filter(pk=host.pk).exists()


def ids_among(hosts: Collection[Host], user: User, role: Role) -> set[int]:
    """Of `hosts`, all of which `user` sees, those on which he has `role`."""
    if user.may_everywhere(role):
        return {host.pk for host in hosts}
    return host_ids(user, role) & {host.pk for host in hosts}


def host_ids(user: User, role: Role = Role.VIEWER) -> set[int]:
    return set(Host.objects.for_user(user, role).values_list("pk", flat=True))


def live_version(user: User) -> int:
    """Grows with every change of any host that `user` sees, and of what is on them."""
    total = Host.objects.for_user(user).aggregate(total=Sum("version"))["total"]
    return total or 0


def oldest_as_of(user: User) -> datetime | None:
    """When the least recently listed of the hosts that `user` sees was listed."""
    oldest: datetime | None = Host.objects.for_user(user).aggregate(at=Min("as_of"))["at"]
    return oldest


def worded(hosts: HostQuerySet, words: str) -> HostQuerySet:
    """Of `hosts`, those with every word in name, slug, address or url."""
    for word in words.split():
        hosts = hosts.filter(
            Q(name__icontains=word)
            | Q(slug__icontains=word)
            | Q(address__icontains=word)
            | Q(url__icontains=word)
        )
    return hosts


def labelled(hosts: HostQuerySet, label: str) -> HostQuerySet:
    """Of `hosts`, those with the label `key`, or `key=value`."""
    key, equals, value = label.partition("=")
    found = hosts.filter(labels__has_key=key)
    if not equals:
        return found
    # compared here: of a key with dots, "contains" means different things to databases
    return hosts.filter(pk__in=[host.pk for host in found if host.labels[key] == value])
