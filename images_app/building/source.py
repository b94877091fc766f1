"""Where the engine may fetch a build from by itself: the grammar of git addresses (pure).

The engine resolves and connects, not we: an address in numbers that nobody may be sent to (E1)
is refused here, but where a name leads is up to the engine's own network. Hence administrators
only (E8).
"""

import re
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from core.errors import Invalid
from engine.errors import EngineError
from engine.guard import check_literal

LONGEST = 1024  # characters
SSH = re.compile(r"git@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9_~][\w./~-]*", re.ASCII)
PLACE = re.compile(r"(?P<ref>[\w][\w./-]*)?(?::(?P<folder>[\w][\w./ -]*))?", re.ASCII)
PORTS = {"http": 80, "https": 443}


def checked_remote(text: str) -> str:
    """`https://host/path.git#ref:folder` or `git@host:path.git#…`. Raises Invalid."""
    if len(text) > LONGEST or not text.isprintable() or " " in text:
        raise _wrong(_("This is no address of a git repository."))
    address, hash_mark, place = text.partition("#")
    if hash_mark and (not PLACE.fullmatch(place) or ".." in place):
        raise _wrong(_("After # comes a branch or tag, and after : a folder."))
    if SSH.fullmatch(address) and ".." not in address:
        return text
    _check_http(address)
    return text


def _check_http(address: str) -> None:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _wrong(_("This is no address of a git repository.")) from error
    if parts.scheme not in PORTS or not host:
        raise _wrong(_("Addresses begin with https://, http:// or git@."))
    if "@" in parts.netloc:
        raise _wrong(_("No user or password in the address: it would stay in the job."))
    if not parts.path.endswith(".git") or parts.query:
        raise _wrong(_("The address of a git repository ends in .git."))
    try:
        check_literal(host, port or PORTS[parts.scheme])
    except EngineError as error:
        raise _wrong(str(error)) from error


def _wrong(message: str) -> Invalid:
    return Invalid.field("remote", message)
