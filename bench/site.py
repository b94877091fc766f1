"""The whole dashboard and the engines it looks at, for as long as a row is measured."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.client import Api, Client
from bench.measure import Clock, clock_of, family, until
from engine.client import Engine
from tests.lab.dockerd import Dockerd
from tests.run.running import HERE, PARTS, Running

PERSON, PASSWORD = "bench", "correct horse battery"
# ends at SIGTERM, and costs nothing until then
LISTENS = ("sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait")
AT_ONCE = 8  # containers started at a time
OURS = ("web", "worker", "transfers", "watcher")


class Site:
    """A dashboard of our own with one administrator. May be started several times."""

    def __init__(self, folder: Path, docker: str = "", **environment: str) -> None:
        given = {"DOCKER_HOST": docker} if docker else {}
        self.running = Running(
            folder / "var", ADMIN_USERNAME=PERSON, ADMIN_PASSWORD=PASSWORD, **given, **environment
        )

    @property
    def port(self) -> int:
        return self.running.port

    def ready(self) -> None:
        until(lambda: self.running.get("/readyz")[0] == 200, "/readyz answers 200")

    def token(self) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", "apitoken", PERSON, "--scope", "admin"],
            cwd=HERE,
            env=self.running.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    @contextmanager
    def client(self) -> Iterator[Client]:
        with Client(self.port) as client:
            client.sign_in(PERSON, PASSWORD)
            yield client

    @contextmanager
    def api(self) -> Iterator[Api]:
        api = Api(self.port, self.token())
        try:
            yield api
        finally:
            api.close()

    def pids(self, *parts: str) -> list[int]:
        wanted = [self.running.pid(part) for part in parts or PARTS]
        return [pid for pid in wanted if pid]

    def clock(self, *parts: str) -> Clock:
        return clock_of(*self.pids(*parts))

    def host(self) -> str:
        """The slug of its only host."""
        with self.api() as api:
            slug: str = api.ask("GET", "hosts")["items"][0]["slug"]
        return slug

    @contextmanager
    def frozen(self, *parts: str) -> Iterator[None]:
        """These parts do nothing at all for as long as the block lasts."""
        pids = self.pids(*(parts or OURS))
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@contextmanager
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="qd-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def dashboard(docker: str = "", **environment: str) -> Iterator[Site]:
    """A dashboard that runs and is ready."""
    with folder() as path:
        site = Site(path, docker, **environment)
        with site.running:
            site.ready()
            yield site


class Simulated:
    """Ten engines in a process of their own, which tell what they were asked."""

    def __init__(self, process: "subprocess.Popen[str]", urls: list[str]) -> None:
        self.process = process
        self.urls = urls

    def requests(self) -> dict[str, int]:
        """Every request so far: "METHOD /path" -> how often, event streams and all."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("count\n")
        self.process.stdin.flush()
        told: dict[str, int] = json.loads(self.process.stdout.readline())
        return told


@contextmanager
def simulated(engines: int, containers: int, images: int = 0) -> Iterator[Simulated]:
    """So many engines with so many containers each, and at least so many images."""
    numbers = [str(engines), str(containers), str(images)]
    command = [sys.executable, "-m", "bench.engines", *numbers]
    with subprocess.Popen(
        command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            yield Simulated(process, json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def start_all(docker: Dockerd, ids: Sequence[str]) -> None:
    """Start containers, several at a time, and wait until the last one runs."""
    with Engine(docker.connection) as engine, ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(engine.start, ids))


def create_all(docker: Dockerd, names: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda name: docker.create(name, LISTENS), names))


def engine_clock(docker: Dockerd) -> Clock:
    """dockerd and its containerd, not the containers' own shims, which come and go."""
    return clock_of(docker.pid, *_containerd(docker))


def _containerd(docker: Dockerd) -> list[int]:
    return [
        pid
        for pid in family(docker.pid)
        if Path(f"/proc/{pid}/comm").read_text().strip() == "containerd"
    ]


def known(api: Api, state: str = "", *, what: str = "containers") -> int:
    """How many containers, of this state, or images the dashboard knows."""
    only = f"&state={state}" if state else ""
    total: int = api.ask("GET", f"{what}?page_size=1{only}")["total"]
    return total


def await_known(api: Api, state: str, n: int) -> None:
    until(lambda: known(api, state) == n, f"{n} containers are known as {state}", seconds=90)
    time.sleep(0.5)  # let the page's own refetching and the watcher's second look end
