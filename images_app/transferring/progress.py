"""From what an engine says of each layer to one progress: bytes, rate, time left (pure)."""

import re
import time
from dataclasses import dataclass
from typing import Any

STATES = {
    "Pulling fs layer": "waiting", "Waiting": "waiting", "Preparing": "waiting",
    "Downloading": "running", "Pushing": "running", "Verifying Checksum": "running",
    "Download complete": "running", "Extracting": "extracting", "Loading layer": "running",
    "Pull complete": "done", "Pushed": "done",
    "Already exists": "present", "Layer already exists": "present",
}  # fmt: skip
DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})", re.IGNORECASE)
ENDED = ("done", "present")


@dataclass(slots=True)
class Layer:
    id: str
    state: str = "waiting"
    done: int = 0  # bytes
    total: int = 0  # 0: not known yet
    since: float = 0.0  # when its first byte came, by the monotonic clock


class Meter:
    """How much of one body has gone, of `total` bytes."""

    def __init__(self, total: int) -> None:
        self.done, self.total = 0, total
        self._began = time.monotonic()

    def add(self, size_bytes: int) -> None:
        self.done = min(self.total, self.done + size_bytes)

    @property
    def text(self) -> str:
        return told(self.done, self.total, time.monotonic() - self._began)


def told(done: int, total: int, seconds: float) -> str:
    """Bytes, rate and time left, in no language: 3.0 / 12.0 MiB · 1.5 MiB/s · 0:06."""
    if not total:
        return ""
    parts = [f"{done / 2**20:.1f} / {total / 2**20:.1f} MiB"]
    rate = done / max(0.1, seconds)  # bytes a second
    if rate and done < total:
        left_s = int((total - done) / rate)
        parts += [f"{rate / 2**20:.1f} MiB/s", f"{left_s // 60}:{left_s % 60:02}"]
    return " · ".join(parts)


class Layers:
    """All layers of one transfer. `feed` it the engine's messages."""

    def __init__(self) -> None:
        self.layers: dict[str, Layer] = {}
        self.digest = ""
        self._began = time.monotonic()

    def feed(self, message: dict[str, Any]) -> str:
        """A line for the log where this message deserves one, else ""."""
        status, layer_id = str(message.get("status") or ""), str(message.get("id") or "")
        aux = message.get("aux")
        if isinstance(aux, dict) and aux.get("Digest"):
            self.digest = str(aux["Digest"])
        if match := DIGEST.search(status):
            self.digest = match[1]
        if layer_id and (status in STATES or layer_id in self.layers):
            return self._step(layer_id, status, message.get("progressDetail"))
        return status or str(message.get("stream") or "").strip()

    def _step(self, layer_id: str, status: str, detail: Any) -> str:
        layer = self.layers.setdefault(layer_id, Layer(layer_id))
        before, layer.state = layer.state, STATES.get(status, layer.state)
        if isinstance(detail, dict) and detail.get("total") and layer.state == "running":
            layer.since = layer.since or time.monotonic()
            layer.total = int(detail["total"])
            layer.done = min(layer.total, int(detail.get("current") or 0))
        if status == "Download complete" or layer.state in (*ENDED, "extracting"):
            layer.done = layer.total
        changed = layer.state != before and layer.state in ENDED
        return f"{layer_id}: {status}" if changed else ""

    @property
    def done(self) -> int:
        return sum(layer.done for layer in self.layers.values())

    @property
    def total(self) -> int:
        return sum(layer.total for layer in self.layers.values())

    @property
    def share(self) -> float | None:
        """0 to 1: every layer counts by its bytes, or as one where nobody knows them."""
        if not self.layers:
            return None
        if self.total:
            return self.done / self.total
        ended = sum(layer.state in ENDED for layer in self.layers.values())
        return ended / len(self.layers)

    @property
    def text(self) -> str:
        """In no language: 3.0 / 12.0 MiB · 1.5 MiB/s · 0:06."""
        return told(self.done, self.total, time.monotonic() - self._began)

    @property
    def detail(self) -> dict[str, Any]:
        return {"layers": [_described(layer) for layer in self.layers.values()]}


def _described(layer: Layer) -> dict[str, Any]:
    """`text`: of one that is on its way, its bytes, rate and time left."""
    running = layer.state == "running" and layer.since
    text = told(layer.done, layer.total, time.monotonic() - layer.since) if running else ""
    return {
        "id": layer.id,
        "state": layer.state,
        "done": layer.done,
        "total": layer.total,
        "text": text,
    }
