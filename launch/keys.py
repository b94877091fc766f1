"""The keys of a site: made at its first start, readable by nobody else, never replaced."""

import base64
import secrets
from datetime import UTC, datetime
from pathlib import Path

from launch.console import Refused
from launch.folders import private, write_private

CREDENTIAL_KEY_BYTES = 32  # AES-256 (core.sealed)
SECRET_KEY_BYTES = 48  # 64 characters; dashboard.environment wants at least 50


def make_missing(data_dir: Path, names: tuple[str, ...]) -> None:
    """Writes DATA_DIR/keys/… for those of `names` that are not there yet.

    Raises Refused where the credential key is gone and the database is not: a new key could
    not open what is stored, and would hide that the old one is needed.
    """
    folder = private(data_dir / "keys")
    for name in names:
        file = folder / name.lower()
        if file.exists():
            file.chmod(0o600)
        elif name == "CREDENTIAL_KEYS" and (data_dir / "db.sqlite3").exists():
            raise Refused(
                f"{file} is missing, and {data_dir / 'db.sqlite3'} holds secrets sealed with "
                "it: put it back from your backup, or move the database away to start anew."
            )
        else:
            write_private(file, f"{_new(name)}\n")


def _new(name: str) -> str:
    if name == "SECRET_KEY":
        return secrets.token_urlsafe(SECRET_KEY_BYTES)
    key_id = f"k{datetime.now(UTC):%Y%m%d}"  # tells an operator how old it is
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(CREDENTIAL_KEY_BYTES)).decode()}"
