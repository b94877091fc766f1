"""Static files with a gzip copy beside each, made once for each version of them."""

import gzip
import logging
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

logger = logging.getLogger(__name__)

TEXTS = {".css", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"}
WORTH_IT = 0.9  # of the size; fonts and pictures are packed already


def packed(source: Path, data_dir: Path, mark: str) -> Path:
    """The folder to serve: a copy of `source` under `data_dir`, with FILE.gz beside each text.

    `mark` changes with the files. A copy with this mark is used as it is, and older ones go.
    Where nothing can be written, `source` itself is served, unpacked.
    """
    parent = data_dir / "static"
    ready = parent / mark
    if ready.is_dir():
        return ready
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(dir=parent) as made:
            fresh = Path(made) / mark
            for file in source.rglob("*"):
                if file.is_file():
                    _copy(file, fresh / file.relative_to(source))
            fresh.rename(ready)  # whole or not at all
    except OSError as error:
        if not ready.is_dir():  # nor did another process make it meanwhile
            logger.warning("static files are served as they are: %s", error)
            return source
    for old in parent.iterdir():
        if old != ready:
            shutil.rmtree(old, ignore_errors=True)
    return ready


def _copy(file: Path, to: Path) -> None:
    content = file.read_bytes()
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)  # and not its mode: what we write is for nobody else (F11)
    if file.suffix in TEXTS:
        smaller = gzip.compress(content, mtime=0)
        if len(smaller) < WORTH_IT * len(content):
            to.with_name(f"{to.name}.gz").write_bytes(smaller)
