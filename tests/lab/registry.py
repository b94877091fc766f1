"""Starts a private registry (Debian's docker-registry) on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.lab.dockerd import free_port, needed, scratch, until

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {directory}/blobs}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@dataclass(frozen=True)
class Registry:
    directory: Path
    port: int
    pid: int

    @property
    def address(self) -> str:
        """As the registry part of an image reference."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def registry() -> Iterator[Registry]:
    """A running, empty registry that allows deletes; gone afterwards, even if we are killed."""
    program = needed("docker-registry", "docker-registry")
    with scratch() as directory:
        port = free_port()
        config = directory / "config.yml"
        config.write_text(CONFIG.format(directory=directory, port=port))
        with (directory / "log").open("ab") as log:
            process = subprocess.Popen(
                [program, "serve", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            until(lambda: _answers(port), "the registry answers", timeout_s=30)
            yield Registry(directory, port, process.pid)
        finally:
            process.terminate()
            process.wait(10)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
