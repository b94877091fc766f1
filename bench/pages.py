"""The lists of 2,000 containers and 2,000 images on ten simulated engines, as clients see it."""

import random
import time
from collections.abc import Callable

from bench.client import Api
from bench.measure import (
    Round,
    Spread,
    all_samples,
    alternate,
    cpu_per_round,
    noise,
    own_clock,
    quantile,
    until,
)
from bench.report import Figure, Row
from bench.site import PASSWORD, Simulated, Site, create_all, dashboard, known, simulated
from engine.client import Engine
from tests.lab.dockerd import Dockerd

HOSTS, PER_HOST = 10, 200  # so many containers, and so many images
PAGES = HOSTS * PER_HOST // 50
WORDS = ("web", "redis", "crm", "api -unhealthy", "host:sim-03", "image:postgres", "state:exited")
SORTS = ("name", "-name", "image", "-created", "host", "state")
IMAGE_WORDS = ("web", "redis", "acme -worker", "host:sim-03", "tag:2.14.1", "used:yes")
IMAGE_SORTS = ("name", "-name", "-size", "-created", "host")


def rows(docker: Dockerd, *, rounds: int, pages: int) -> list[Row]:
    """Two rows of each list; `pages` are asked for in a round."""
    chance = random.Random(7)  # noqa: S311 - the same pages in every run
    stopped = create_all(docker, [f"stopped-{n:03}" for n in range(PER_HOST)])
    with simulated(HOSTS, PER_HOST, PER_HOST) as engines, dashboard() as site:
        with site.api() as api:
            _add(api, engines)
        with site.client() as client, Engine(docker.connection) as engine:
            ways: dict[str, Callable[[], list[float]]] = {
                "plain": lambda: client.times(_plain(chance, pages)),
                "narrowed": lambda: client.times(_narrowed(chance, pages)),
                "images": lambda: client.times(_plain(chance, pages, "images")),
                "images narrowed": lambda: client.times(_images_narrowed(chance, pages)),
            }
            for run in ways.values():  # caches fill in the first minute of a life, not in each
                run()
            clocks = {"web": site.clock("web"), "client": own_clock}
            sides = ways | {"engine": lambda: _lists(engine, pages // 4)}
            done = alternate(sides, rounds=rounds, clocks=clocks)
            calls = dict(zip(ways, _calls(site, engines, list(ways.values())), strict=True))
    for container in stopped:
        docker.api("DELETE", f"/containers/{container}")
    titles = {
        "plain": f"container list, page of 50 of {HOSTS * PER_HOST} on {HOSTS} hosts",
        "narrowed": "the same list, filtered and sorted",
        "images": f"image list, page of 50 of {HOSTS * PER_HOST} on {HOSTS} hosts",
        "images narrowed": "the image list, filtered and sorted",
    }
    return [_row(title, done[name], done["engine"], calls[name]) for name, title in titles.items()]


def _row(title: str, ours: list[Round], engine: list[Round], calls: int) -> Row:
    took = all_samples(ours)
    by_round = [quantile(each.samples, 0.5) * 1000 for each in ours]
    late = [quantile(each.samples, 0.95) * 1000 for each in ours]
    cpu = [each.cpu["web"] / len(each.samples) * 1000 for each in ours]
    return Row(
        title,
        [
            Figure("p50", quantile(took, 0.5) * 1000, 25, spread=Spread.of(by_round)),
            Figure("p95", quantile(took, 0.95) * 1000, 60, spread=Spread.of(late)),
            Figure("CPU of web for a page", Spread.of(cpu).median, 15, spread=Spread.of(cpu)),
            Figure("engine calls", calls, 0, unit=""),
        ],
        baseline=f"a real engine's own list of {PER_HOST} stopped containers, one host of ten",
        beside=Spread.of(quantile(each.samples, 0.5) * 1000 for each in engine),
        noise=noise(engine),
        cpu={"pages": cpu_per_round(ours), "engine's list": cpu_per_round(engine)},
        notes=[f"{len(took)} whole pages over one connection"],
    )


def _plain(chance: random.Random, pages: int, what: str = "containers") -> list[str]:
    return [f"/{what}/?page={chance.randint(1, PAGES)}" for _ in range(pages)]


def _narrowed(chance: random.Random, pages: int) -> list[str]:
    found = []
    for _ in range(pages):
        words = chance.choice(WORDS).replace(" ", "+")
        found.append(f"/containers/?q={words}&sort={chance.choice(SORTS)}")
    return found


def _images_narrowed(chance: random.Random, pages: int) -> list[str]:
    found = []
    for _ in range(pages):
        words = chance.choice(IMAGE_WORDS).replace(" ", "+")
        found.append(f"/images/?q={words}&sort={chance.choice(IMAGE_SORTS)}")
    return found


def _lists(engine: Engine, times: int) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        engine.containers()
        took.append(time.perf_counter() - began)
    return took


def _add(api: Api, engines: Simulated) -> None:
    for number, url in enumerate(engines.urls):
        name = f"sim-{number:02}"
        api.ask("POST", "hosts", {"name": name, "url": url, "password": PASSWORD})
    total = HOSTS * PER_HOST
    until(lambda: known(api) == total, f"{total} containers are known")
    until(lambda: known(api, what="images") == total, f"{total} images are known")


def _calls(site: Site, engines: Simulated, ways: list[Callable[[], list[float]]]) -> list[int]:
    """What engines are asked while pages are drawn and the watcher, who always asks, sleeps."""
    counts = []
    for run in ways:
        with site.frozen("watcher"):
            time.sleep(0.3)  # what it had asked already is recorded
            before = engines.requests()
            run()
            counts.append(sum(engines.requests().values()) - sum(before.values()))
    return counts
