"""Installs what `make test` needs beyond Python: an engine, a registry, a browser, fonts."""

import sys
import tempfile
from pathlib import Path

from launch import debian
from launch.console import say

# program, or file by a pattern → the Debian package that brings it
NEEDS = {
    "dockerd": "docker.io",
    "docker-registry": "docker-registry",
    "busybox": "busybox-static",
    "skopeo": "skopeo",  # what `make bench` copies images beside
    "git": "git",
    "ip": "iproute2",
    "chromium": "chromium",
    "msgfmt": "gettext",
    # not the folder: the client alone makes it too
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/share/fonts/opentype/noto": "fonts-noto-cjk",
}


def main() -> int:
    """Never fails: the tests that miss something say so themselves, in one line each."""
    packages = debian.missing(NEEDS)
    if not packages:
        return 0
    names = " ".join(packages)
    if hindrance := debian.hindrance():
        say(f"tests need {names}, and {hindrance}: those tests will fail")
        return 0
    say(f"installing for the tests: {names}")
    log = Path(tempfile.mkdtemp()) / "apt.log"
    if not debian.install(packages, log):
        say(f"could not install {names} (see {log}): the tests that need them will fail")
    return 0


if __name__ == "__main__":
    sys.exit(main())
