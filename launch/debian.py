"""Debian's packages: which are missing, and installing just those."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

APT = Path("/usr/bin/apt-get")
POLICY = Path("/usr/sbin/policy-rc.d")  # asked by Debian's packages before they start a service
INSTALL_S = 900  # a slow mirror


def missing(wanted: Mapping[str, str]) -> list[str]:
    """The packages of `wanted` (program, or file by a pattern → package) that are not there."""
    return [
        package
        for what, package in wanted.items()
        if not (any(Path("/").glob(what[1:])) if what.startswith("/") else which(what))
    ]


def which(program: str) -> str:
    """Where a program is, also one that only root's PATH has; "" if nowhere."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which(program, path=f"{path}:/usr/sbin:/sbin") or ""


def hindrance() -> str:
    """Why nothing can be installed here, or ""."""
    if not APT.exists():
        return "this is not Debian or Ubuntu"
    if os.geteuid() != 0:
        return "only root can install packages"
    return ""


def install(packages: list[str], log: Path) -> bool:
    """Whether they are installed now. What apt-get said is in `log`."""
    with log.open("w") as writer, _no_services():
        for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            try:
                status = subprocess.run(  # noqa: S603 - the names are ours
                    [str(APT), *command],
                    env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                    stdin=subprocess.DEVNULL,
                    stdout=writer,
                    stderr=subprocess.STDOUT,
                    timeout=INSTALL_S,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                return False
    return status == 0


@contextmanager
def _no_services() -> Iterator[None]:
    """Keeps packages from starting their services: we want a private engine, not the machine's."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
