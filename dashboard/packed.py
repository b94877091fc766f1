"""Static files with a gzip copy beside each, made once for each version of them.

Our own scripts go without the comments that stand on lines of their own, which are a quarter of
their packed size; the lines stay, so that a browser names the right ones.
"""

import gzip
import logging
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

logger = logging.getLogger(__name__)

TEXTS = {".css", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"}
SCRIPTS = "js"  # the folder of our own; no template literal there spans lines
COMMENTS = re.compile(
    rb"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*$|//[^\n]*$)", re.DOTALL | re.MULTILINE
)
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
                    path = file.relative_to(source)
                    content = file.read_bytes()
                    _write(
                        without_comments(content) if path.parts[0] == SCRIPTS else content,
                        fresh / path,
                    )
            fresh.rename(ready)  # whole or not at all
    except OSError as error:
        if not ready.is_dir():  # nor did another process make it meanwhile
            logger.warning("static files are served as they are: %s", error)
            return source
    for old in parent.iterdir():
        if old != ready:
            shutil.rmtree(old, ignore_errors=True)
    return ready


def without_comments(script: bytes) -> bytes:
    return COMMENTS.sub(lambda found: b"\n" * found[0].count(b"\n"), script)


def _write(content: bytes, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)  # and not its mode: what we write is for nobody else (F11)
    if to.suffix in TEXTS:
        smaller = gzip.compress(content, mtime=0)
        if len(smaller) < WORTH_IT * len(content):
            to.with_name(f"{to.name}.gz").write_bytes(smaller)
