"""Log text for benchmarks, the same for the same seed: access lines, JSON and stack traces.

Every line holds random ids, so nothing profits from repetition. One line in 5,000 says `deadlock`.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEED = 20261124
RARE = 5000  # lines for one that a search looks for
WORD = "deadlock"
PATHS = ("/", "/api/v1/orders", "/api/v1/search", "/healthz", "/login", "/static/app.js", "/img")
AGENTS = ("curl/8.5.0", "okhttp/4.12.0", "Mozilla/5.0 (X11; Linux x86_64)", "python-requests/2.32")
LOGGERS = ("shop.orders", "shop.cart", "payments.gateway", "db.pool", "auth.session", "mailer")
TEXTS = ("order accepted", "cart merged", "slow query", "session renewed", "retrying", "queued")
LEVELS = ("info", "info", "info", "info", "debug", "debug", "warn", "error")
MODULES = ("orders", "cart", "gateway", "pool", "session", "worker")


@dataclass(frozen=True, slots=True)
class Written:
    """What is in a file: to compare with what came out at the other end."""

    lines: int
    size: int  # bytes, newlines included
    digest: str  # SHA-256 of all of it
    rare: int  # lines with WORD


def lines(seed: int = SEED) -> Iterator[str]:
    """For ever, each as long as it comes: mostly 80 to 200 characters."""
    chance = random.Random(seed)  # noqa: S311 - the same text every time
    number = 0
    while True:
        for line in _event(chance, number):
            yield f"{line} {WORD} {number}" if number % RARE == RARE - 1 else line
            number += 1


def fixed(width: int, seed: int = SEED) -> Iterator[str]:
    """Lines of exactly `width` bytes with their newline."""
    source = lines(seed)
    while True:
        line = next(source)
        while len(line) < width - 1:
            line = f"{line} {next(source)}"
        if WORD in line[width - 1 :]:
            line = f"{WORD} {line}"
        yield line[: width - 1]


def write(path: Path, size: int, *, width: int, seed: int = SEED) -> Written:
    """A file of about `size` bytes."""
    count, rare, digest = max(1, size // width), 0, hashlib.sha256()
    source = fixed(width, seed)
    with path.open("wb") as file:
        for _ in range(count):
            line = next(source)
            rare += WORD in line
            content = f"{line}\n".encode("ascii")
            digest.update(content)
            file.write(content)
    return Written(count, count * width, digest.hexdigest(), rare)


def _event(chance: random.Random, number: int) -> Iterator[str]:
    kind = chance.random()
    if kind < 0.55:
        yield _access(chance, number)
    elif kind < 0.97:
        yield _structured(chance, number)
    else:
        yield from _trace(chance)


def _access(chance: random.Random, number: int) -> str:
    address = chance.getrandbits(24)
    path = PATHS[chance.getrandbits(8) % len(PATHS)]
    status = (200, 200, 200, 200, 304, 302, 404, 500)[chance.getrandbits(3)]
    agent = AGENTS[chance.getrandbits(2)]
    return (
        f"10.{address >> 16}.{address >> 8 & 255}.{address & 255} - - "
        f'"GET {path}/{chance.getrandbits(40):x} HTTP/1.1" {status} {chance.getrandbits(14)} '
        f'"{agent}" {number % 997 / 1000:.3f}'
    )


def _structured(chance: random.Random, number: int) -> str:
    level = LEVELS[chance.getrandbits(3)]
    logger = LOGGERS[chance.getrandbits(8) % len(LOGGERS)]
    text = TEXTS[chance.getrandbits(8) % len(TEXTS)]
    trace = f"{chance.getrandbits(64):016x}"
    if number % 2:
        return f"{level.upper():5} [{logger}] {text} trace={trace} ms={chance.getrandbits(10)}"
    return json.dumps({"level": level, "logger": logger, "trace": trace, "msg": text})


def _trace(chance: random.Random) -> Iterator[str]:
    yield f"ERROR [{LOGGERS[chance.getrandbits(2)]}] request {chance.getrandbits(64):016x} failed"
    yield "Traceback (most recent call last):"
    for _ in range(3 + chance.getrandbits(2)):
        module = MODULES[chance.getrandbits(8) % len(MODULES)]
        yield f'  File "/app/{module}.py", line {chance.getrandbits(9)}, in handle_{module}'
        yield f"    return self._{module}(request_id={chance.getrandbits(48):#x})"
    yield f"TimeoutError: no answer from 10.0.{chance.getrandbits(8)}.{chance.getrandbits(8)}"
