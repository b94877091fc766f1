"""A host as a form or the API describes it, and whether it makes sense."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import FieldError, Invalid
from engine.types import Connection
from hosts_app.models import Host

LONGEST_NAME = 100
LONGEST_URL = 255
LARGEST_PEM = 64 * 1024  # characters; a bundle of CAs included
MOST_LABELS = 50
LABEL_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}\Z")
LONGEST_LABEL = 255
ADDRESS = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|\[?[0-9A-Fa-f:.]{2,45}\]?)\Z")


@dataclass(frozen=True, slots=True)
class HostSpec:
    """What an administrator says about a host. `connection` holds the PEM texts in the clear."""

    name: str
    connection: Connection
    address: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def protected(connection: Connection) -> bool:
    """A unix socket, or TLS in which both sides show certificates (E7)."""
    if connection.url.startswith("unix://"):
        return True
    return bool(connection.ca and connection.cert and connection.key)


def labels_from(lines: str) -> dict[str, str]:
    """Lines like key=value as labels; empty ones and those from # on fall away. Raises Invalid."""
    labels: dict[str, str] = {}
    for line in lines.splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, _equals, value = text.partition("=")
        key = key.strip()
        if key in labels:
            raise Invalid.field("labels", _("The label “%(key)s” is there twice.") % {"key": key})
        labels[key] = value.strip()
    return labels


def lines_from(labels: Mapping[str, str]) -> str:
    return "\n".join(f"{key}={value}" for key, value in labels.items())


def validate(spec: HostSpec, host: Host | None) -> None:
    """Raises Invalid that names every wrong field. `host` is the one that is being changed."""
    wrong = [
        *_name_errors(spec.name, host),
        *_url_errors(spec.connection.url),
        *_pem_errors(spec.connection),
        *_address_errors(spec.address),
        *_label_errors(spec.labels),
    ]
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)


def _name_errors(name: str, host: Host | None) -> list[FieldError]:
    if not name:
        return [FieldError("name", _("Give the host a name."))]
    if len(name) > LONGEST_NAME or not name.isprintable():
        return [FieldError("name", _("At most 100 characters, all on one line."))]
    others = Host.objects.filter(name__iexact=name)
    if (others.exclude(pk=host.pk) if host else others).exists():
        return [FieldError("name", _("Another host has this name."))]
    return []


def _url_errors(url: str) -> list[FieldError]:
    if len(url) > LONGEST_URL or not url.isprintable():
        return [FieldError("url", _("An address has at most 255 characters, all on one line."))]
    if url.startswith("tcp://") and len(url) > len("tcp://"):
        return []
    path = url.removeprefix("unix://")
    if path == url or not path.startswith("/"):
        return [FieldError("url", _("Write unix:///path/to/docker.sock or tcp://host:2376."))]
    if not _allowed(path):
        return [FieldError("url", _("This site allows other sockets only (UNIX_SOCKETS)."))]
    return []


def _allowed(path: str) -> bool:
    """Whether UNIX_SOCKETS, if set, names this socket, literally or by a pattern like /run/*."""
    patterns: list[str] = settings.UNIX_SOCKETS
    named = PurePosixPath(path)
    return not patterns or (".." not in named.parts and any(map(named.match, patterns)))


def _pem_errors(connection: Connection) -> list[FieldError]:
    wrong = []
    for name in ("ca", "cert", "key"):
        text = getattr(connection, name)
        if len(text) > LARGEST_PEM:
            wrong.append(FieldError(name, _("This is too long for a PEM text.")))
        elif text and "-----BEGIN " not in text:
            wrong.append(FieldError(name, _("This is no PEM text: -----BEGIN … is missing.")))
    if not wrong and bool(connection.cert) != bool(connection.key):
        missing = "key" if connection.cert else "cert"
        wrong.append(FieldError(missing, _("Certificate and key are needed together.")))
    if not wrong and connection.cert and not connection.ca:
        wrong.append(
            FieldError("ca", _("The CA is needed, to check the engine's certificate against."))
        )
    return wrong


def _address_errors(address: str) -> list[FieldError]:
    if address and not ADDRESS.match(address):
        return [FieldError("address", _("A host name or an IP address, without http:// or port."))]
    return []


def _label_errors(labels: Mapping[str, str]) -> list[FieldError]:
    if len(labels) > MOST_LABELS:
        return [FieldError("labels", _("At most 50 labels."))]
    for key, value in labels.items():
        if not LABEL_KEY.match(key):
            words = _("“%(key)s” is no label: keys are made of letters, digits and . _ / -")
            return [FieldError("labels", words % {"key": key[:60]})]
        if len(value) > LONGEST_LABEL or (value and not value.isprintable()):
            words = _("The value of “%(key)s” is too long, or has strange characters.")
            return [FieldError("labels", words % {"key": key})]
    return []
