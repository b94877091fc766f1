"""Simulated engines: `python -m bench.engines 10 200 150` serves ten of 200 containers each.

They have 150 images at least, of which most are used by none of these.

Prints their addresses, then for every line on standard input what they were asked so far.
"""

import json
import os
import signal
import sys
from collections import Counter
from contextlib import ExitStack

from launch import kernel
from tests.fakes.engine import FakeEngine

KINDS = ("web", "api", "worker", "db", "cache", "proxy", "mail", "queue")
PROJECTS = ("shop", "crm", "blog", "wiki", "metrics", "billing", "search", "")
IMAGES = (
    "nginx:1.27", "ghcr.io/acme/api:2.14.1", "ghcr.io/acme/worker:2.14.1", "postgres:16-alpine",
    "redis:7", "traefik:v3.1", "registry.acme.example:5000/mail/relay:2024-11", "rabbitmq:3",
)  # fmt: skip
# ages: 2 minutes, 3 minutes, … 55 days
YOUNGEST_S, OLDER, MOST_AGES = 120, 1.5, 26
# of ten: mostly up, a few with a health check, some ended, well or not
STATES = (
    ("running", "", 0), ("running", "healthy", 0), ("running", "", 0), ("exited", "", 0),
    ("running", "", 0), ("running", "healthy", 0), ("running", "unhealthy", 0), ("running", "", 0),
    ("exited", "", 137), ("created", "", 0),
)  # fmt: skip


def fill(engine: FakeEngine, containers: int, images: int) -> None:
    """Containers as a host of small services has them: projects, health checks, ports."""
    for number in range(containers):
        kind = number % len(KINDS)
        state, health, exit_code = STATES[number // 3 % len(STATES)]
        project = PROJECTS[number // len(KINDS) % len(PROJECTS)]
        labels = {"org.opencontainers.image.vendor": "Acme"}
        if project:
            labels["com.docker.compose.project"] = project
            labels["com.docker.compose.service"] = KINDS[kind]
        docker_id = engine.add_container(
            f"{project or 'one'}-{KINDS[kind]}-{number}",
            image=IMAGES[kind],
            state=state,
            health=health,
            exit_code=exit_code,
            labels=labels,
            ports={"8080/tcp": [{"HostIp": "", "HostPort": str(20000 + number)}]},
        )
        _age(engine, docker_id, YOUNGEST_S * OLDER ** (number % MOST_AGES))
    for number in range(images - len(engine.daemon.images)):
        _add_image(engine, number)


def _add_image(engine: FakeEngine, number: int) -> None:
    """As a build server leaves them: many versions of a few names, some without a name."""
    kind = KINDS[number % len(KINDS)]
    name = f"ghcr.io/acme/{kind}"
    image = engine.add_image("" if number % 10 == 9 else f"{name}:2.{number}.0")
    age_s = YOUNGEST_S * OLDER ** (number % MOST_AGES)
    image.created_ns = engine.daemon.now_ns() - round(age_s * 1e9)
    image.size_bytes = 20_000_000 + number * 1_000_000
    image.digests = [f"{name}@sha256:{number:064x}"]
    if number % 5 == 0:
        engine.daemon.tag_image(image, f"registry.acme.example:5000/{kind}:{number}")


def _age(engine: FakeEngine, docker_id: str, age_s: float) -> None:
    """As if it had been there for so long: on a real fleet few rows are of this minute."""
    container = engine.daemon.find(docker_id)
    then_ns = engine.daemon.now_ns() - round(age_s * 1e9)
    container.created_ns = then_ns
    if container.started_ns:
        container.started_ns = then_ns
    if container.finished_ns:
        container.finished_ns = then_ns


def main() -> None:
    kernel.die_with_parent(os.getppid(), signal.SIGTERM)
    count, containers, images = (int(each) for each in sys.argv[1:])
    with ExitStack() as open_engines:
        engines = [open_engines.enter_context(FakeEngine()) for _ in range(count)]
        for engine in engines:
            fill(engine, containers, images)
        print(json.dumps([engine.url for engine in engines]), flush=True)
        for _line in sys.stdin:
            asked = Counter(request.line for engine in engines for request in engine.requests)
            print(json.dumps(asked), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
