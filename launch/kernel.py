"""What Linux does for us: children that die with their parent, and orphans that come to us."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_CHILD_SUBREAPER = 36
MNT_DETACH = 2  # umount(2)
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
NOTED = (signal.SIGCHLD, *ENDING)

libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


def die_with_parent(parent: int, number: signal.Signals) -> None:
    """Asks for signal `number` when `parent` ends, and ends at once if it did already."""
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Makes grandchildren whose parent died children of this process, so that we can end them."""
    if sys.platform == "linux":
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def fork(run: Callable[[], None], *, death: signal.Signals = signal.SIGKILL) -> int:
    """Runs `run` in a child that leads a session of its own; returns its process id.

    The child has default signals and no standard input; when `run` returns it ends with
    status 0, and with 1 and a traceback when it raises.
    """
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()
        die_with_parent(parent, death)
        for number in NOTED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, NOTED)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        run()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - the last frame of a process
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def execute(argv: list[str], *, log: Path | None = None) -> None:
    """Becomes another program, which sees none of our secrets and writes to `log`."""
    if log is not None:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
    wanted = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
    environment = {name: os.environ[name] for name in wanted if name in os.environ}
    os.execve(argv[0], argv, environment)  # noqa: S606 - no shell is what we want


def processes() -> Iterator[tuple[int, int]]:
    """(process, its parent) for every process that we may see."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # "pid (name) state ppid …" (proc(5)); a name may hold spaces and parentheses
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        yield int(entry.name), int(fields[1])


def children(parent: int) -> list[int]:
    return [pid for pid, its_parent in processes() if its_parent == parent]


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def send_group(pid: int, number: signal.Signals) -> None:
    """A signal to everything in the session that `pid` leads."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def alive(pid: int) -> bool:
    """Also true for a zombie that its parent has not yet read."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def unmount_below(folder: Path) -> None:
    """Takes away every mount below `folder`, the last one first."""
    start = f"{folder}/"
    # fields of /proc/mounts: device, path (a space is written \\040), type, … (proc(5))
    lines = Path("/proc/self/mounts").read_text().splitlines()
    paths = [line.split(" ")[1].replace("\\040", " ") for line in lines]
    for path in reversed(paths):
        if path.startswith(start):
            libc.umount2(os.fsencode(path), MNT_DETACH)
