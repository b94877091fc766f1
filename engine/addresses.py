"""Reads what callers give us before it goes out: addresses, object IDs, certificates and keys."""

import re
import ssl
import tempfile
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine import guard
from engine.errors import Down, NoSuchObject, TlsFailed
from engine.types import Connection

PLAIN_PORT = 2375  # IANA "docker"
TLS_PORT = 2376  # IANA "docker-s"
CONTAINER_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")  # or a name (moby, names.go)
LONGEST_UNIX_PATH = 107  # bytes (man 7 unix: sun_path holds 108 with its zero)


@dataclass(frozen=True, slots=True)
class Address:
    path: str = ""  # of a unix socket, else "" and:
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return self.path or (f"[{self.host}]" if ":" in self.host else self.host) + f":{self.port}"


def address_of(connection: Connection) -> Address:
    """Where to connect. Raises Down when the URL names nothing that we can or may connect to."""
    url = connection.url
    if url.startswith("unix://"):
        path = url.removeprefix("unix://")
        if not path.startswith("/") or "\0" in path:
            raise Down(f"{url}: a unix socket needs an absolute path")
        if len(path.encode()) > LONGEST_UNIX_PATH:
            raise Down(f"{url}: the path of a unix socket is at most 107 bytes long")
        guard.check_path(path)
        return Address(path=path)
    if url.startswith("tcp://"):
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Down(f"{url}: {error}") from error
        if not parts.hostname or parts.username is not None or parts.path.strip("/"):
            raise Down(f"{url}: expected tcp://host:port")
        default = TLS_PORT if connection.tls else PLAIN_PORT
        guard.check_literal(parts.hostname, port or default)
        return Address(host=parts.hostname, port=port or default)
    raise Down(f"{url}: expected unix:///path or tcp://host:port")


def checked_id(container_id: str) -> str:
    """A container's ID or name as it may stand in a path. Raises NoSuchObject.

    Anything else ("../images/x/json") could reach another path of the API.
    """
    if not CONTAINER_ID.fullmatch(container_id):
        raise NoSuchObject(f"No such container: {container_id}")
    return container_id


def checked_reference(reference: str) -> str:
    """An image's ID or reference as it may stand in a path. Raises NoSuchObject."""
    if not reference or any(part in ("", ".", "..") for part in reference.split("/")):
        raise NoSuchObject(f"No such image: {reference}")
    return reference


def tls_context(connection: Connection) -> ssl.SSLContext:
    """Trusts the given CA only, and shows our certificate. Raises TlsFailed on unusable PEM."""
    if not connection.ca:
        raise TlsFailed("no CA certificate was given to check the engine's certificate against")
    if bool(connection.cert) != bool(connection.key):
        raise TlsFailed("a client certificate and its key are needed together")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=connection.ca)
    except (ssl.SSLError, ValueError) as error:
        raise TlsFailed(f"the CA certificate cannot be read: {_words(error)}") from error
    if connection.cert:
        _load_pair(context, connection)
    return context


def _load_pair(context: ssl.SSLContext, connection: Connection) -> None:
    """ssl reads a key from a file only: made 0600 by tempfile, and gone when this returns."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
        pair.write(f"{connection.cert.strip()}\n{connection.key.strip()}\n")
        pair.flush()
        try:
            # a password, even an empty one, keeps OpenSSL from asking on the terminal
            context.load_cert_chain(pair.name, password="")
        except (ssl.SSLError, ValueError) as error:
            words = f"the client certificate or its key cannot be read: {_words(error)}"
            raise TlsFailed(words) from error


def _words(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error)
