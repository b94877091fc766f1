"""An archive of an image as large as wanted, of zeros: it takes no room on our disk."""

import hashlib
import json
import tarfile
from pathlib import Path

BLOCK = 512  # bytes, of a tar
PIECE = 1024 * 1024


def write_zeros(path: Path, size_bytes: int, name: str) -> None:
    """What `docker save` makes of an image whose one layer holds one file of zeros."""
    layer_bytes = BLOCK + _whole(size_bytes) + 2 * BLOCK
    head = _head("zeros", size_bytes)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/none"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_sum(head, layer_bytes)}"]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "zeros"}],
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with path.open("wb") as file:
        for entry, content in (("manifest.json", manifest), ("config.json", config)):
            raw = json.dumps(content).encode()
            file.write(_head(entry, len(raw)) + raw.ljust(_whole(len(raw)), b"\0"))
        file.write(_head("layer.tar", layer_bytes) + head)
        file.truncate(file.tell() + layer_bytes - len(head) + 2 * BLOCK)


def _head(name: str, size_bytes: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size_bytes
    return entry.tobuf(tarfile.GNU_FORMAT)


def _whole(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK) * BLOCK


def _sum(head: bytes, size_bytes: int) -> str:
    """Of `head` and the zeros after it, `size_bytes` together."""
    summed, zeros = hashlib.sha256(head), b"\0" * PIECE
    left = size_bytes - len(head)
    while left:
        summed.update(zeros[: min(left, PIECE)])
        left -= min(left, PIECE)
    return summed.hexdigest()
