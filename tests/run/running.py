"""The whole dashboard as `make run` starts it, for tests that look at it from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

from launch import kernel

HERE = Path(__file__).resolve().parents[2]
T = TypeVar("T")
PARTS = ("web", "worker", "transfers", "watcher", "valkey")
# what pytest, its settings and make put into the environment
OF_THE_TESTS = {
    "CREDENTIAL_KEYS", "DATABASE_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "DOCKER_HOST",
    "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "REDIS_URL", "SECRET_KEY", "SETUP_TOKEN",
}  # fmt: skip
READY_S = 60.0  # a busy machine; a quiet one needs two


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(look: Callable[[], T | None], *, seconds: float, what: str) -> T:
    """Returns what `look` returned once it is true. Fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        if seen := look():
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


class Running:
    """A dashboard in a process of its own; leaves no process behind, whatever the test did."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = int(environment.pop("PORT", free_port()))
        inherited = {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}
        self.environment = inherited | {
            "PORT": str(self.port),
            "DATA_DIR": str(data_dir),
            "DEMO": "0",
            "DOCKER_HOST": f"unix://{data_dir}/none.sock",
            **environment,
        }
        self._console = data_dir.with_name(f"{data_dir.name}.console")
        self._known: set[tuple[int, int]] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        self.remember()
        kernel.send(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        for pid in self.left():
            kernel.send(pid, signal.SIGKILL)

    def start(self, *command: str, wait: bool = True) -> None:
        with self._console.open("ab") as console:
            self._process = subprocess.Popen(
                command or (sys.executable, "supervise.py"),
                cwd=HERE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, like a job of a terminal
            )
        if wait:
            until(
                lambda: self.ended() or self.get("/login/")[0] == 200,
                seconds=READY_S,
                what=f"/login/ answers 200\n{self.console}",
            )
            assert not self.ended(), self.console
            until(
                lambda: all(self.pid(part) for part in PARTS), seconds=10, what="every part runs"
            )
            self.remember()

    @property
    def console(self) -> str:
        """Everything that the operator has read so far."""
        return self._console.read_text() if self._console.exists() else ""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def ended(self) -> bool:
        return self.process.poll() is not None

    def get(self, path: str, *, timeout_s: float = 5) -> tuple[int, str]:
        """(status, body); status 0 where nobody answers."""
        address = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urlopen(address, timeout=timeout_s) as answer:
                return answer.status, answer.read().decode()
        except URLError as error:
            return getattr(error, "code", 0), str(error)
        except OSError as error:
            return 0, str(error)

    def pid(self, part: str) -> int:
        """The process id in the part's PID file; 0 without one."""
        file = self.data_dir / "run" / f"{part}.pid"
        try:
            return int(file.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def remember(self) -> None:
        """Notes who belongs to this dashboard now, to be able to say later who is left."""
        members = {self.process.pid}
        found = True
        while found:
            found = False
            for pid, parent in kernel.processes():
                if parent in members and pid not in members:
                    members.add(pid)
                    found = True
        self._known |= {(pid, born) for pid in members if (born := _born(pid))}

    def left(self) -> list[int]:
        """Processes of this dashboard that still run, and any others in their groups."""
        known = {pid for pid, born in self._known if _born(pid) == born}
        leaders = {pid for pid, _born_at in self._known}
        groups = {pid for pid, _parent in kernel.processes() if _group(pid) in leaders}
        return sorted(known | groups)


def _stat(pid: int) -> list[str]:
    """The fields after the name in /proc/PID/stat; empty for who ended, also as a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] == "Z" else fields


def _born(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[19]) if fields else 0  # starttime, so that a reused number is noticed


def _group(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[2]) if fields else 0
