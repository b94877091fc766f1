"""The data directory: who may read it, who uses it, and where its sockets go."""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from launch.console import Refused


def private(folder: Path) -> Path:
    """Makes `folder`, with mode 0700, also where it was there with another mode (F11)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror}. DATA_DIR must be ours alone.") from error
    return folder


def write_private(file: Path, text: str) -> None:
    """Replaces `file` in one step; nobody else can read it at any moment (0600)."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as writer:
        writer.write(text)
        writer.flush()
        os.fsync(writer.fileno())
    fresh.rename(file)


def hold(data_dir: Path) -> int:
    """Takes the data directory for this process alone; the lock ends with the process.

    A record lock (fcntl), because children do not inherit it: a part that outlived us must
    not keep the next start away. Returns the descriptor, which has to stay open.
    """
    descriptor = os.open(data_dir / "run" / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "?"
        os.close(descriptor)
        raise Refused(
            f"{data_dir} is in use by another dashboard (process {holder}). "
            "End that one, or choose another DATA_DIR."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def pid_file(data_dir: Path, name: str) -> Path:
    return data_dir / "run" / f"{name}.pid"


def own_folder(folder: Path) -> Path:
    """Makes `folder` 0700. Raises Refused where somebody else made it before us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Refused(f"{folder} belongs to somebody else: choose a shorter DATA_DIR.")
    folder.chmod(0o700)
    return folder


def discard(folder: Path) -> None:
    """Removes a short folder, unless another part still has something in it."""
    with suppress(OSError):
        folder.rmdir()
