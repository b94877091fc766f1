"""Files that somebody sends us, on our disk until the job that needs them has ended.

One file each, ours alone (0600). Whoever writes one holds a lock on it, which the kernel lifts
when he dies: what nobody writes and no job names is nobody's, and goes.
"""

import asyncio
import fcntl
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Unavailable

FRESH = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
PIECE = 1024 * 1024  # bytes that are written and read at once
LOOK = 64 * 1024 * 1024  # bytes after which the room that is left is looked at again
ROOM_LEFT = 256 * 1024 * 1024  # bytes that must stay free, for the database first of all


@dataclass(slots=True)
class Upload:
    """A body that goes past Django to our disk, as its view sees it in the request's scope.

    The view is asked twice: first with `name` "", when nothing has arrived yet and it may refuse
    (else it answers READY), then with all of it. It sets `taken` if a job will need the file,
    and `person` to whoever sends it.
    """

    name: str = ""
    size_bytes: int = 0
    person: int = 0
    taken: bool = False


READY = 204  # what a view answers that waits for the upload


def folder() -> Path:
    found = Path(settings.DATA_DIR) / "uploads"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def place_of(name: str) -> Path:
    return folder() / Path(name).name


def require_room(size_bytes: int = 0) -> None:
    """Raises Unavailable where the disk has no room for so much more."""
    if shutil.disk_usage(folder()).free < size_bytes + ROOM_LEFT:
        raise Unavailable(
            _("There is no room on the dashboard's disk for this file."),
            hint=_("Make room, or send it to the engine itself: docker load."),
        )


class Writer:
    """A new file that is written piece by piece; `close` it, and `drop` it if nobody wants it."""

    def __init__(self) -> None:
        self.name, self.size_bytes = f"{uuid.uuid4().hex}.tar", 0
        self._waiting = bytearray()
        self._looked = 0
        unseen = place_of(f"{self.name}.new")  # by the sweep, until it is locked
        self._file = os.open(unseen, FRESH, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unseen.rename(place_of(self.name))

    async def write(self, piece: bytes) -> None:
        """Raises Unavailable where the disk is full. Holds no more than PIECE in memory."""
        self._waiting += piece
        if len(self._waiting) >= PIECE:
            await self.flush()

    async def flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        await asyncio.to_thread(self._write, waiting)

    def _write(self, data: bytearray) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise Unavailable(
                _("The dashboard's disk could not be written: %(error)s")
                % {"error": error.strerror},
                hint=_("Make room and try again."),
            ) from error
        self.size_bytes += len(data)
        if self.size_bytes - self._looked >= LOOK:
            self._looked = self.size_bytes
            require_room()

    def close(self) -> None:
        os.close(self._file)

    def drop(self) -> None:
        forget(self.name)


async def pieces(name: str) -> AsyncIterator[bytes]:
    """A file from its beginning; reading happens in a thread, as a disk may be slow."""
    with place_of(name).open("rb", buffering=0) as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


def forget(name: str) -> None:
    place_of(name).unlink(missing_ok=True)


def sweep(needed: Callable[[Collection[str]], Collection[str]]) -> None:
    """Take away what nobody writes and no job needs; `needed` tells which of these names are."""
    unlocked = [path.name for path in folder().glob("*.tar") if _nobody_writes(path)]
    if unlocked:  # asked after the locks: a writer lets go only once his job stands
        for name in set(unlocked) - set(needed(unlocked)):
            forget(name)


def _nobody_writes(path: Path) -> bool:
    with suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(file)
        return True
    return False
