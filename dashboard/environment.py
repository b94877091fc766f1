"""Reading the environment of a site: keys, origins and addresses, checked before Django starts."""

import hashlib
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SHORTEST = {"SECRET_KEY": 50, "CREDENTIAL_KEYS": 46}  # characters; an id and 32 bytes (A3)
PLACEHOLDERS = ("changeme", "change-me", "secret", "insecure", "example", "placeholder")


def checked_key(name: str, value: str) -> str:
    """`value`, if it can be a secret key at all; else ImproperlyConfigured that says why."""
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: start with make run, which creates it.")
    if len(value) < SHORTEST[name]:
        raise ImproperlyConfigured(f"{name} is too short: it needs {SHORTEST[name]} characters.")
    if any(word in value.lower() for word in PLACEHOLDERS):
        raise ImproperlyConfigured(f"{name} is a placeholder: choose a random one.")
    return value


def key_from(data_dir: Path, name: str) -> str:
    """What `make run` wrote for this site under DATA_DIR/keys, or an empty text."""
    file = data_dir / "keys" / name.lower()
    return file.read_text().strip() if file.is_file() else ""


def checked_origins(origins: list[str], *, allow_http: bool) -> list[str]:
    """The origins from which browsers may use this site, each exactly scheme://host[:port].

    Plain http is for loopback, and elsewhere only where the operator said ALLOW_HTTP=1 (A8).
    """
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "*" in origin:
            raise ImproperlyConfigured(
                f"ALLOWED_ORIGINS: {origin!r} is not like https://docker.example."
            )
        if parts.path or parts.query or parts.username:
            raise ImproperlyConfigured(f"ALLOWED_ORIGINS: {origin!r} must end after the port.")
        loopback = parts.hostname in {"localhost", "::1"} or parts.hostname.startswith("127.")
        if parts.scheme == "http" and not loopback and not allow_http:
            raise ImproperlyConfigured(
                f"ALLOWED_ORIGINS: {origin} is plain http beyond this machine. "
                "Use https, or set ALLOW_HTTP=1 if a trusted network lies between."
            )
    return origins


def broker_url(redis_url: str) -> str:
    """REDIS_URL in kombu's spelling: it knows no unix:// (redis-py knows no redis+socket://)."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def sqlite_url(data_dir: Path) -> str:
    return f"sqlite:///{quote(str(data_dir / 'db.sqlite3'))}"


def fingerprint(*folders: Path) -> str:
    """Eight hex digits that change whenever a file in these folders does.

    Static addresses carry it, so files may be cached for ever, and relative imports between
    modules and stylesheets stay as they are written.
    """
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                digest.update(str(file.relative_to(folder)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
