"""Two engines, a registry behind a slow network, and a dashboard: for transfers to be harmed."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from engine.types import Connection
from images_app.building.context import tar_of
from tests.browser.conftest import PASSWORD
from tests.fakes.proxy import ChaosProxy
from tests.faults.fleet import FINAL, Fleet
from tests.faults.truth import each_ended_once
from tests.lab.dockerd import IMAGE, Dockerd, dockerd
from tests.lab.registry import Registry, registry
from tests.run.running import Running, until

FULL = os.environ.get("CHAOS") == "full"
SIZE = 16 * 1024 * 1024  # bytes of the image's layer; random, so that nothing packs it
SLOW = 4 * 1024 * 1024  # bytes a second
TRICKLE = 256 * 1024
SMALL_DISK = "160m"
ENDS_S = 90  # for a job to end whose way is free, on a machine that does other things too
WAITS = 'trap "exit 0" TERM; sleep 1000 & wait # of the yard'  # else its engine waits for it
ASLEEP = f"FROM {IMAGE}\nRUN echo one\nRUN {WAITS}\nRUN echo two\n"
NEVER_AGAIN = "--max-download-attempts=1"  # else an engine tries a dead registry for a minute


@dataclass(slots=True)
class Yard:
    """`fleet` is the dashboard with its first host; `small` is the engine of the host "small"."""

    fleet: Fleet
    registry: Registry
    proxy: ChaosProxy
    small: Dockerd
    image_id: str = ""

    @property
    def slow(self) -> str:
        """The registry as engines reach it: through the proxy."""
        return self.proxy.connection.url.removeprefix("tcp://")

    @property
    def big(self) -> str:
        return f"{self.slow}/yard/big:1"

    def ask(self, path: str, body: Any, host: str = "") -> int:
        """The number of the job that was asked for."""
        address = f"hosts/{host or self.fleet.host}/images/{path}"
        status, job = self.fleet.api("POST", address, body, who="ada")
        assert status == 202, job
        return int(job["id"])

    def pull(self, host: str = "") -> int:
        return self.ask("pull", {"reference": self.big}, host)

    def push(self, name: str) -> int:
        """From the small host: an image that no registry has a layer of, else none is sent."""
        reference = f"{self.slow}/yard/{name}:1"
        _make_image(self.small, reference)
        known = "SELECT 1 FROM images_app_image WHERE tags LIKE ?"
        until(
            lambda: self.fleet.sql(known, f'%"{reference}"%'),
            seconds=30,
            what=f"{reference} is known",
        )
        return self.ask("push", {"reference": reference}, "small")

    def build(self) -> int:
        """A build whose third step of four lasts for ever."""
        return self.ask("build", {"dockerfile": ASLEEP, "tags": ["yard/built"], "network": "none"})

    def builds(self) -> bool:
        """Whether the engine is at that step."""
        running = self.fleet.engine.api("GET", "/containers/json")
        return any("of the yard" in each["Command"] for each in running)

    def told(self, job: int) -> str:
        row = self.fleet.sql(
            "SELECT state, progress, text, error FROM jobs_app_job WHERE id = ?", job
        )
        return f"job {job}: {row} {self.fleet.lines(job)[-8:]}"

    def half_way(self, *jobs: int) -> None:
        """Waits until each is about half done, and then lets nothing more through."""
        for job in jobs:
            until(lambda job=job: self._is_half_way(job), seconds=ENDS_S, what=self.told(job))  # type: ignore[misc]
        self.proxy.stall()

    def _is_half_way(self, job: int) -> bool:
        query = "SELECT state, progress, kind FROM jobs_app_job WHERE id = ?"
        ((state, progress, kind),) = self.fleet.sql(query, job)
        assert state not in FINAL, f"it was too fast: {self.told(job)}"
        if kind == "image.build":
            return self.builds() and (progress or 0) >= 0.4
        return (progress or 0) >= 0.4

    def ended(self, jobs: Sequence[int], *, seconds: float = ENDS_S) -> dict[int, str]:
        """Job → its state, once all have ended, and each once."""
        until(
            lambda: self.fleet.ended(jobs) == len(jobs),
            seconds=seconds,
            what="; ".join(self.told(job) for job in jobs),
        )
        each_ended_once(self.fleet, jobs)
        return self.fleet.told_of(jobs)

    def error(self, job: int) -> str:
        return str(self.fleet.sql("SELECT error FROM jobs_app_job WHERE id = ?", job)[0][0])

    def tags_at_registry(self, name: str) -> list[str]:
        """The tags of yard/NAME, asked past the proxy."""
        address = f"http://{self.registry.address}/v2/yard/{name}/tags/list"
        try:
            with urlopen(Request(address), timeout=10) as answer:
                return json.load(answer)["tags"] or []
        except HTTPError:
            return []

    def has(self, reference: str, engine: Dockerd | None = None) -> bool:
        listed = (engine or self.fleet.engine).api("GET", "/images/json")
        return any(reference in (each["RepoTags"] or ()) for each in listed)

    def trickle(self) -> None:
        """So slow that whatever an engine still fetches is seen to be under way.

        What it has sent is in buffers, which should not take long to run empty.
        """
        self.proxy.bytes_per_s, self.proxy.up_bytes_per_s = TRICKLE, SLOW
        self.proxy.resume()

    def heal(self) -> None:
        """Everything runs and is fast again; nothing of a test is left."""
        self.proxy.bytes_per_s = self.proxy.up_bytes_per_s = None
        self.proxy.resume()
        self.registry.restore()
        for engine in (self.fleet.engine, self.small):
            engine.restore()
        for engine in (self.fleet.engine, self.small):
            for image in engine.api("GET", "/images/json"):
                for name in image["RepoTags"] or ():
                    if name.startswith(f"{self.slow}/yard/"):
                        engine.cli("rmi", name)
        until(
            lambda: self.fleet.running.get("/readyz")[0] == 200,
            seconds=60,
            what="/readyz answers 200",
        )


@contextmanager
def open_yard(folder: Path) -> Iterator[Yard]:
    with (
        dockerd(options=[NEVER_AGAIN]) as engine,
        dockerd(options=[NEVER_AGAIN], disk=SMALL_DISK) as small,
        registry() as private,
        ChaosProxy(Connection(f"tcp://{private.address}"), port=0) as proxy,
        Running(
            folder / "var", DOCKER_HOST=engine.url, ADMIN_USERNAME="ada", ADMIN_PASSWORD=PASSWORD
        ) as running,
    ):
        yard = Yard(Fleet(running, engine, folder / "starts"), private, proxy, small)
        _make_image(engine, f"{private.address}/yard/big:1")
        engine.cli("push", f"{private.address}/yard/big:1")
        found = engine.api("GET", f"/images/{private.address}/yard/big:1/json")
        yard.image_id = found["Id"]
        engine.cli("rmi", f"{private.address}/yard/big:1")
        yard.fleet.seed(PASSWORD)
        body = {"name": "small", "url": small.url}
        status, answer = yard.fleet.api("POST", "hosts", body, who="ada")
        assert status == 201, answer
        yard.heal()
        yield yard
        yard.heal()


def _make_image(engine: Dockerd, name: str) -> None:
    """The lab's image and one layer of random bytes; built past our own code."""
    repository, _colon, tag = name.rpartition(":")
    dockerfile = f"FROM {IMAGE}\nCOPY blob /blob\n".encode()
    context = tar_of([("Dockerfile", dockerfile), ("blob", os.urandom(SIZE))])
    engine.api("POST", f"/build?version=1&networkmode=none&t={repository}:{tag}", context)
