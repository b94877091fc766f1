"""Sample images and containers in the private engine, made from busybox without a download.

Speaks to the engine directly, because importing an image and health checks are no deeds of
the dashboard; only ever to the socket of the engine that we started.
"""

import http.client
import io
import json
import socket
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from launch.debian import which
from launch.demo_engine import registry_port

READY_WITHIN_S = 40.0
APPLETS = ("sh", "cat", "date", "echo", "false", "httpd", "ls", "ps", "sleep", "true", "wget")
PAGE = "<!doctype html><title>shop</title><h1>The sample shop</h1>\n"
SECOND_NS = 1_000_000_000

SERVE = "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & echo 'shop: listening on 8080'; wait"
WORK = (
    "trap 'exit 0' TERM; n=0; while :; do n=$((n+1)); "
    'echo "$(date -u +%FT%TZ) INFO order $n packed"; '
    '[ $((n % 10)) = 0 ] && echo "$(date -u +%FT%TZ) WARN order $n is late" >&2; '
    "sleep 2 & wait $!; done"
)
WAIT = "trap 'exit 0' TERM; echo ready; while :; do sleep 3600 & wait $!; done"


class Failed(Exception):
    """The private engine refused a sample; the text is the engine's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One container of the tour."""

    name: str
    image: str
    command: str
    service: str = ""  # of the compose project "shop"; "" stands alone
    runs: bool = True  # comes back with the engine
    port: int = 0  # in the container, published on loopback
    health: str = ""


SAMPLES = (
    Sample("shop-web-1", "shop/web:1.1", SERVE, service="web", port=8080,
           health="wget -q -O /dev/null http://127.0.0.1:8080/"),
    Sample("shop-worker-1", "shop/worker:2.3", WORK, service="worker"),
    Sample("shop-cache-1", "shop/worker:2.3", WAIT, service="cache", health="false"),
    Sample("backup", "shop/tools:1.0", "echo 'copied 118 files'; exit 0", runs=False),
    Sample("import-orders", "shop/tools:1.0",
           "echo 'orders.csv: no such file' >&2; exit 3", runs=False),
)  # fmt: skip
IMAGES = ("shop/web:1.0", "shop/web:1.1", "shop/worker:2.3", "shop/tools:1.0")


class _Connection(http.client.HTTPConnection):
    """HTTP over the engine's unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def wait_ready(path: Path) -> bool:
    """Whether the private engine answers within READY_WITHIN_S."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        try:
            ask(path, "GET", "/_ping")
        except (OSError, http.client.HTTPException, Failed):
            time.sleep(0.1)
        else:
            return True
    return False


def make(path: Path, folder: Path) -> None:
    """Images, containers and two pushed images, once: the file `samples` says they are there."""
    stamp = folder / "samples"
    if stamp.exists():
        return
    root = _root()
    for image in IMAGES:
        name, tag = image.split(":")
        query = {"fromSrc": "-", "repo": name, "tag": tag, "message": "Quarterdeck sample"}
        changes = [("changes", 'CMD ["sh"]'), ("changes", f"ENV RELEASE={tag}")]
        ask(path, "POST", f"/images/create?{urlencode(query)}&{urlencode(changes)}", root)
    for image in ("shop/web:1.0", "shop/web:1.1"):
        _push(path, image, registry_port(folder))
    network = any(net["Name"] == "bridge" for net in ask(path, "GET", "/networks"))
    for sample in SAMPLES:
        ask(path, "POST", f"/containers/create?name={sample.name}", _body(sample, network=network))
        ask(path, "POST", f"/containers/{sample.name}/start")
    stamp.touch()


def ask(path: Path, method: str, target: str, body: Any = None) -> Any:
    """One request to the private engine. Raises Failed with its words, OSError without it."""
    raw = isinstance(body, bytes)
    headers = {
        "Content-Type": "application/x-tar" if raw else "application/json",
        "X-Registry-Auth": "e30=",  # {} in base64: the private registry asks nobody
    }
    connection = _Connection(str(path))
    try:
        content = body if raw else json.dumps(body) if body is not None else None
        connection.request(method, target, content, headers)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    finally:
        connection.close()
    if response.status >= http.client.BAD_REQUEST or '"errorDetail"' in text:
        raise Failed(f"{method} {target}: {text.strip()[-300:]}")
    is_json = response.headers.get("Content-Type", "") == "application/json"
    return json.loads(text) if is_json and "\r\n{" not in text and text else text


def _push(path: Path, image: str, port: int) -> None:
    name, tag = image.split(":")
    target = f"127.0.0.1:{port}/{name}"
    ask(path, "POST", f"/images/{image}/tag?{urlencode({'repo': target, 'tag': tag})}")
    ask(path, "POST", f"/images/{target}/push?tag={tag}")


def _body(sample: Sample, *, network: bool) -> dict[str, Any]:
    labels = {"quarterdeck.sample": "1"}
    if sample.service:
        labels |= {
            "com.docker.compose.project": "shop",
            "com.docker.compose.service": sample.service,
            "com.docker.compose.container-number": "1",
            "com.docker.compose.oneoff": "False",
        }
    body: dict[str, Any] = {
        "Image": sample.image,
        "Cmd": ["sh", "-c", sample.command],
        "Labels": labels,
        "StopTimeout": 2,
        "HostConfig": {"RestartPolicy": {"Name": "always" if sample.runs else "no"}},
    }
    if not network:
        body["HostConfig"]["NetworkMode"] = "none"
    elif sample.port:
        port = f"{sample.port}/tcp"
        body["ExposedPorts"] = {port: {}}
        body["HostConfig"]["PortBindings"] = {
            port: [{"HostIp": "127.0.0.1", "HostPort": str(_free_port())}]
        }
    if sample.health:
        body["Healthcheck"] = {
            "Test": ["CMD-SHELL", sample.health],
            "Interval": 15 * SECOND_NS,
            "Timeout": 3 * SECOND_NS,
            "StartPeriod": SECOND_NS,
            "Retries": 2,
        }
    return body


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _root() -> bytes:
    """A file system of one static program, its names, and a page to serve."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in ("bin", "www", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        program = Path(which("busybox")).read_bytes()
        for name, content, mode in (
            ("bin/busybox", program, 0o755),
            ("www/index.html", PAGE.encode(), 0o644),
        ):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
        for applet in APPLETS:
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(entry)
    return buffer.getvalue()
