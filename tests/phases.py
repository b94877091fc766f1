"""Runs the whole suite as `make test` does: in phases, what can run beside something first.

A test that failed is run once more, alone. If it fails again, the suite fails. If it passes, it
is flaky, which is a bug of the first order: it is named at the very end, with `FLAKY`, and its
first failure stays in the output. With STRICT=1 nothing is run a second time.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch.console import say

RESULTS = Path("var") / "test-phases"
# In the order of collection (tests/conftest.py): xdist's own puts files of few, long tests last
PARALLEL = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
SHARED = ("-n", "2", "--dist", "worksteal")  # where one file takes longer than all others
SERIAL = ("-p", "no:xdist")
PHASES = {
    "unit": ("not engine and not browser and not chaos", PARALLEL),
    "engines": ("engine and not browser and not chaos", PARALLEL),
    "browser": ("browser and not chaos", SHARED),
    "faults": ("chaos", PARALLEL),
}


def main(names: list[str]) -> int:
    """Runs the phases of these names, or all. 0 if every test passed, at once or alone."""
    flaky: list[str] = []
    for name in names or list(PHASES):
        began = time.monotonic()
        if not _run(name, flaky):
            say(f"phase {name}: FAILED")
            return 1
        say(f"phase {name}: passed in {time.monotonic() - began:.0f} s")
    for test in flaky:
        say(f"FLAKY (failed once, passed alone): {test}")
    return 0


def _run(name: str, flaky: list[str]) -> bool:
    marks, how = PHASES[name]
    cache = RESULTS.absolute() / name
    shutil.rmtree(cache, ignore_errors=True)
    status = _pytest(cache, "-m", marks, *how)
    if status == pytest.ExitCode.OK:
        return True
    failed = _failed(cache)
    if status != pytest.ExitCode.TESTS_FAILED or os.environ.get("STRICT") == "1" or not failed:
        return False
    flaky += failed
    return _pytest(cache, *SERIAL, *failed) == pytest.ExitCode.OK


def _pytest(cache: Path, *arguments: str) -> int:
    chosen = [each for each in arguments if "::" in each] or ["tests"]
    options = [each for each in arguments if "::" not in each]
    command = [sys.executable, "-m", "pytest", *chosen, *options, "-o", f"cache_dir={cache}"]
    return subprocess.run(command, check=False).returncode


def _failed(cache: Path) -> list[str]:
    """Which tests the last run says failed: pytest's own list."""
    try:
        failed = json.loads((cache / "v" / "cache" / "lastfailed").read_text())
    except FileNotFoundError:
        return []
    return sorted(test for test in failed if "::" in test)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
