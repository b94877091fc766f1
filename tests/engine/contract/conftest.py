"""One world per engine: the fake one, and a real dockerd that the tests have started."""

import shlex
from collections.abc import Iterator
from typing import Protocol

import pytest

from engine.client import Engine
from engine.types import Connection, ContainerSpec
from tests.fakes.engine import FakeEngine
from tests.lab.dockerd import IMAGE, Dockerd, until

OBEDIENT = "trap 'exit 143' TERM; while :; do sleep 0.05; done"
STUBBORN = "trap '' TERM; while :; do sleep 0.05; done"


class World(Protocol):
    """An engine with an image lab/busybox and no container."""

    connection: Connection
    engine: Engine

    def make(self, name: str, *, obeys: bool = True, tty: bool = False) -> str:
        """A container that runs until told to end; `obeys`: at SIGTERM."""

    def printed(self, name: str, lines: list[tuple[int, str]], *, tty: bool = False) -> str:
        """A container that has written the lines (1 stdout, 2 stderr) and ended."""

    def make_volume(self, name: str, options: dict[str, str]) -> None:
        """A volume of the local driver."""


class FakeWorld:
    def __init__(self, fake: FakeEngine) -> None:
        self._fake = fake
        self.connection, self.engine = fake.connection, Engine(fake.connection)

    def make(self, name: str, *, obeys: bool = True, tty: bool = False) -> str:
        return self._fake.add_container(name, stop_s=0.05 if obeys else None, tty=tty)

    def printed(self, name: str, lines: list[tuple[int, str]], *, tty: bool = False) -> str:
        container = self._fake.daemon.find(self.make(name, tty=tty))
        for stream, text in lines:
            self._fake.daemon.log(container, text, stream=stream)
        self._fake.daemon.die(container, exit_code=0)
        return container.id

    def make_volume(self, name: str, options: dict[str, str]) -> None:
        self._fake.daemon.volumes[name] = options


class RealWorld:
    def __init__(self, daemon: Dockerd) -> None:
        self._daemon = daemon
        self.connection, self.engine = daemon.connection, Engine(daemon.connection)

    def make(self, name: str, *, obeys: bool = True, tty: bool = False) -> str:
        script = OBEDIENT if obeys else STUBBORN
        return self._daemon.run(name, ["sh", "-c", script], config={"Tty": tty})

    def printed(self, name: str, lines: list[tuple[int, str]], *, tty: bool = False) -> str:
        # a pause between lines: the streams are two pipes, and their order is lost
        script = "; sleep 0.05; ".join(f"{_print(text)} >&{stream}" for stream, text in lines)
        container_id = self._daemon.run(name, ["sh", "-c", script], config={"Tty": tty})
        self._daemon.wait(container_id)
        return container_id

    def make_volume(self, name: str, options: dict[str, str]) -> None:
        self._daemon.api("POST", "/volumes/create", {"Name": name, "DriverOpts": options})


def _print(text: str) -> str:
    if len(text) > 10_000:  # a command line holds 128 KiB per argument
        assert set(text) == {text[0]}
        return f"{{ head -c {len(text)} /dev/zero | tr '\\0' {text[0]}; echo; }}"
    return f"printf '%s\\n' {shlex.quote(text)}"


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engine)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        with FakeEngine() as fake:
            fake.add_image(IMAGE)
            made = FakeWorld(fake)
            with made.engine:
                yield made
            until(lambda: not fake.streams, "streams end with their readers")
    else:
        daemon = request.getfixturevalue("docker")
        daemon.cli("image", "prune", "--force")  # what other tests built on the lab's image
        real = RealWorld(daemon)
        with real.engine:
            yield real
        daemon.clear()
        for volume in daemon.api("GET", "/volumes")["Volumes"] or ():
            daemon.api("DELETE", f"/volumes/{volume['Name']}")


def spec(name: str, **more: object) -> ContainerSpec:
    """Of a container without network: the lab's engines have none."""
    return ContainerSpec(image=IMAGE, name=name, network="none", **more)  # type: ignore[arg-type]
