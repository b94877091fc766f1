"""Finds and ends everything that lives under a laboratory directory, and only that."""

import contextlib
import ctypes
import os
import shutil
import signal
import time
import zlib
from pathlib import Path

from launch import bridges

MNT_DETACH = 2  # man 2 umount


def sweep(directory: Path) -> None:
    """Kills engine, containerd, shims and containers of `directory`, unmounts, and deletes it.

    Shims and their containers outlive a killed engine, so they are found by the directory in
    their command line, which is random and ours, and by being children of those.
    """
    ours = os.fsencode(directory)
    deadline = time.monotonic() + 10
    while (pids := _with_children(_naming(ours))) and time.monotonic() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap(pids)
        time.sleep(0.02)  # nothing to wait on: most of them are not our children
    bridges.remove(bridge_of(directory))
    _unmount(directory)
    _remove_cgroups(directory)
    shutil.rmtree(directory, ignore_errors=True)


def bridge_of(directory: Path) -> str:
    """The network bridge of the engine in `directory`; a kernel's name has at most 15 letters."""
    return f"qdl-{zlib.crc32(os.fsencode(directory)):08x}"


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def frozen(pid: int) -> bool:
    """Whether SIGSTOP has reached all threads; each goes on for a moment after the signal."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    states = [(each / "stat").read_text().rpartition(")")[2].split()[0] for each in threads]
    return set(states) == {"T"}


def started_at(pid: int) -> str:
    """Tells a process from a later one with the same id (field 22 of man 5 proc)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _naming(directory: bytes) -> set[int]:
    """Processes that name the directory itself or a path in it, except this one."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            program = command.split(b"\0", 1)[0].rpartition(b"/")[2]
            wanted = program in (b"dockerd", b"containerd", b"docker-registry")
            wanted |= program.startswith((b"containerd-shim", b"runc", b"docker-proxy"))
            if wanted and (directory + b"/") in command and alive(int(entry.name)):
                found.add(int(entry.name))
    return found


def _with_children(pids: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if stat[0] != "Z":
                    children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = set(pids), list(pids)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _reap(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _unmount(directory: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    below = [line.split()[4] for line in lines]
    for target in sorted((p for p in below if p.startswith(f"{directory}/")), reverse=True):
        libc.umount2(os.fsencode(target), MNT_DETACH)


def _remove_cgroups(directory: Path) -> None:
    with contextlib.suppress(OSError):
        for container in (directory / "data/containers").iterdir():
            for pattern in (f"docker/{container.name}", f"*/docker/{container.name}"):
                for group in Path("/sys/fs/cgroup").glob(pattern):
                    with contextlib.suppress(OSError):
                        group.rmdir()
