"""Where sockets go: DATA_DIR may be longer than the kernel takes. Needs nothing but Python."""

import hashlib
import os
from pathlib import Path

LONGEST_SOCKET_PATH = 107  # bytes; sun_path in unix(7) has 108 with the closing zero


def socket_path(data_dir: Path, name: str) -> Path:
    """DATA_DIR/run/`name`, or a short private path that depends on DATA_DIR only.

    Pure: nothing is created here, so that `manage.py` finds what the supervisor made.
    """
    path = data_dir / "run" / name
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    return short_folder(data_dir) / name


def short_folder(data_dir: Path) -> Path:
    """/run for root and /tmp for others: short, and nobody else can put something there first."""
    base = Path("/run") if os.geteuid() == 0 else Path("/tmp")  # noqa: S108 - see own_folder
    return base / f"quarterdeck-{os.geteuid()}-{digest(data_dir)}"


def digest(data_dir: Path) -> str:
    """Eight hex digits that name this data directory on this machine."""
    return hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:8]
