"""FakeEngine: a real HTTP server that answers like a Docker Engine, records, and fails on command.

python -m tests.fakes.engine --socket /tmp/x.sock --containers 200   serves one until SIGTERM.
"""

import argparse
import asyncio
import json
import re
import signal
import ssl
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from engine.types import Connection
from tests.fakes import answers, changes, streams, transfers
from tests.fakes.daemon import UP, Container, Daemon, Image, Refusal, stamp
from tests.fakes.http import Answer, Request, Server

CONTAINER = re.compile(r"/containers/([^/]+)/(\w+)")
DEADLY = {"SIGKILL": 137, "KILL": 137, "9": 137, "SIGTERM": 143, "TERM": 143, "SIGINT": 130}
FILTERS: dict[str, Callable[[Container, str], bool]] = {
    "id": lambda container, wanted: container.id.startswith(wanted),
    "name": lambda container, wanted: wanted in container.name,
    "status": lambda container, wanted: container.state == wanted,
    "label": lambda container, wanted: (
        wanted
        in {each for key, value in container.labels.items() for each in (key, f"{key}={value}")}
    ),
}


@dataclass
class Fault:
    """What goes wrong with requests whose "METHOD /path" matches; the newest that matches acts."""

    matches: re.Pattern[str]
    times: int | None = None  # None: until healed
    silent: bool = False  # never answers
    delay_s: float = 0.0
    status: int = 0
    message: str = ""
    body: bytes | None = None  # instead of the right one
    cut_after: int | None = None  # bytes of the answer's body
    acts: bool = False  # the daemon does what was asked, and only the answer is lost


class FakeEngine:
    """An engine on a unix socket (by default in a temporary directory) or on TCP.

    `.daemon` is what it has; `.requests` what it was asked; the methods below make it fail.
    """

    def __init__(
        self,
        socket: str | Path | None = None,
        *,
        port: int | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.daemon = Daemon()
        self.requests: list[Request] = []
        self.api_version, self.min_api_version, self.version = "1.41", "1.12", "20.10.24"
        self.id = "FAKE:ENGINE"
        self.streams = 0  # event and log streams open now
        self.transfers = transfers.Transfers(self.daemon)
        self._faults: list[Fault] = []
        self._thawed = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="qd-fake-") if not socket else None
        path = "" if port is not None else str(socket or Path(self._folder.name) / "d.sock")  # type: ignore[union-attr]
        self._server = Server(self._handle, path=path, port=port or 0, context=context)
        self._server.start()
        self.url = f"unix://{path}" if path else f"tcp://127.0.0.1:{self._server.port}"
        self.connection = Connection(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.close()
        if self._folder:
            self._folder.cleanup()

    # -- what it has

    def add_image(self, tag: str = "lab/busybox:latest", **more: Any) -> Image:
        return self.daemon.add_image(tag, **more)

    def add_container(
        self,
        name: str,
        *,
        image: str = "lab/busybox:latest",
        state: str = "running",
        exit_code: int = 0,
        health: str = "",
        labels: dict[str, str] | None = None,
        ports: dict[str, list[dict[str, str]]] | None = None,
        stop_s: float | None = 0.0,
        tty: bool = False,
    ) -> str:
        """Its ID. `stop_s`: how long it takes to end at SIGTERM, None if it ignores that."""
        daemon = self.daemon
        with daemon.lock:
            if not any(image in each.tags for each in daemon.images.values()):
                daemon.add_image(image)
            body = {"Image": image, "Cmd": ["sleep", "1000"], "Labels": labels or {}, "Tty": tty}
            body["HostConfig"] = {"PortBindings": ports or {}}
            container = daemon.create(name, body)
            container.stop_s = stop_s
            if state != "created":
                daemon.start(container)
            if state == "exited":
                daemon.die(container, exit_code=exit_code)
            container.state, container.health = state, health
        return container.id

    # -- what it was asked

    def asked(self, pattern: str) -> list[Request]:
        """The requests so far whose "METHOD /path" the pattern matches from its start."""
        return [request for request in list(self.requests) if re.match(pattern, request.line)]

    @property
    def connections(self) -> int:
        """Open now."""
        return self._server.open

    # -- what goes wrong

    def fail(self, pattern: str, status: int, message: str, *, times: int | None = None) -> None:
        self._fault(Fault(re.compile(pattern), times, status=status, message=message))

    def silence(self, pattern: str = "", *, times: int | None = None, acts: bool = False) -> None:
        """Accepts and never answers. `acts`: does it all the same."""
        self._fault(Fault(re.compile(pattern), times, silent=True, acts=acts))

    def slow(self, delay_s: float, pattern: str = "", *, times: int | None = None) -> None:
        self._fault(Fault(re.compile(pattern), times, delay_s=delay_s))

    def garble(self, pattern: str, body: bytes = b'{"Id": [', *, times: int | None = None) -> None:
        """Answers something else than it should."""
        self._fault(Fault(re.compile(pattern), times, body=body))

    def break_off(self, pattern: str, *, after: int = 10, times: int | None = None) -> None:
        """Drops the connection after so many bytes of the answer's body."""
        self._fault(Fault(re.compile(pattern), times, cut_after=after))

    def heal(self) -> None:
        """No fault any more; what is being kept silent stays so."""
        self._faults.clear()

    def cut_streams(self) -> None:
        self._server.cut()

    def stop(self) -> None:
        """Nobody listens, as when dockerd is down. State is kept."""
        self._server.stop()
        if self.connection.url.startswith("unix://"):
            Path(self.url.removeprefix("unix://")).unlink(missing_ok=True)

    def start(self) -> None:
        self._server.start()

    def _fault(self, fault: Fault) -> None:
        self._faults.append(fault)

    # -- how it answers

    async def _handle(self, request: Request) -> Answer | None:
        self.requests.append(request)
        fault = self._fault_for(request)
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.silent and not fault.acts:
            await asyncio.Event().wait()
        if fault.status:
            return _json({"message": fault.message}, fault.status)
        try:
            answer = await self._route(request)
        except Refusal as refusal:
            answer = _json({"message": str(refusal)}, refusal.status)
        if fault.silent:
            await asyncio.Event().wait()
        if fault.body is not None:
            answer.body, answer.pieces = fault.body, None
        answer.cut_after = fault.cut_after
        answer.date = self.daemon.now_ns() / 1e9
        return answer

    def _fault_for(self, request: Request) -> Fault:
        for fault in reversed(self._faults):
            if fault.matches.match(request.line) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return Fault(re.compile(""))

    async def _route(self, request: Request) -> Answer:
        daemon, query, line = self.daemon, request.query, request.line
        if line == "GET /_ping":
            return Answer(body=b"OK", kind="text/plain")
        if line == "GET /version":
            return _json(self._version())
        if request.api and _number(request.api) > _number(self.api_version):
            words = f"client version {request.api} is too new. Maximum supported API version is "
            raise Refusal(400, words + self.api_version)
        if line == "GET /info":
            return _json(self._info())
        if line == "GET /events":
            return Answer(pieces=self._counted(streams.events(daemon, query)))
        if pieces := self.transfers.route(request):
            return Answer(pieces=self._counted(pieces))
        if line == "GET /system/df":
            return _json(answers.system_df(daemon))
        if line == "GET /images/json":
            return _json([answers.image_item(each) for each in daemon.images.values()])
        if match := re.fullmatch(r"(GET|POST|DELETE) /images/(.+?)(?:/(json|history|tag))?", line):
            return self._image(request, match[2], match[3] or "")
        if match := re.fullmatch(r"GET /volumes/([^/]+)", line):
            return _json(answers.volume(daemon, match[1]))
        if line == "GET /containers/json":
            return _json(self._list(query))
        if line == "POST /containers/create":
            made = daemon.create(query.get("name", ""), request.body or {})
            return _json({"Id": made.id, "Warnings": []}, 201)
        if answer := changes.route(daemon, request):
            return answer
        if match := re.fullmatch(r"DELETE /containers/([^/]+)", line):
            force = query.get("force", "").lower() in ("1", "true")
            daemon.remove(daemon.find(match[1]), force=force)
            return Answer(204)
        if match := CONTAINER.fullmatch(request.path):
            return await self._container(request, daemon.find(match[1]), match[2])
        raise Refusal(404, "page not found")

    def _image(self, request: Request, reference: str, part: str) -> Answer:
        daemon, query = self.daemon, request.query
        match request.method, part:
            case "GET", "json":
                return _json(answers.image_inspected(daemon.find_image(reference)))
            case "GET", "history":
                return _json(answers.image_history(daemon.find_image(reference)))
            case "POST", "tag":
                image = daemon.find_image(reference)
                daemon.tag_image(image, f"{query['repo']}:{query.get('tag') or 'latest'}")
                return Answer(201)
            case "DELETE", "":
                force = query.get("force", "").lower() in ("1", "true")
                return _json(daemon.remove_image(reference, force=force))
        raise Refusal(404, "page not found")

    async def _container(self, request: Request, container: Container, verb: str) -> Answer:
        daemon, query = self.daemon, request.query
        match request.method, verb:
            case "GET", "json":
                return _json(answers.inspected(container))
            case "GET", "logs":
                kind = "application/vnd.docker.raw-stream"
                return Answer(
                    kind=kind, pieces=self._counted(streams.log(daemon, container, query))
                )
            case "POST", "start":
                return Answer(204 if daemon.start(container) else 304)
            case "POST", "stop":
                return Answer(204 if await self._stop(container, query) else 304)
            case "POST", "restart":
                await self._stop(container, query)
                daemon.start(container)
                daemon.tell(container, "restart")
            case "POST", "kill":
                self._kill(container, query.get("signal", "SIGKILL"))
            case "POST", "pause":
                daemon.pause(container)
            case "POST", "unpause":
                daemon.unpause(container)
            case "POST", "rename":
                daemon.rename(container, query["name"])
            case _:
                raise Refusal(404, "page not found")
        return Answer(204)

    async def _stop(self, container: Container, query: dict[str, str]) -> bool:
        if container.state not in UP:
            return False
        grace_s = float(query.get("t") or 10)
        self.daemon.signal(container, "SIGTERM")
        if container.stop_s is not None and container.stop_s <= grace_s:
            await asyncio.sleep(container.stop_s)
            self.daemon.die(container, exit_code=143)
        else:
            await asyncio.sleep(grace_s)
            self.daemon.signal(container, "SIGKILL")
            self.daemon.die(container, exit_code=137)
        self.daemon.tell(container, "stop")
        return True

    def _kill(self, container: Container, name: str) -> None:
        if container.state not in UP:
            words = (
                f"Cannot kill container: {container.id}: Container {container.id} is not running"
            )
            raise Refusal(409, words)
        self.daemon.signal(container, name)
        if name in DEADLY and (DEADLY[name] == 137 or container.stop_s is not None):
            self.daemon.die(container, exit_code=DEADLY[name])

    def _list(self, query: dict[str, str]) -> list[dict[str, Any]]:
        filters = json.loads(query.get("filters") or "{}")
        sizes = query.get("size", "").lower() in ("1", "true")
        everything = query.get("all", "").lower() in ("1", "true") or "status" in filters
        with self.daemon.lock:
            found = [
                answers.list_item(container, self.daemon.now_ns(), sizes=sizes)
                for container in self.daemon.containers.values()
                if (everything or container.state in UP) and _passes(container, filters)
            ]
        return sorted(found, key=lambda item: -item["Created"])

    async def _counted(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self.streams += 1
        try:
            async for piece in pieces:
                yield piece
        finally:
            self.streams -= 1
            await pieces.aclose()  # type: ignore[attr-defined]

    def _version(self) -> dict[str, Any]:
        return {
            "Version": self.version,
            "ApiVersion": self.api_version,
            "MinAPIVersion": self.min_api_version,
            "Os": "linux",
            "Arch": "amd64",
            "KernelVersion": "6.1.0-fake",
        }

    def _info(self) -> dict[str, Any]:
        return {
            "ID": self.id,
            "Name": "fake",
            "NCPU": 2,
            "MemTotal": 4 * 1024**3,
            "OperatingSystem": "Fake GNU/Linux",
            "KernelVersion": "6.1.0-fake",
            "Driver": "overlay2",
            "DockerRootDir": "/var/lib/docker",
            "LoggingDriver": "json-file",
            "SystemTime": stamp(self.daemon.now_ns()),
            "SecurityOptions": ["name=seccomp,profile=default"],
            "RegistryConfig": {"IndexConfigs": {"docker.io": {"Secure": True}}},
        }


@contextmanager
def fake_engine(containers: int = 0, **options: Any) -> Iterator[FakeEngine]:
    """A running FakeEngine with so many containers, every fifth of them exited."""
    with FakeEngine(**options) as fake:
        for number in range(containers):
            state = "exited" if number % 5 == 4 else "running"
            labels = {"com.docker.compose.project": f"shop-{number % 20}"}
            fake.add_container(f"web-{number:05}", state=state, labels=labels)
        yield fake


def _passes(container: Container, filters: dict[str, list[str]]) -> bool:
    return all(
        any(FILTERS[key](container, wanted) for wanted in values)
        for key, values in filters.items()
        if values
    )


def _json(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


def _number(api: str) -> tuple[int, ...]:
    return tuple(int(part) for part in api.split("."))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", help="path of the unix socket")
    parser.add_argument("--port", type=int, help="TCP port on 127.0.0.1, 0 for any")
    parser.add_argument("--containers", type=int, default=0)
    wanted = parser.parse_args()
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    with fake_engine(wanted.containers, socket=wanted.socket, port=wanted.port) as fake:
        print(fake.url, flush=True)  # noqa: T201 (what the caller waits for)
        ended.wait()


if __name__ == "__main__":
    main()
