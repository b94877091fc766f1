"""A registry as a form or the API describes it, and whether it makes sense."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.errors import FieldError, Invalid
from registries_app.models import Registry
from registries_app.protocol.sockets import foreign_context, tls_context
from registries_app.protocol.tags import is_repository
from registries_app.protocol.targets import origin_of, plain_url

LONGEST_NAME = 100
LONGEST_URL = 255
LONGEST_SECRET = 16 * 1024  # characters; tokens of clouds have some thousands
LARGEST_PEM = 64 * 1024
MOST_REALMS = 10
PEMS = ("ca", "cert", "key")


@dataclass(frozen=True, slots=True)
class RegistrySpec:
    """What an administrator says. None for a secret keeps the one that is stored."""

    name: str
    url: str
    kind: str = "other"
    username: str = ""
    password: str | None = None
    ca: str = ""
    cert: str | None = None
    key: str | None = None
    skip_verify: bool = False
    realms: tuple[str, ...] = ()  # origins that its sign-in may go to
    mirror_of: str = ""  # slug
    mirror_kind: str = ""
    mirror_prefix: str = ""


def validate(spec: RegistrySpec, registry: Registry | None) -> None:
    """Raises Invalid that names every wrong field. `registry` is the one that is changed."""
    wrong = [
        *_name_errors(spec, registry),
        *_url_errors(spec, registry),
        *_sign_in_errors(spec),
        *_pem_errors(spec),
        *_realm_errors(spec),
        *_mirror_errors(spec, registry),
    ]
    if spec.kind not in Registry.Kind.values:
        names = ", ".join(Registry.Kind.values)
        wrong.append(FieldError("kind", _("One of %(names)s.") % {"names": names}))
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)


def _name_errors(spec: RegistrySpec, registry: Registry | None) -> Iterator[FieldError]:
    if not spec.name.strip() or len(spec.name) > LONGEST_NAME or not spec.name.isprintable():
        yield FieldError("name", _("A name of 1 to 100 characters, all on one line."))
        return
    others = Registry.objects.filter(name__iexact=spec.name)
    if (others.exclude(pk=registry.pk) if registry else others).exists():
        yield FieldError("name", _("Another registry has this name."))


def _url_errors(spec: RegistrySpec, registry: Registry | None) -> Iterator[FieldError]:
    try:
        url = plain_url(spec.url)
    except ValueError:
        url = ""
    if not url or len(url) > LONGEST_URL:
        yield FieldError("url", _("An address like https://registry.example:5000."))
        return
    if registry is None or origin_of(url) == origin_of(registry.url):
        return
    if registry.password_sealed and spec.password is None:
        words = _("Another server: enter its password anew, or an empty one.")
        yield FieldError("password", words)
    if registry.key_sealed and spec.key is None:
        yield FieldError("key", _("Another server: enter certificate and key anew."))


def _sign_in_errors(spec: RegistrySpec) -> Iterator[FieldError]:
    if len(spec.username) > LONGEST_URL or ":" in spec.username or not _one_line(spec.username):
        yield FieldError("username", _("At most 255 characters, on one line and without a colon."))
    password = spec.password or ""
    if len(password) > LONGEST_SECRET or not _one_line(password):
        yield FieldError("password", _("This password is too long, or not on one line."))


def _one_line(text: str) -> bool:
    return text == "" or text.isprintable()


def _pem_errors(spec: RegistrySpec) -> Iterator[FieldError]:
    for name in PEMS:
        text = getattr(spec, name) or ""
        if len(text) > LARGEST_PEM:
            yield FieldError(name, _("This is too long for a PEM text."))
            return
    if bool(spec.cert) != bool(spec.key):
        missing = "key" if spec.cert else "cert"
        yield FieldError(missing, _("Certificate and key are needed together."))
        return
    try:
        foreign_context(spec.ca)
    except (OSError, ValueError):
        yield FieldError("ca", _("This is no certificate as PEM text."))
        return
    try:
        tls_context(spec.ca, spec.cert or "", spec.key or "", skip_verify=spec.skip_verify)
    except (OSError, ValueError):
        yield FieldError("cert", _("Certificate and key do not fit each other."))


def _realm_errors(spec: RegistrySpec) -> Iterator[FieldError]:
    try:
        good = len(spec.realms) <= MOST_REALMS and all(
            origin_of(each) == each for each in spec.realms
        )
    except ValueError:
        good = False
    if not good:
        yield FieldError("realms", _("At most 10 addresses like https://auth.example."))


def _mirror_errors(spec: RegistrySpec, registry: Registry | None) -> Iterator[FieldError]:
    if not spec.mirror_of:
        return
    other = Registry.objects.filter(slug=spec.mirror_of).first()
    if other is None or other == registry or other.mirror_of_id:
        yield FieldError("mirror.of", _("A mirror is one of another registry that is none."))
    if spec.mirror_kind not in Registry.MirrorKind.values:
        names = ", ".join(Registry.MirrorKind.values)
        yield FieldError("mirror.kind", _("One of %(names)s.") % {"names": names})
    prefixed = spec.mirror_kind == Registry.MirrorKind.PREFIX
    if prefixed != bool(spec.mirror_prefix) or (
        prefixed and not is_repository(spec.mirror_prefix)
    ):
        yield FieldError("mirror.prefix", _("Only the kind prefix has one, such as hub/cache."))
