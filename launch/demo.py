"""Where no engine answers: whether to start a private one, and the Debian packages it takes."""

import os
import sys
from pathlib import Path

from launch import debian
from launch.console import ask, say
from launch.folders import private
from launch.options import Options

# program → the Debian package that brings it
PROGRAMS = {
    "dockerd": "docker.io",
    "docker-registry": "docker-registry",
    "busybox": "busybox-static",
    "ip": "iproute2",
}


def wanted(options: Options) -> bool:
    """Whether to start the private engine now. Says why not, where one could expect it."""
    if options.demo is False:
        say("no Docker engine answers; DEMO=0: starting without one")
        return False
    if options.docker_host and not options.demo:
        say(f"no Docker engine answers, also not DOCKER_HOST={options.docker_host}")
        return False
    if hindrance := _hindrance():
        say(f"no Docker engine answers, and {hindrance}: add a host on the page /hosts/")
        return False
    if options.demo is None and sys.stdin.isatty() and sys.stdout.isatty():
        return ask(
            "no Docker engine answers. Start a private one under "
            f"{options.data_dir / 'demo'}, with sample containers{_to_install()}?"
        )
    say(
        "no Docker engine answers: starting a private one with sample containers under "
        f"{options.data_dir / 'demo'}{_to_install()} (DEMO=0 prevents this)"
    )
    return True


def kept(options: Options) -> bool:
    """Whether an earlier start made a private engine, which then comes back with us."""
    made = (options.data_dir / "demo" / "samples").exists()
    return made and options.demo is not False and not debian.missing(PROGRAMS)


def ready(data_dir: Path) -> bool:
    """Installs what is missing. False, and a line that says why, where that fails."""
    packages = debian.missing(PROGRAMS)
    if not packages:
        return True
    log = private(data_dir / "demo") / "install.log"
    say(f"installing {' '.join(packages)}: this takes a minute")
    if debian.install(packages, log) and not debian.missing(PROGRAMS):
        return True
    say(f"could not install {' '.join(packages)} (see {log}): starting without an engine")
    return False


def _hindrance() -> str:
    if os.geteuid() != 0:
        return "only root can start one"
    return debian.hindrance() if debian.missing(PROGRAMS) else ""


def _to_install() -> str:
    packages = debian.missing(PROGRAMS)
    return f" (installs {', '.join(packages)})" if packages else ""
