"""The folder that a build sees: checked, narrowed by .dockerignore, and packed as one plain tar.

What came from outside is never passed on (G1): we read it member by member and write our own
archive of plain files and folders (G3), within limits (G4).
"""

import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from django.utils.translation import gettext as _

from core.errors import Invalid, TooLarge
from images_app.building.dockerignore import BadPattern, Ignore

MOST_BYTES = 2 * 1024**3
MOST_ENTRIES = 10_000
LONGEST_PATH = 1024  # characters
LARGEST_TEXT = 1024 * 1024  # bytes of a .dockerignore or a Dockerfile
DOCKERFILE = "Dockerfile"
DOCKERIGNORE = ".dockerignore"
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")  # gzip, bzip2, xz, zstd
BAD_TAR = (tarfile.TarError, EOFError, OverflowError, ValueError)


@dataclass(slots=True)
class Contents:
    """What is in a context after .dockerignore; `paths` has the folders too."""

    paths: set[str] = field(default_factory=set)
    files: int = 0
    size_bytes: int = 0
    ignored: int = 0
    dockerfile: str = ""  # the text of the one that was named, "" where there is none

    def add(self, path: str) -> None:
        parts = path.split("/")
        self.paths.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))


def look(source: IO[bytes], dockerfile: str = DOCKERFILE) -> Contents:
    """Read through a context without packing it. Raises Invalid and TooLarge."""
    return _pack(source, None, dockerfile, "")


def pack(
    source: IO[bytes] | None, out: IO[bytes], *, dockerfile: str = DOCKERFILE, text: str = ""
) -> Contents:
    """Write the context to `out`, with `text` as its Dockerfile where one was typed.

    `source` is a seekable plain tar, or None for a build that needs no files. Raises Invalid
    and TooLarge, with the field `context`.
    """
    return _pack(source, out, dockerfile, text)


def _pack(source: IO[bytes] | None, out: IO[bytes] | None, dockerfile: str, text: str) -> Contents:
    ignore = _ignore_of(source)
    contents = Contents()
    with _writing(out) as tar:
        for member, path, opened in _members(source):
            content = opened
            kept_anyway = path in {dockerfile, DOCKERIGNORE}  # the engine reads them itself
            if not kept_anyway and ignore.ignores(path):
                contents.ignored += not member.isdir()
                continue
            if not (member.isreg() or member.isdir()):
                raise _wrong(_("%(path)s is a link or a device; only files and folders go."), path)
            contents.add(path)
            contents.files += member.isreg()
            contents.size_bytes += member.size if member.isreg() else 0
            if contents.size_bytes > MOST_BYTES:
                raise TooLarge(_("A build context has at most 2 GiB."))
            if path == dockerfile and content and member.isreg():
                if text:
                    continue
                contents.dockerfile = _text_of(content, path)
                content = io.BytesIO(contents.dockerfile.encode())
            if tar:
                tar.addfile(_plain(member, path, content), content)
        if text:
            contents.dockerfile = text
            contents.add(dockerfile)
            if tar:
                _add_text(tar, dockerfile, text)
    return contents


def _ignore_of(source: IO[bytes] | None) -> Ignore:
    for member, path, content in _members(source):
        if path == DOCKERIGNORE and content and member.isreg():
            try:
                return Ignore(_text_of(content, path))
            except BadPattern as error:
                text = _(".dockerignore, line %(line)d: %(pattern)s is no pattern.")
                said = text % {"line": error.line, "pattern": error.pattern}
                raise Invalid.field("context", said) from error
    return Ignore("")


def _members(
    source: IO[bytes] | None,
) -> Iterator[tuple[tarfile.TarInfo, str, IO[bytes] | None]]:
    """Each member with its path below the root, checked, and its content."""
    if source is None:
        return
    source.seek(0)
    if source.read(6).startswith(COMPRESSED):
        raise Invalid.field(
            "context", _("The context is compressed."), hint=_("Send a plain tar.")
        )
    source.seek(0)
    try:
        with tarfile.open(fileobj=source, mode="r|", errorlevel=0) as tar:
            for count, member in enumerate(tar, 1):
                if count > MOST_ENTRIES:
                    text = _("A build context has at most %(n)d files and folders.")
                    raise TooLarge(text % {"n": MOST_ENTRIES})
                path = _path(member.name)
                if path:
                    yield member, path, tar.extractfile(member) if member.isreg() else None
    except BAD_TAR as error:
        raise Invalid.field("context", _("The context is no tar: %(why)s") % {"why": error}) from (
            error
        )


def _path(name: str) -> str:
    """The path as we keep it; "" for the root. Raises Invalid."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or "\\" in name:
        raise _wrong(_("%(path)s leads out of the context."), name)
    if "\x00" in name or len(name) > LONGEST_PATH or not _is_text(name):
        raise _wrong(_("%(path)s is too long, or no text."), name)
    return "/".join(parts)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _wrong(text: str, path: str) -> Invalid:
    shown = path[:200].encode("utf-8", "replace").decode()
    return Invalid.field("context", text % {"path": shown})


def _text_of(content: IO[bytes], path: str) -> str:
    raw = content.read(LARGEST_TEXT + 1)
    if len(raw) > LARGEST_TEXT:
        raise _wrong(_("%(path)s is over 1 MiB."), path)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise _wrong(_("%(path)s is no UTF-8 text."), path) from error


def _plain(member: tarfile.TarInfo, path: str, content: IO[bytes] | None) -> tarfile.TarInfo:
    """A header of ours: no owner, no setuid, no name that we did not check."""
    info = tarfile.TarInfo(path)
    info.type = tarfile.DIRTYPE if member.isdir() else tarfile.REGTYPE
    info.mode = member.mode & 0o777
    info.mtime = int(member.mtime)
    if isinstance(content, io.BytesIO):
        info.size = len(content.getvalue())
    elif member.isreg():
        info.size = member.size
    return info


def _add_text(tar: tarfile.TarFile, path: str, text: str) -> None:
    raw = text.encode()
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(raw), 0o644
    tar.addfile(info, io.BytesIO(raw))


@contextmanager
def _writing(out: IO[bytes] | None) -> Iterator[tarfile.TarFile | None]:
    if out is None:
        yield None
        return
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        yield tar


def tar_of(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar of these files, for callers that have them in memory."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, raw in files:
            info = tarfile.TarInfo(path)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return packed.getvalue()
