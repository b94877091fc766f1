"""Starts a private dockerd on scratch sockets, kills it, thaws it, and cleans up behind it."""

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from engine.types import Connection
from launch import bridges
from tests.lab.certificates import Certificates
from tests.lab.http import EngineAnswer, ask
from tests.lab.processes import alive, bridge_of, frozen, started_at, sweep

PREFIX = "/tmp/qd-lab-"  # short: a unix socket's path holds 107 bytes
IMAGE = "lab/busybox:latest"
START_S = 60


class Dockerd:
    """One engine: `.url`, `.connection`, `.pid`, and what may be done to it."""

    def __init__(
        self,
        directory: Path,
        certificates: Certificates | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self.socket = directory / "docker.sock"
        self.url = f"unix://{self.socket}"
        self.connection = Connection(self.url)
        self.certificates = certificates
        self.bridge = bridge_of(directory)
        self.tls_connection: Connection | None = None  # when it was given certificates
        self._arguments = [*options, *(self._tls_arguments(certificates) if certificates else [])]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "this dockerd was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it, again on the same data, and waits until it answers."""
        assert not self.running, "this dockerd is running"
        for stale in ("pid", "docker.sock"):  # left by kill -9; dockerd refuses a stale pid file
            (self.directory / stale).unlink(missing_ok=True)
        self._forget_containerd()
        if not Path(f"/sys/class/net/{self.bridge}").exists():
            assert bridges.make(self.bridge), "no network bridge can be made here (ip link add)"
        log = (self.directory / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [
                    needed("dockerd", "docker.io"),
                    "--data-root", f"{self.directory}/data",
                    "--exec-root", f"{self.directory}/exec",
                    "-p", f"{self.directory}/pid",
                    "-H", self.url,
                    f"--bridge={self.bridge}",
                    *(f"--{option}=false" for option in bridges.QUIET),
                    *self._arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
        until(self._answers, f"dockerd in {self.directory} answers", timeout_s=START_S)

    def stop(self) -> None:
        """SIGTERM, as systemd would: containers end, their state is saved."""
        self.resume()
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: containers may go on without it, until it is started again."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it accepts connections and never answers."""
        os.kill(self.pid, signal.SIGSTOP)
        until(lambda: frozen(self.pid), "every thread of dockerd has stopped")

    def resume(self) -> None:
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    def restore(self) -> None:
        """Whatever a test has done to it: running again, and without containers."""
        self.resume()
        if not self.running:
            self.start()
        self.clear()

    def clear(self) -> None:
        """Removes every container; one that is being removed already is waited for."""
        patience_s = 30 + len(self.api("GET", "/containers/json?all=1"))
        until(self._is_cleared, "all containers are removed", timeout_s=patience_s)

    def _is_cleared(self) -> bool:
        left = self.api("GET", "/containers/json?all=1")
        for container in left:
            with contextlib.suppress(EngineAnswer):  # gone meanwhile, or about to go
                self.api("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        return not left

    def api(self, method: str, path: str, body: Any = None, *, timeout_s: float = 60) -> Any:
        """One request to the engine, past our own client. Raises EngineAnswer."""
        return ask(self.socket, method, path, body, timeout_s=timeout_s)

    def cli(self, *arguments: str) -> str:
        """What the docker command prints; raises CalledProcessError with its words."""
        command = [needed("docker", "docker.io"), *arguments]
        env = {"PATH": os.environ["PATH"], "DOCKER_HOST": self.url, "HOME": str(self.directory)}
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout

    def create(
        self,
        name: str,
        argv: Sequence[str] = ("sleep", "100000"),
        *,
        image: str = IMAGE,
        config: dict[str, Any] | None = None,
        host: dict[str, Any] | None = None,
    ) -> str:
        """A container that is not started; `config` and `host` are further API fields."""
        # StopTimeout: a dockerd after kill -9 first stops what outlived it, 10 s by default
        body = {"Image": image, "Cmd": list(argv), "StopTimeout": 1, **(config or {})}
        body["HostConfig"] = {"NetworkMode": "none", **(host or {})}
        return str(self.api("POST", f"/containers/create?name={name}", body)["Id"])

    def run(self, name: str, argv: Sequence[str] = ("sleep", "100000"), **options: Any) -> str:
        """A started container, without network. `sleep` ignores SIGTERM: it is process 1."""
        container_id = self.create(name, argv, **options)
        self.api("POST", f"/containers/{container_id}/start")
        return container_id

    def wait(self, container_id: str, *, timeout_s: float = 60) -> int:
        """The exit code, once the container has ended."""
        answer = self.api("POST", f"/containers/{container_id}/wait", timeout_s=timeout_s)
        return int(answer["StatusCode"])

    def load_image(self) -> None:
        """Imports static busybox as lab/busybox:latest."""
        asked = {"fromSrc": "-", "repo": "lab/busybox", "tag": "latest", "changes": 'CMD ["sh"]'}
        self.api("POST", f"/images/create?{urlencode(asked)}", _root_fs())

    def _forget_containerd(self) -> None:
        """containerd dies with a killed dockerd; as a zombie it would count as running still."""
        pid_file = self.directory / "exec/containerd/containerd.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text())
            until(lambda: not alive(pid), "containerd ends with its dockerd")
            pid_file.unlink(missing_ok=True)

    def _answers(self) -> bool:
        if not self.running:
            pytest.fail(f"dockerd ended at its start:\n{self._last_words()}")
        try:
            return bool(self.api("GET", "/_ping", timeout_s=5) == "OK")
        except OSError:
            return False

    def _last_words(self) -> str:
        return "\n".join((self.directory / "log").read_text().splitlines()[-5:])

    def _end(self, name: signal.Signals) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(name)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _tls_arguments(self, certificates: Certificates) -> list[str]:
        port = free_port()
        files = {
            "ca": certificates.ca,
            "cert": certificates.server_cert,
            "key": certificates.server_key,
        }
        for name, text in files.items():
            (self.directory / f"{name}.pem").write_text(text)
        self.tls_connection = Connection(
            f"tcp://127.0.0.1:{port}",
            ca=certificates.ca,
            cert=certificates.client_cert,
            key=certificates.client_key,
        )
        return [
            "-H", f"tcp://127.0.0.1:{port}", "--tlsverify",
            "--tlscacert", f"{self.directory}/ca.pem",
            "--tlscert", f"{self.directory}/cert.pem",
            "--tlskey", f"{self.directory}/key.pem",
        ]  # fmt: skip


@contextmanager
def dockerd(
    certificates: Certificates | None = None, *, options: Sequence[str] = (), disk: str = ""
) -> Iterator[Dockerd]:
    """A running engine with the lab image; all of it is gone afterwards, even if we are killed.

    `options` are more of its own; `disk`: how large its disk is, which is memory then (64m).
    """
    needed("dockerd", "docker.io")
    if os.geteuid() != 0:
        pytest.fail("the tests start engines of their own, which needs root")
    with scratch() as directory:
        if disk:
            mount_memory(directory / "data", disk)
        daemon = Dockerd(directory, certificates, options)
        try:
            daemon.start()
            daemon.load_image()
            yield daemon
            daemon.restore()
        finally:
            daemon.stop()


@contextmanager
def scratch() -> Iterator[Path]:
    """A short directory; whatever runs in it ends with this block or with this process."""
    _sweep_forgotten()
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    (directory / "owner").write_text(f"{os.getpid()} {started_at(os.getpid())}")
    keeper = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("keeper.py")), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield directory
    finally:
        sweep(directory)
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()


def mount_memory(folder: Path, size: str) -> None:
    """A disk in memory at `folder`, which is made; `size` as mount takes it: 24m."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def needed(program: str, package: str) -> str:
    """The path of a program of a Debian package; a missing one fails the test with one line."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        pytest.fail(f"{program} is missing: apt-get install {package}", pytrace=False)
    return path


def until(condition: Callable[[], object], what: str, *, timeout_s: float = 10) -> None:
    """Waits until the condition holds. Fails the test after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s} s: {what}")
        time.sleep(0.02)


def _sweep_forgotten() -> None:
    """What runs left whose keeper was killed too."""
    for owner in Path(PREFIX).parent.glob(f"{Path(PREFIX).name}*/owner"):
        with contextlib.suppress(OSError, ValueError):
            pid, _, started = owner.read_text().partition(" ")
            if not alive(int(pid)) or started_at(int(pid)) != started:
                sweep(owner.parent)


def _root_fs() -> bytes:
    busybox = Path(needed("busybox", "busybox-static"))
    names = subprocess.run(
        [busybox, "--list"], check=True, capture_output=True, text=True
    ).stdout.split()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for folder in ("bin", "etc", "proc", "sys", "dev", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        program = tarfile.TarInfo("bin/busybox")
        program.mode, program.size = 0o755, busybox.stat().st_size
        with busybox.open("rb") as content:
            tar.addfile(program, content)
        for name in names:
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
    return packed.getvalue()
