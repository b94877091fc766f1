"""Signing in to registries: challenges as RFC 9110 has them, Basic, and Bearer tokens by scope.

A challenge is written by whoever answers, so its realm is doubted: nothing is asked of a sign-in
service that is neither the registry's own origin nor confirmed for it (E3).
"""

import base64
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import orjson

from registries_app.protocol.failures import AuthFailed, ForeignRealm, NotARegistry
from registries_app.protocol.targets import Target, origin_of

MOST_TOKEN = 64 * 1024  # bytes of a token service's answer
TOKEN_S = 60  # what the protocol says where `expires_in` is missing
EARLY_S = 5  # a token is renewed this long before its end
LONGEST_S = 12 * 3600
BASIC_S = 300
MOST_TOKENS = 4096

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105
PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
SCHEME = re.compile(rf"({_TOKEN})(?:\s+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$)))?")
GAP = re.compile(r"[\s,]*")


@dataclass(slots=True)
class Challenge:
    scheme: str  # in lower case
    parameters: dict[str, str] = field(default_factory=dict)


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """Those in all WWW-Authenticate headers of one answer; what is no challenge ends a header."""
    found: list[Challenge] = []
    for header in headers:
        at = GAP.match(header).end()  # type: ignore[union-attr]  # matches anything
        current: Challenge | None = None
        while at < len(header):
            match = PARAMETER.match(header, at) if current else None
            if match and current:
                value = match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
                current.parameters.setdefault(match[1].lower(), value)
            else:
                match = SCHEME.match(header, at)
                if match is None:
                    break
                current = Challenge(match[1].lower())
                found.append(current)
            at = GAP.match(header, match.end()).end()  # type: ignore[union-attr]
    return found


def basic(target: Target) -> str:
    pair = f"{target.username}:{target.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def chosen(target: Target, headers: Iterable[str]) -> Challenge:
    """Bearer before Basic; others we do not speak. Raises NotARegistry, AuthFailed."""
    found = {each.scheme: each for each in reversed(challenges(headers))}
    wanted = found.get("bearer") or found.get("basic")
    if wanted is None:
        raise NotARegistry(target.name)
    if wanted.scheme == "basic" and target.anonymous:
        raise AuthFailed(target.name, anonymous=True)
    return wanted


def token_url(target: Target, challenge: Challenge, scopes: Iterable[str]) -> str:
    """Where the token for `scopes` is asked for. Raises NotARegistry, ForeignRealm."""
    realm = challenge.parameters.get("realm", "")
    try:
        origin, parts = origin_of(realm), urlsplit(realm)
    except ValueError as error:
        raise NotARegistry(target.name) from error
    downgraded = target.url.startswith("https:") and not origin.startswith("https:")
    if downgraded or "@" in parts.netloc or not target.allows_realm(origin):
        raise ForeignRealm(target.name, origin)
    service = challenge.parameters.get("service")
    asked = [("service", service)] if service else []
    asked += [("scope", scope) for scope in scopes]
    query = "&".join(part for part in (parts.query, urlencode(asked)) if part)
    return f"{origin}{parts.path or '/'}{'?' if query else ''}{query}"


def read_token(target: Target, raw: bytes) -> tuple[str, float]:
    """The token in a service's answer, and the seconds that it holds. Raises NotARegistry."""
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotARegistry(target.name) from error
    said = said if isinstance(said, dict) else {}
    token = said.get("token") or said.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise NotARegistry(target.name)
    life = said.get("expires_in")
    seconds = life if isinstance(life, int) and 0 < life <= LONGEST_S else TOKEN_S
    return token, float(seconds)


class Kept:
    """What was sent with success, by target and scope, until it ends; of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[Target, str], tuple[str, float]] = {}

    def get(self, target: Target, scope: str) -> str:
        """ "" where there is none that still holds."""
        value, end = self._values.get((target, scope), ("", 0.0))
        return value if time.monotonic() < end - EARLY_S else ""

    def put(self, target: Target, scope: str, value: str, seconds: float) -> None:
        with self._lock:
            if len(self._values) >= MOST_TOKENS:
                self._values.clear()
            self._values[target, scope] = (value, time.monotonic() + seconds)


kept = Kept()
