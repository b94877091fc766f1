"""What registries answer, and how its parts are read."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from core.text import visible

NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel\s*=\s*"?next"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx2.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Names:
    """Repositories or tags, in the registry's order; not `complete` where we stopped early."""

    names: tuple[str, ...]
    complete: bool
    pages: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The exact bytes that `digest` was computed from."""

    digest: str
    media_type: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Budget:
    """How many pulls a registry still gives within a window; `retry_s` after it refused."""

    limit: int | None = None
    remaining: int | None = None
    window_s: int = 0
    source: str = ""  # whom it counts: an address or an account
    retry_s: int = 0


def digest_of(raw: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, raw).hexdigest()}"


def json_of(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def words_of(answer: Answer) -> tuple[str, str]:
    """The first error's code and message, as the protocol has them; else nothing (E4)."""
    said = json_of(answer.body)
    errors = said.get("errors") if isinstance(said, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "", ""
    code, message = first.get("code"), first.get("message")
    return str(code or "")[:64], visible(message, 200) if isinstance(message, str) else ""


def next_query(headers: httpx2.Headers) -> str:
    match = NEXT.search(", ".join(headers.get_list("link")))
    return urlsplit(match[1]).query if match else ""


def retry_after(headers: httpx2.Headers) -> int:
    """Seconds, from 1 to an hour; a minute where it does not say."""
    said = str(headers.get("retry-after", "")).strip()
    try:
        seconds = (
            int(said)
            if said.isdigit()
            else int((parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
        )
    except (ValueError, TypeError):
        return 60
    return max(1, min(seconds, 3600))


COUNT = re.compile(r"(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?")


def budget_of(headers: httpx2.Headers, retry_s: int = 0) -> Budget | None:
    """What Docker Hub says of its limit (ratelimit-limit: 100;w=21600); None where it does not."""
    limit = COUNT.match(str(headers.get("ratelimit-limit", "")))
    left = COUNT.match(str(headers.get("ratelimit-remaining", "")))
    if not (limit and left):
        return Budget(retry_s=retry_s) if retry_s else None
    source = visible(str(headers.get("docker-ratelimit-source", "")), 64)
    return Budget(int(limit[1]), int(left[1]), int(limit[2] or 0), source, retry_s)
