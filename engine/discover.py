"""Finds the engines that this machine's user would expect: what the docker command would use.

Only reads files and the environment it is given; connects to nothing.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.types import Connection

DEFAULT_SOCKET = Path("/var/run/docker.sock")
TLS_FILES = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}  # docker's own names
LARGEST_FILE = 1024 * 1024  # bytes


def candidates(
    environ: Mapping[str, str], *, default_socket: Path = DEFAULT_SOCKET
) -> list[Connection]:
    """Likely engines, best first: DOCKER_HOST, the current context, the default sockets.

    What is configured is listed even if nothing listens there; a default socket only if it is
    there. Addresses that we cannot reach (ssh, npipe) are left out.
    """
    found = [*_configured(environ), *_sockets(environ, default_socket)]
    return list({connection.url: connection for connection in reversed(found)}.values())[::-1]


def _configured(environ: Mapping[str, str]) -> Iterator[Connection]:
    folder = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/")) / ".docker")
    if host := environ.get("DOCKER_HOST", "").strip():
        wants_tls = any(
            environ.get(name) for name in ("DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH")
        )
        certificates = Path(environ.get("DOCKER_CERT_PATH") or folder)
        yield from _connection(host, certificates if wants_tls else None)
    name = environ.get("DOCKER_CONTEXT") or _json(folder / "config.json").get("currentContext")
    if isinstance(name, str) and name and name != "default":
        digest = hashlib.sha256(name.encode()).hexdigest()  # docker/cli, context/store
        meta = _json(folder / "contexts/meta" / digest / "meta.json")
        endpoints = meta.get("Endpoints")
        endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
        host = str(endpoint.get("Host") or "") if isinstance(endpoint, dict) else ""
        yield from _connection(host, folder / "contexts/tls" / digest / "docker")


def _sockets(environ: Mapping[str, str], default_socket: Path) -> Iterator[Connection]:
    paths = [default_socket]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        paths.append(Path(runtime) / "docker.sock")  # rootless
    paths.append(Path(f"/run/user/{os.getuid()}/docker.sock"))
    if home := environ.get("HOME"):
        paths.append(Path(home) / ".docker/run/docker.sock")  # Docker Desktop
    for path in paths:
        if _is_socket(path):
            yield Connection(f"unix://{path}")


def _connection(host: str, certificates: Path | None) -> Iterator[Connection]:
    if host.startswith("unix://"):
        yield Connection(host)
    elif host.startswith("tcp://"):
        texts = {
            part: _text(certificates / name) if certificates else ""
            for part, name in TLS_FILES.items()
        }
        yield Connection(host, **texts)


def _is_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except OSError:  # no permission to look
        return False


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(path: Path) -> str:
    """Nothing when it cannot be read: a broken docker configuration is not ours to judge."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LARGEST_FILE)
    except (OSError, ValueError):
        return ""
