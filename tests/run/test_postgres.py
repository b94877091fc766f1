"""What differs between databases holds on PostgreSQL too: DATABASE_URL is all that changes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.postgres import postgres
from tests.run.running import HERE, Running, until

FULL = os.environ.get("CHAOS") == "full"
# --reuse-db: the whole server is thrown away
OPTIONS = ("-p", "no:xdist", "-p", "no:cacheprovider", "--reuse-db")
# Where transactions, locks, JSON, order or text are compared by the database
SHORT = (
    "test_api_containers.py", "test_audit_chain.py", "test_bulk_containers.py",
    "test_inventory.py", "test_job_lifecycle.py", "test_list_containers.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with postgres() as url:
        yield url


def test_the_rules_hold_on_postgresql(database_url: str) -> None:
    """The unit tests themselves, with another DATABASE_URL; all of them with CHAOS=full."""
    chosen = ["tests/unit"] if FULL else [f"tests/unit/{name}" for name in SHORT]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *chosen,
            "-q",
            "-p",
            "no:xdist",
            "-p",
            "no:cacheprovider",
        ],
        cwd=HERE,
        env={**_environment(), "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_make_run_serves_its_first_page_from_postgresql(database_url: str, tmp_path: Path) -> None:
    with Running(tmp_path / "d", DATABASE_URL=database_url) as running:
        until(lambda: running.get("/readyz")[0] == 200, seconds=30, what="/readyz answers 200")
        assert not list((tmp_path / "d").rglob("*.sqlite3"))


def _environment() -> dict[str, str]:
    ours = ("PYTEST_", "DATA_DIR", "DATABASE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
