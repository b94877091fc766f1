"""What a container changed, its files, and images made of it, as a real engine answers."""

import base64
import json
import re
from typing import Any

from tests.fakes.daemon import Container, Daemon, Refusal
from tests.fakes.http import Answer, Request

FOLDER = 1 << 31


def route(daemon: Daemon, request: Request) -> Answer | None:
    """None for what is none of this."""
    if match := re.fullmatch(r"GET /containers/([^/]+)/changes", request.line):
        found = daemon.find(match[1]).changes
        return _json([{"Kind": kind, "Path": path} for kind, path in found] or None)
    if match := re.fullmatch(r"HEAD /containers/([^/]+)/archive", request.line):
        return _stat(daemon.find(match[1]), request.query["path"])
    if request.line == "POST /commit":
        if "json" not in request.headers.get("content-type", ""):
            raise Refusal(400, "Content-Type specified must be 'application/json'")
        return _json({"Id": _commit(daemon, request.query)}, 201)
    return None


def _stat(container: Container, path: str) -> Answer:
    if path not in container.files:
        raise Refusal(404, f"Could not find the file {path} in container {container.name}")
    size = container.files[path]
    told = {"name": path.rpartition("/")[2], "size": max(size, 4096 if size < 0 else 0)}
    told["mode"] = FOLDER | 0o755 if size < 0 else 0o644
    header = base64.b64encode(json.dumps(told).encode()).decode()
    return Answer(headers={"X-Docker-Container-Path-Stat": header})


def _commit(daemon: Daemon, query: dict[str, str]) -> str:
    container = daemon.find(query["container"])
    if query.get("changes") == "":
        raise Refusal(400, "file with no instructions")
    with daemon.lock:
        source = daemon.images[container.image_id]
        name = f"{query['repo']}:{query['tag']}"
        size = sum(max(0, size) for size in container.files.values())
        digest = f"sha256:{len(daemon.images):064x}"
        made = daemon.add_image(
            "",
            size_bytes=source.size_bytes + size,
            layers=[*source.layers, (digest, "sleep 1000", size)],
            config=source.config | {"committed": query},
        )
        daemon.tag_image(made, name)
    return made.id


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())
