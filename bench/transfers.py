"""Pull, build, sending and load through the dashboard, each beside the docker command itself."""

import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.client import Api
from bench.measure import Spread, alternate, cpu_per_round, noise, own_clock, pss_mb, until
from bench.report import Figure, Row
from bench.site import Site, engine_clock
from images_app.building.context import tar_of
from tests.lab.archive import write_zeros
from tests.lab.dockerd import IMAGE, Dockerd, needed
from tests.lab.registry import Registry
from tests.run.running import Running

LAYERS = 3
LOOK_S = 0.25  # the job's own times are what counts, so this need not be fine
WRITES_S = 0.02  # how often the job is looked at, to count what was written
MOST_RATIO = 1.05  # of the command's time
MOST_WRITES = 4  # a second (R47)
MOST_MB = 60  # of a worker above idle, during a load
BUILT = "bench/built:1"
STEPS = 12
DOCKERFILE = f"FROM {IMAGE}\n" + "".join(
    f"RUN dd if=/dev/zero of=/file{n} bs=1M count=4 2>/dev/null; seq 1 200\n" for n in range(STEPS)
)


def pull_row(site: Site, docker: Dockerd, registry: Registry, size: int, rounds: int) -> Row:
    name = make_image(docker, f"{registry.address}/bench/pulled:1", size)
    docker.cli("push", name)
    docker.cli("rmi", name)
    writes: list[float] = []
    host, ask = site.host(), asker(site)

    def as_job() -> list[float]:
        with counted(site, writes):
            took = done(ask, f"hosts/{host}/images/pull", {"reference": name})
        docker.cli("rmi", name)
        return [took]

    def as_command() -> list[float]:
        with site.frozen():
            took = timed(lambda: docker.cli("pull", name))
        docker.cli("rmi", name)
        return [took]

    return _row(
        f"a pull of {size / 1e6:.0f} MB in {LAYERS} layers, over `docker pull` of the same",
        site,
        docker,
        {"job": as_job, "command": as_command},
        rounds,
        baseline="`docker pull`, the dashboard frozen",
        figures=lambda: [Figure("progress writes a second", max(writes), MOST_WRITES, unit="/s")],
    )


def build_row(site: Site, docker: Dockerd, path: Path, rounds: int) -> Row:
    (path / "Dockerfile").write_text(DOCKERFILE)
    body = {"dockerfile": DOCKERFILE, "tags": [BUILT], "no_cache": True, "network": "none"}
    host, ask = site.host(), asker(site)

    def as_job() -> list[float]:
        took = done(ask, f"hosts/{host}/images/build", body)
        docker.cli("rmi", BUILT)
        return [took]

    def as_command() -> list[float]:
        asked = ("build", "--no-cache", "--network=none", "--tag", BUILT, str(path))
        with site.frozen():
            took = timed(lambda: docker.cli(*asked))
        docker.cli("rmi", BUILT)
        return [took]

    return _row(
        f"a build of {STEPS} steps with 200 lines each, over `docker build` of the same",
        site,
        docker,
        {"job": as_job, "command": as_command},
        rounds,
        baseline="`docker build --no-cache`, classic, the dashboard frozen",
    )


def send_row(site: Site, docker: Dockerd, second: Dockerd, size: int, rounds: int) -> Row:
    """The hosts of both engines are known to the dashboard; `docker` is the one that sends."""
    name = make_image(docker, "bench/sent:1", size)
    with site.api() as api:
        add_host(api, "second", second.url)
        source = next(each["slug"] for each in api.ask("GET", "hosts")["items"]
                      if each["slug"] != "second")  # fmt: skip
        until(lambda: _knows(api, source, name), f"{name} is known", seconds=90)
    body = {"source": {"host": source, "reference": name}, "targets": ["second"]}
    ask = asker(site)

    def as_job() -> list[float]:
        took = done(ask, "images/distribute", body)
        second.cli("rmi", name)
        return [took]

    def as_command() -> list[float]:
        program = needed("docker", "docker.io")
        line = f"{program} -H {docker.url} save {name} | {program} -H {second.url} load"
        with site.frozen():
            took = timed(
                lambda: subprocess.run(["sh", "-c", line], check=True, capture_output=True)
            )
        second.cli("rmi", name)
        return [took]

    return _row(
        f"an image of {size / 1e6:.0f} MB sent host to host, over `docker save | docker load`",
        site,
        docker,
        {"job": as_job, "command": as_command},
        rounds,
        baseline="`docker save | docker load`, the dashboard frozen",
        most=1.0,
    )


def load_row(site: Site, docker: Dockerd, path: Path, size: int) -> Row:
    """Once: what counts is memory, and beside it how long the engine's own command takes."""
    archive, name = path / "zeros.tar", "bench/zeros:1"
    write_zeros(archive, size, name)
    token, host = site.token(), site.host()
    idle = {part: pss_mb(site.running.pid(part)) for part in ("web", "transfers")}
    with peaks(site.running, tuple(idle)) as most, site.api() as api:
        began = time.perf_counter()
        job = upload(site.port, token, f"hosts/{host}/images/load", archive)
        until(lambda: api.ask("GET", f"jobs/{job}")["finished"], "it is loaded", seconds=3600)
        took = time.perf_counter() - began
        _require_success(api.ask("GET", f"jobs/{job}"))
    docker.cli("rmi", name)
    with site.frozen():
        beside = timed(lambda: docker.cli("load", "--input", str(archive)))
    docker.cli("rmi", name)
    archive.unlink()
    above = {part: most[part] - idle[part] for part in idle}
    return Row(
        f"a load of {size / 1e6:.0f} MB: memory above idle",
        [Figure(f"{part}, above idle", above[part], MOST_MB, unit="MB") for part in above],
        baseline="`docker load` of the same, seconds",
        beside=Spread.of([beside]),
        noise=Spread(1.0, 1.0, 1.0, 1),
        unit="s",
        notes=[f"the upload and the job took {took:.1f} s; the file is sparse, of zeros"],
    )


def _row(
    what: str,
    site: Site,
    docker: Dockerd,
    sides: dict[str, Callable[[], list[float]]],
    rounds: int,
    *,
    baseline: str,
    figures: Callable[[], list[Figure]] = list,
    most: float = MOST_RATIO,
) -> Row:
    clocks = {
        "web": site.clock("web"),
        "transfers": site.clock("transfers"),
        "engine": engine_clock(docker),
        "client": own_clock,
    }
    found = alternate(sides, rounds=rounds, clocks=clocks)
    ours, theirs = ([each.samples[0] for each in found[name]] for name in ("job", "command"))
    ratio = statistics.median(ours) / statistics.median(theirs)
    ratios = Spread.of(a / b for a, b in zip(ours, theirs, strict=True))
    return Row(
        what,
        [Figure("ratio of medians", ratio, most, unit="x", spread=ratios), *figures()],
        baseline=baseline,
        beside=Spread.of(theirs),
        noise=noise(found["command"]),
        cpu={name: cpu_per_round(each) for name, each in found.items()},
        unit="s",
        notes=[f"the job took {statistics.median(ours):.2f} s, from asking to its end"],
    )


def make_image(docker: Dockerd, name: str, size: int) -> str:
    """An image of so many bytes that nothing can pack, in a few layers."""
    names = [f"blob{n}" for n in range(LAYERS)]
    lines = [f"FROM {IMAGE}", *(f"COPY {each} /{each}" for each in names)]
    blobs = [(each, os.urandom(size // LAYERS)) for each in names]
    context = tar_of([("Dockerfile", "\n".join(lines).encode()), *blobs])
    docker.api("POST", f"/build?version=1&networkmode=none&t={name}", context, timeout_s=600)
    return name


Ask = Callable[..., Any]
"""Method, path and body → what the API answers."""


def asker(site: Site) -> Ask:
    """With one token, which takes a process to make, and a connection for each call."""
    token = site.token()

    def ask(method: str, path: str, body: Any = None) -> Any:
        api = Api(site.port, token)
        try:
            return api.ask(method, path, body)
        finally:
            api.close()

    return ask


def done(ask: Ask, path: str, body: Any) -> float:
    """Seconds from asking until the job had ended, by its own times."""
    began = time.time()
    number = ask("POST", path, body)["id"]
    while not (job := ask("GET", f"jobs/{number}"))["finished"]:
        time.sleep(LOOK_S)
    _require_success(job)
    return datetime.fromisoformat(job["finished"]).timestamp() - began


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def add_host(api: Api, name: str, url: str) -> None:
    if not any(each["slug"] == name for each in api.ask("GET", "hosts")["items"]):
        api.ask("POST", "hosts", {"name": name, "url": url})


def upload(port: int, token: str, path: str, file: Path) -> int:
    """Sends a file as an archive; the number of the job."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3600)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-tar",
        "Content-Length": str(file.stat().st_size),
    }
    with file.open("rb") as body:
        connection.request("POST", f"/api/v1/{path}", body, headers)
        answer = connection.getresponse()
        said = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.ACCEPTED:
        raise RuntimeError(f"{path}: {answer.status} {said[:300]!r}")
    return int(json.loads(said)["id"])


@contextmanager
def counted(site: Site, writes: list[float]) -> Iterator[None]:
    """Adds how often a second the progress of a job was written, at most."""
    at: list[float] = []

    def look(seen: set[tuple[Any, ...]]) -> None:
        query = "SELECT id, progress, text FROM jobs_app_job WHERE state = 'running'"
        for row in _rows(site, query):
            if row not in seen:
                seen.add(row)
                at.append(time.monotonic())

    seen: set[tuple[Any, ...]] = set()
    with every(WRITES_S, lambda: look(seen)):
        yield
    writes.append(float(most_in_a_second(at)))


def most_in_a_second(times: list[float]) -> int:
    """The most of these sorted moments that lie within one second."""
    return max((sum(first <= each < first + 1 for each in times) for first in times), default=0)


@contextmanager
def peaks(running: Running, parts: tuple[str, ...]) -> Iterator[dict[str, float]]:
    """The most memory of each part while the block lasts, in MB."""
    most = dict.fromkeys(parts, 0.0)

    def look() -> None:
        for part in parts:
            most[part] = max(most[part], pss_mb(running.pid(part)))

    with every(0.2, look):
        yield most


@contextmanager
def every(seconds: float, look: Callable[[], None]) -> Iterator[None]:
    """Looks again and again in a thread, for as long as the block lasts."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            look()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _rows(site: Site, query: str) -> list[tuple[Any, ...]]:
    """From the dashboard's own database, past the dashboard."""
    file = site.running.data_dir / "db.sqlite3"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as database:
        return database.execute(query).fetchall()


def _knows(api: Api, host: str, name: str) -> bool:
    listed = api.ask("GET", f"images?host={host}&page_size=100")["items"]
    return any(name in each["tags"] for each in listed)


def _require_success(job: dict[str, Any]) -> None:
    if job["state"] != "succeeded":
        raise RuntimeError(f"{job['kind']} ended as {job['state']}: {job['error']}")
