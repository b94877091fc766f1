"""Starts a private registry (Debian's docker-registry) on loopback, kills it, starts it again."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import bcrypt

from tests.lab.dockerd import free_port, needed, scratch, until

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {directory}/blobs}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""
SIGN_IN = """\
auth:
  htpasswd: {{realm: lab, path: {directory}/htpasswd}}
"""
PROXY = """\
proxy: {{remoteurl: {upstream}}}
"""
ROUNDS = 4  # of bcrypt: the fewest there are, since engines sign in again and again


class Registry:
    """One registry: `.address`, `.pid`, and what may be done to it."""

    def __init__(self, directory: Path, users: Mapping[str, str], upstream: str = "") -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        text = CONFIG + (SIGN_IN if users else "") + (PROXY if upstream else "")
        said = text.format(directory=directory, port=self.port, upstream=upstream)
        (directory / "config.yml").write_text(said)
        if users:
            lines = [
                f"{name}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()}\n"
                for name, password in users.items()
            ]
            (directory / "htpasswd").write_text("".join(lines))

    @property
    def address(self) -> str:
        """As the registry part of an image reference."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "this registry was not started"
        return self._process.pid

    def start(self) -> None:
        """Starts it, again on the same data, and waits until it answers."""
        program = needed("docker-registry", "docker-registry")
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "serve", str(self.directory / "config.yml")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: _answers(self.port), "the registry answers", timeout_s=30)

    def kill(self) -> None:
        """SIGKILL: whoever it talks with has its connection reset."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def restore(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()

    def _end(self, name: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(name)
            self._process.wait(10)


@contextmanager
def registry(users: Mapping[str, str] | None = None, *, upstream: str = "") -> Iterator[Registry]:
    """A running, empty registry that allows deletes; gone afterwards, even if we are killed.

    `users` (name → password): only they come in, by Basic. `upstream` (http://…): it is a
    pull-through mirror of that one.
    """
    needed("docker-registry", "docker-registry")
    with scratch() as directory:
        private = Registry(directory, users or {}, upstream)
        try:
            private.start()
            yield private
        finally:
            private.stop()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in {200, 401}
    except OSError:
        return False
    finally:
        connection.close()
