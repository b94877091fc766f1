"""The private engine and registry: a part of the dashboard like the others.

It touches nothing of the machine: sockets in a private folder, a bridge of its own (dockerd
deletes docker0 when it is told to have no bridge, and would change the firewall), ports on
loopback only, which docker-proxy serves without the firewall's help.
"""

import json
import os
import shutil
import signal
import socket
import time
from pathlib import Path

from core.paths import digest, short_folder
from launch import bridges, kernel
from launch.console import say
from launch.debian import which
from launch.folders import discard, own_folder, private

GENTLE_S = 3.0  # for containers to end after SIGTERM
END_S = 5.5  # then dockerd itself
LEFTOVER_S = 8.0  # for an engine that outlived a killed dashboard


def url(data_dir: Path) -> str:
    return f"unix://{short_folder(data_dir) / 'docker.sock'}"


def keep(data_dir: Path) -> None:
    """Runs engine and registry until SIGTERM; ends with status 1 when one of them dies."""
    signal.pthread_sigmask(signal.SIG_BLOCK, kernel.NOTED)
    kernel.adopt_orphans()
    folder = private(data_dir / "demo")
    exec_root = own_folder(short_folder(data_dir))
    _end_leftovers(exec_root)
    _tidy(folder, exec_root)
    own_folder(exec_root)
    bridge = _bridge(data_dir)
    daemons = [_dockerd(folder, exec_root, bridge), _registry(folder)]
    died = _until_asked(daemons)
    _end(daemons, exec_root)
    bridges.remove(bridge)
    _tidy(folder, exec_root)
    if died:
        raise SystemExit(1)


def registry_port(folder: Path) -> int:
    """The loopback port of the private registry: free when it was chosen, then always the same,
    because image names carry it.
    """
    file = folder / "registry-port"
    if not file.exists():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            file.write_text(str(probe.getsockname()[1]))
    return int(file.read_text())


def _dockerd(folder: Path, exec_root: Path, bridge: str) -> int:
    config = folder / "daemon.json"  # instead of /etc/docker/daemon.json, which is not ours
    config.write_text(
        json.dumps(
            {
                "data-root": str(folder / "engine"),
                "pidfile": str(exec_root / "docker.pid"),
                "hosts": [f"unix://{exec_root / 'docker.sock'}"],
                "group": "root",
                "bridge": bridge or "none",
                **bridges.QUIET,
                "log-opts": {"max-size": "5m", "max-file": "2"},
            }
        )
    )
    # the folder is among the arguments, because that is how _with_argument knows our processes
    argv = [
        which("dockerd"), "--config-file", str(config), "--exec-root", str(exec_root / "exec"),
    ]  # fmt: skip
    return kernel.fork(
        lambda: kernel.execute(argv, log=folder / "dockerd.log"), death=signal.SIGTERM
    )


def _registry(folder: Path) -> int:
    config = folder / "registry.yml"
    config.write_text(  # JSON is YAML
        json.dumps(
            {
                "version": 0.1,
                "log": {"level": "warn", "accesslog": {"disabled": True}},
                "storage": {
                    "filesystem": {"rootdirectory": str(folder / "registry")},
                    "delete": {"enabled": True},
                },
                "http": {"addr": f"127.0.0.1:{registry_port(folder)}"},
            }
        )
    )
    argv = [which("docker-registry"), "serve", str(config)]
    return kernel.fork(lambda: kernel.execute(argv, log=folder / "registry.log"))


def _until_asked(daemons: list[int]) -> bool:
    """Waits for SIGTERM (False) or for one of `daemons` to die (True)."""
    while True:
        seen = signal.sigwait(kernel.NOTED)
        if seen != signal.SIGCHLD:
            return False
        if any(pid in daemons for pid in _reap()):
            return True


def _reap() -> list[int]:
    ended: list[int] = []
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not pid:
            return ended
        ended.append(pid)


def _end(daemons: list[int], exec_root: Path) -> None:
    """Containers first gently, then not: an engine waits ten seconds for each that ignores it."""
    for pid in daemons:
        kernel.send(pid, signal.SIGTERM)
    start = time.monotonic()
    if not _gone(daemons, until=start + GENTLE_S):
        for shim in _shims(exec_root):
            for process in kernel.children(shim):
                kernel.send(process, signal.SIGKILL)
        _gone(daemons, until=start + END_S)
    _sweep(exec_root)


def _gone(daemons: list[int], *, until: float) -> bool:
    while time.monotonic() < until:
        _reap()
        if not any(kernel.alive(pid) for pid in daemons):
            return True
        time.sleep(0.05)
    return False


def _end_leftovers(exec_root: Path) -> None:
    """An engine of a dashboard that was killed is still ending, or was killed itself."""
    until = time.monotonic() + LEFTOVER_S
    while _ours(exec_root, "dockerd") and time.monotonic() < until:
        time.sleep(0.1)
    _sweep(exec_root)


def _sweep(exec_root: Path) -> None:
    """Ends what is left of this engine: it is known by the folder in its arguments."""
    for shim in _shims(exec_root):
        for process in kernel.children(shim):
            kernel.send(process, signal.SIGKILL)
    left = [pid for pid, _name in _with_argument(exec_root)]
    for pid in left:
        kernel.send(pid, signal.SIGKILL)
    _reap()


def _tidy(folder: Path, exec_root: Path) -> None:
    """Removes what an engine that was killed left: mounts, sockets, files of a run."""
    kernel.unmount_below(folder)
    kernel.unmount_below(exec_root)
    shutil.rmtree(exec_root / "exec", ignore_errors=True)
    for name in ("docker.pid", "docker.sock"):
        (exec_root / name).unlink(missing_ok=True)
    discard(exec_root)


def _shims(exec_root: Path) -> list[int]:
    return _ours(exec_root, "containerd-shim")


def _ours(exec_root: Path, program: str) -> list[int]:
    return [pid for pid, name in _with_argument(exec_root) if name.startswith(program)]


def _with_argument(exec_root: Path) -> list[tuple[int, str]]:
    """(process, program) of this engine's dockerd, containerd, shims and proxies."""
    mark = os.fsencode(exec_root.name)
    found = []
    for pid, _parent in kernel.processes():
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        name = os.fsdecode(arguments[0]).rpartition("/")[2]
        if name.startswith(("dockerd", "containerd")) and any(mark in a for a in arguments):
            found.append((pid, name))
    return found


def _bridge(data_dir: Path) -> str:
    """A bridge of this data directory's own, or "" where the kernel gives us none."""
    name = f"qd-{digest(data_dir)}"
    if bridges.make(name):
        return name
    say("no network bridge can be made here: the sample containers have no network")
    return ""
