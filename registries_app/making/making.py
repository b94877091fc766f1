"""What a user may ask of registries that we make on hosts; for administrators only."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from accounts_app.models import Role, User
from accounts_app.signin import require_step_up
from core.errors import FieldError, Forbidden, Invalid
from engine.reference import BadReference, parse
from hosts_app.models import Host
from hosts_app.selectors import host_for, hosts_for
from jobs_app.models import Job
from jobs_app.services import Wish, ask
from registries_app.making import tasks  # noqa: F401 - its deeds are registered there
from registries_app.making.trust import Trust, trust_of
from registries_app.models import Registry
from registries_app.selectors import registry_named
from registries_app.services import free_slug
from registries_app.spec import RegistrySpec, validate

IMAGE = "registry:2"
VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}")
ADDRESS = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]{0,252}[a-zA-Z0-9])?")
LONGEST_PASSWORD = 72  # bytes: bcrypt takes no more
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Made:
    """A registry as an administrator wants it. `address`: where others reach the host."""

    name: str
    image: str = IMAGE
    volume: str = ""
    port: int = 5000
    delete_enabled: bool = True
    username: str = ""
    password: str = ""
    address: str = ""


def make(
    actor: User, slug: str, wanted: Made, *, confirmation: str = "", idempotency_key: str = ""
) -> Job:
    """Ask for the Job. Raises Forbidden, Invalid, StepUpRequired."""
    if not actor.is_administrator:
        raise Forbidden(_("Only administrators of all hosts may do this."))
    host = host_for(actor, slug, Role.ADMINISTRATOR)
    address = wanted.address.strip() or address_of(host)
    _validate(wanted, address)
    url = f"http://{address}:{wanted.port}"
    validate(RegistrySpec(wanted.name, url, "distribution", wanted.username), None)
    require_step_up(actor, confirmation)
    new = free_slug(wanted.name)
    params = {
        "name": wanted.name.strip(),
        "slug": new,
        "image": wanted.image,
        "volume": wanted.volume or f"registry-{new}",
        "port": wanted.port,
        "bind": "127.0.0.1" if _is_loopback(address) else "",
        "delete_enabled": wanted.delete_enabled,
        "username": wanted.username,
        "url": url,
        "container": f"registry-{new}",
    }
    wish = Wish("registry.make", host, new, wanted.name, params, secret=wanted.password)
    return ask(actor, wish, idempotency_key=idempotency_key)


def address_of(host: Host) -> str:
    """Where a published port of this host is reached, as far as we know."""
    if host.address:
        return host.address
    return (urlsplit(host.url).hostname or "") if host.url.startswith("tcp:") else "127.0.0.1"


def trust(actor: User, slug: str) -> tuple[Registry, list[Trust]]:
    """What the engines of all hosts that `actor` sees think of this registry."""
    registry = registry_named(actor, slug)
    return registry, trust_of(hosts_for(actor).order_by("name"), registry)


def _validate(wanted: Made, address: str) -> None:
    wrong = []
    try:
        parse(wanted.image)
    except BadReference as error:
        wrong.append(FieldError("image", str(error)))
    if wanted.volume and not VOLUME.fullmatch(wanted.volume):
        wrong.append(FieldError("volume", _("The name of a volume: registry-data.")))
    if not 1 <= wanted.port <= HIGHEST_PORT:
        wrong.append(FieldError("port", _("A port from 1 to 65535.")))
    if bool(wanted.username) != bool(wanted.password):
        missing = "username" if wanted.password else "password"
        wrong.append(FieldError(missing, _("User name and password are needed together.")))
    if len(wanted.password.encode()) > LONGEST_PASSWORD:
        wrong.append(FieldError("password", _("At most 72 bytes: registries read no more.")))
    if not ADDRESS.fullmatch(address):
        words = _("A host name or an IP address, without http:// or port.")
        wrong.append(FieldError("address", words))
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
