"""A private PostgreSQL server on a scratch socket, for as long as a test needs it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from launch import debian

PREFIX = "/tmp/qd-pg-"  # short: a unix socket's path holds 107 bytes
INSTALLED = Path("/usr/lib/postgresql")  # Debian: one folder a version, not on the PATH
START_S = 60
# durability is for what must last
OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off"


@contextmanager
def postgres() -> Iterator[str]:
    """A DATABASE_URL whose user may create databases; the server ends with the block."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    data = directory / "data"
    if os.geteuid() == 0:  # PostgreSQL refuses to be root
        os.chown(directory, pwd.getpwnam("postgres").pw_uid, -1)
    _run("initdb", "--pgdata", str(data), "--username", "lab", "--auth", "trust", "--no-sync",
         "--encoding", "UTF8", "--no-locale")  # fmt: skip
    log = directory / "log"
    control = ("--pgdata", str(data), "--wait", "--timeout", str(START_S))
    _run("pg_ctl", "start", *control, "--log", str(log), "--options", f"{OPTIONS} -k {directory}")
    try:
        yield f"postgres://lab@/postgres?host={directory}"
    finally:
        _run("pg_ctl", "stop", *control, "--mode", "immediate")
        shutil.rmtree(directory, ignore_errors=True)


def _run(program: str, *arguments: str) -> None:
    # what it says goes to a file: the server keeps what it inherits, and a pipe would never end
    with tempfile.TemporaryFile() as said:
        status = subprocess.run(
            [_found(program), *arguments],
            user="postgres" if os.geteuid() == 0 else None,
            cwd="/",  # that user may not enter the folder of the tests
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
        said.seek(0)
        assert status == 0, f"{program} failed: {said.read().decode(errors='replace')}"


def _found(program: str) -> str:
    newest: Sequence[Path] = sorted(INSTALLED.glob(f"*/bin/{program}"))
    found = str(newest[-1]) if newest else debian.which(program)
    assert found, f"{program} is missing: install postgresql (make needs does it on Debian)"
    return found
