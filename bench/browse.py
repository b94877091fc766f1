"""A registry browsed through the dashboard: names, counts, a page, the index, many tags."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from bench.client import Api
from bench.measure import Spread, until
from bench.report import Figure, Row
from bench.site import Site
from engine.types import Connection
from tests.fakes.proxy import ChaosProxy
from tests.lab.pushing import Made, Pusher
from tests.lab.registry import Registry
from tests.run.running import HERE, free_port

TAGS = 20  # of each repository
MANY = "bench/many"
AWAY_S = 0.030  # the round trip of a registry at another site
BARE_AT_ONCE = 16
NAMES_S, COUNTED_S, COUNTED_WARM_S = 0.5, 1.5, 0.2
PAGE_S, PAGE_WARM_S = 1.0, 0.3
INDEX_S, INDEX_CPU_S = 60.0, 8.0
AGAIN_S, AGAIN_CPU_S = 20.0, 4.0
MANY_S = 3.0


def fill(registry: Registry, repositories: int, many: int) -> list[str]:
    """Repositories of twenty tags: of each ten, one for two platforms and one a twin."""
    names = [f"team{n % 10}/app{n:03}" for n in range(repositories)]
    with Pusher(registry.port) as push:
        for n, name in enumerate(names):
            last: Made | None = None
            for t in range(TAGS):
                layers = [b"base", f"{n}-{t}".encode()]
                if t % 10 == 3 and last:
                    push.raw_manifest(name, f"1.{t}.0", last.raw, last.media_type)
                elif t % 10 == 7:
                    amd = push.image(name, [], layers=layers)
                    arm = push.image(name, [], platform="linux/arm64", layers=layers)
                    push.index(name, [f"1.{t}.0"], ("linux/amd64", amd), ("linux/arm64", arm))
                else:
                    last = push.image(name, [f"1.{t}.0"], layers=layers, docker=t % 2 == 0)
        one = push.image(MANY, ["0"])
        for t in range(1, many):
            push.raw_manifest(MANY, f"1.{t}", one.raw, one.media_type)
    return names


def rows(
    site: Site, registry: Registry, names: list[str], many: int, rounds: int
) -> Iterator[Row]:
    with site.api() as api:
        yield from _rows(site, api, registry.port, names, many, rounds, "")
        port = free_port()
        with ChaosProxy(Connection(f"tcp://127.0.0.1:{registry.port}"), port=port) as proxy:
            proxy.latency_s = AWAY_S
            where = f", {AWAY_S * 1000:.0f} ms away"
            yield from _rows(site, api, port, names, many, rounds, where)


def _rows(
    site: Site, api: Api, port: int, names: list[str], many: int, rounds: int, where: str
) -> Iterator[Row]:
    named: list[float] = []
    counted: list[float] = []
    warm: list[float] = []
    bare: list[float] = []
    for _round in range(rounds):
        slug = _added(api, port)
        named.append(_timed(api, f"registries/{slug}/repositories?page_size=1"))
        api.ask("DELETE", f"registries/{slug}")
        slug = _added(api, port)
        path = f"registries/{slug}/repositories?page_size=500"
        counted.append(_timed(api, path))
        warm.append(_timed(api, path))
        api.ask("DELETE", f"registries/{slug}")
        bare.append(_bare(port, names))
    yield _row(
        f"{len(names)} repositories{where}",
        [
            _figure("names, cold", named, NAMES_S),
            _figure("with tag counts, cold", counted, COUNTED_S),
            _figure("with tag counts, warm", warm, COUNTED_WARM_S),
        ],
        "their tags' names by a bare client, 16 at once",
        bare,
    )
    slug = _added(api, port)
    cold: list[float] = []
    again: list[float] = []
    for name in names[:rounds] if not where else names[rounds : 2 * rounds]:
        path = f"registries/{slug}/tags?repository={name}"
        cold.append(_timed(api, path))
        again.append(_timed(api, path))
    yield _row(
        f"a page of {TAGS} tags with all details{where}",
        [_figure("cold", cold, PAGE_S), _figure("warm", again, PAGE_WARM_S)],
    )
    if not where:
        yield _many(api, slug, many)
        yield from _index(site, api, slug, len(names) * TAGS)
    api.ask("DELETE", f"registries/{slug}")


def _many(api: Api, slug: str, many: int) -> Row:
    path = f"registries/{slug}/tags?repository={MANY}&page_size=1&sort=-tag"
    return _row(f"a repository of {many} tags", [_figure("names", [_timed(api, path)], MANY_S)])


def _index(site: Site, api: Api, slug: str, tags: int) -> Iterator[Row]:
    for what, wall_s, cpu_s in (
        ("first index", INDEX_S, INDEX_CPU_S),
        ("scan again by HEAD", AGAIN_S, AGAIN_CPU_S),
    ):
        shell = "from registries_app.models import Manifest, Tag;"
        # as if the last look was long ago; and before the first one, as if there had been none
        forget = "Tag.objects.update(seen_at=None)"
        if wall_s == INDEX_S:
            forget = "Tag.objects.all().delete(); Manifest.objects.all().delete()"
        _manage(site, f"{shell} {forget}")
        clock = site.clock("transfers")
        before, began = clock(), time.perf_counter()
        job = api.ask("POST", f"registries/{slug}/index")["id"]
        until(lambda job=job: _ended(api, job), "the index is read", seconds=600)  # type: ignore[misc]
        took, used = time.perf_counter() - began, clock() - before
        yield _row(
            f"{what} of {tags} tags",
            [
                Figure("wall", took, wall_s, unit="s"),
                Figure("CPU of the worker", used, cpu_s, unit="s"),
            ],
        )


def _manage(site: Site, code: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code],
        cwd=HERE,
        env=site.running.environment,
        check=True,
        capture_output=True,
    )


def _ended(api: Api, job: int) -> bool:
    found = api.ask("GET", f"jobs/{job}")
    if found["state"] in {"queued", "running"}:
        return False
    if found["state"] != "succeeded":
        raise RuntimeError(f"the index {found['state']}: {found['error']}")
    return True


def _added(api: Api, port: int) -> str:
    body = {"name": f"bench {port}", "url": f"http://127.0.0.1:{port}", "kind": "distribution"}
    slug: str = api.ask("POST", "registries", body)["slug"]
    return slug


def _timed(api: Api, path: str) -> float:
    began = time.perf_counter()
    api.ask("GET", path)
    return time.perf_counter() - began


def _bare(port: int, names: list[str]) -> float:
    """The same lists, as fast as plain threads with kept connections get them."""

    def some(part: list[str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for name in part:
            connection.request("GET", f"/v2/{name}/tags/list")
            json.loads(connection.getresponse().read())
        connection.close()

    parts = [names[at::BARE_AT_ONCE] for at in range(BARE_AT_ONCE)]
    began = time.perf_counter()
    with ThreadPoolExecutor(BARE_AT_ONCE) as pool:
        list(pool.map(some, parts))
    return time.perf_counter() - began


def _figure(name: str, seconds: list[float], most_s: float) -> Figure:
    spread = Spread.of(each * 1000 for each in seconds)
    return Figure(name, spread.median, most_s * 1000, spread=spread)


def _row(
    what: str, figures: list[Figure], baseline: str = "", beside: list[float] | None = None
) -> Row:
    known = Spread.of(each * 1000 for each in beside) if beside else None
    noise = Spread.of([1.0])
    if beside and len(beside) > 1:
        noise = Spread.of(after / before for before, after in pairwise(beside))
    return Row(what, figures, baseline, known, noise)
