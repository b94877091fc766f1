"""The plainest client of an engine's unix socket, so that the lab does not lean on our own."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any


class EngineAnswer(Exception):
    """An answer that is no success, in the engine's words."""


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.close()
            raise


def ask(path: Path, method: str, url: str, body: Any = None, *, timeout_s: float = 60) -> Any:
    """One request; JSON in and out, bytes are sent as a tar. Raises EngineAnswer."""
    raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
    connection = _Unix(path, timeout_s)
    try:
        connection.request(method, url, raw, {"Content-Type": kind} if raw is not None else {})
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        if response.status >= 400:
            raise EngineAnswer(f"{method} {url}: {response.status} {text.strip()}")
    finally:
        connection.close()
    try:
        return json.loads(text)
    except ValueError:
        return text
