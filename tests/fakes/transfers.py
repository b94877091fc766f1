"""The fake daemon's pull, push, load, import and save: what they say, and when they do not."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from tests.fakes.daemon import Daemon, Refusal
from tests.fakes.http import Request

DIGEST = "sha256:" + "d" * 64


class Transfers:
    """What the next transfers say, to be set by tests.

    `messages` are told in their order instead of the usual ones; after `silent_after` of them
    nothing comes any more until `resume()`. `archive` is what a save answers.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.messages: list[dict[str, Any]] | None = None
        self.silent_after: int | None = None
        self.archive: list[bytes] = [b"a" * 1000, b"b" * 1000]
        self.received = 0  # bytes of the last load or import
        self._resumed = asyncio.Event()

    def route(self, request: Request) -> AsyncIterator[bytes] | None:
        if request.line == "POST /images/create" and "fromImage" in request.query:
            return self._pull(request.query)
        if request.line == "POST /images/create":
            return self._loaded(request, "import")
        if request.line == "POST /build":
            return self._build(request)
        if request.line == "POST /images/load":
            return self._loaded(request, "load")
        if match := re.fullmatch(r"POST /images/(.+)/push", request.line):
            return self._push(match[1], request.query)
        if re.fullmatch(r"GET /images(/.+)?/get", request.line):
            return self._save()
        return None

    def resume(self) -> None:
        self._resumed.set()

    async def _pull(self, query: dict[str, str]) -> AsyncIterator[bytes]:
        reference = query["fromImage"]
        if query.get("tag"):
            mark = "@" if query["tag"].startswith("sha256:") else ":"
            reference = f"{reference}{mark}{query['tag']}"
        usual: list[dict[str, Any]] = [
            {"status": f"Pulling from {query['fromImage']}", "id": query.get("tag", "latest")},
            {"status": "Already exists", "progressDetail": {}, "id": "aaaaaaaaaaaa"},
            {"status": "Pulling fs layer", "progressDetail": {}, "id": "bbbbbbbbbbbb"},
            _step("Downloading", "bbbbbbbbbbbb", 512, 2048),
            _step("Downloading", "bbbbbbbbbbbb", 2048, 2048),
            {"status": "Download complete", "progressDetail": {}, "id": "bbbbbbbbbbbb"},
            _step("Extracting", "bbbbbbbbbbbb", 2048, 2048),
            {"status": "Pull complete", "progressDetail": {}, "id": "bbbbbbbbbbbb"},
            {"status": f"Digest: {DIGEST}"},
            {"status": f"Status: Downloaded newer image for {reference}"},
        ]
        async for line in self._told(usual):
            yield line
        self._daemon.add_image(reference)
        self._daemon.emit("image", "pull", reference, {"name": reference})

    async def _push(self, name: str, query: dict[str, str]) -> AsyncIterator[bytes]:
        tag = query.get("tag", "latest")
        self._daemon.find_image(f"{name}:{tag}")
        usual: list[dict[str, Any]] = [
            {"status": f"The push refers to repository [{name}]"},
            {"status": "Preparing", "progressDetail": {}, "id": "bbbbbbbbbbbb"},
            _step("Pushing", "bbbbbbbbbbbb", 1024, 2048),
            {"status": "Pushed", "progressDetail": {}, "id": "bbbbbbbbbbbb"},
            {"status": f"{tag}: digest: {DIGEST} size: 528"},
            {"progressDetail": {}, "aux": {"Tag": tag, "Digest": DIGEST, "Size": 528}},
        ]
        async for line in self._told(usual):
            yield line

    async def _loaded(self, request: Request, action: str) -> AsyncIterator[bytes]:
        self.received = request.size
        if not request.size:
            raise Refusal(400, "nothing came")
        if action == "import":
            image = self._daemon.add_image(f"{request.query['repo']}:{request.query['tag']}")
            usual = [{"status": image.id}]
        else:
            self._daemon.add_image("lab/loaded:1")
            usual = [
                _step("Loading layer", "bbbbbbbbbbbb", 1024, 2048),
                {"stream": "Loaded image: lab/loaded:1\n"},
            ]
        async for line in self._told(usual):
            yield line

    async def _build(self, request: Request) -> AsyncIterator[bytes]:
        self.received = request.size
        if not request.size and not request.query.get("remote"):
            raise Refusal(400, "nothing came")
        tag = request.query.get("t", "")
        image = self._daemon.add_image(tag or "lab/built:1")
        said = (
            "Step 1/2 : FROM lab/busybox", "\n", " ---> 0123456789ab\n", "Step 2/2 : RUN echo hi",
            "\n", " ---> Running in 00112233\n", "hi\n", " ---> aabbccddeeff\n",
        )  # fmt: skip
        usual: list[dict[str, Any]] = [{"stream": text} for text in said]
        usual += [{"aux": {"ID": image.id}}, {"stream": f"Successfully tagged {tag}\n"}]
        async for line in self._told(usual):
            yield line

    async def _save(self) -> AsyncIterator[bytes]:
        for number, piece in enumerate(self.archive):
            if number == self.silent_after:
                await self._resumed.wait()
            yield piece

    async def _told(self, usual: list[dict[str, Any]]) -> AsyncIterator[bytes]:
        for number, message in enumerate(self.messages or usual):
            if number == self.silent_after:
                await self._resumed.wait()
            yield json.dumps(message).encode() + b"\r\n"


def _step(status: str, layer: str, current: int, total: int) -> dict[str, Any]:
    detail = {"current": current, "total": total}
    return {"status": status, "progressDetail": detail, "id": layer}
