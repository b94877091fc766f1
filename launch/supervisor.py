"""Keeps the parts running: starts them, notices when one dies, and ends them together."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from launch import kernel
from launch.console import say
from launch.folders import pid_file, write_private

DELAYS_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)  # before a restart, by deaths in a row
SETTLED_S = 20.0  # a part that lived this long starts over with the first delay
PARTS_END_S = 8.0  # seconds after SIGTERM; web may use 7 for open requests
ALL_END_S = 9.2  # everything is gone within 10 s
LOOK_S = 1.0  # how often to look round when nothing is said


@dataclass(slots=True)
class Part:
    """One process that should always be there.

    `service`: the other parts need it, so it ends after them. `death` is the signal it gets
    when the supervisor is killed.
    """

    name: str
    run: Callable[[], None]
    service: bool = False
    death: signal.Signals = signal.SIGKILL
    pid: int = 0
    born: float = 0.0  # time.monotonic()
    due: float = 0.0  # when to start it next
    deaths: int = 0  # in a row
    started: bool = field(default=False)


class Supervisor:
    """One per data directory (launch.folders.hold). Has no thread and no open connection."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.parts: list[Part] = []
        for stale in (data_dir / "run").glob("*.pid"):
            stale.unlink()  # left by one that was killed; the lock says it is gone
        write_private(pid_file(data_dir, "supervisor"), f"{os.getpid()}\n")

    def start(self, part: Part) -> None:
        """Forks it, for the first time or again."""
        if part not in self.parts:
            self.parts.append(part)
        part.pid = kernel.fork(part.run, death=part.death)
        part.born = time.monotonic()
        write_private(pid_file(self.data_dir, part.name), f"{part.pid}\n")
        if part.started:
            say(f"{part.name} is running again (process {part.pid})")
        part.started = True

    def watch(self) -> None:
        """Returns when the operator or the system asked us to end."""
        signal.pthread_sigmask(signal.SIG_BLOCK, kernel.NOTED)
        while True:
            now = time.monotonic()
            for part in self.parts:
                if not part.pid and part.due <= now:
                    self.start(part)
            dues = [part.due - now for part in self.parts if not part.pid]
            seen = signal.sigtimedwait(kernel.NOTED, max(0.0, min([LOOK_S, *dues])))
            # not "anything but SIGCHLD": when we were stopped and go on, CPython tells nonsense
            if seen is not None and seen.si_signo in kernel.ENDING:
                return
            self.reap()

    def reap(self) -> None:
        """Reads who ended, and plans when to start it again."""
        for pid, status in self._ended():
            for part in self.parts:
                if part.pid == pid:
                    self._mourn(part, status)

    def stop(self) -> None:
        """Ends every part within ALL_END_S; a second request to end kills at once."""
        signal.pthread_sigmask(signal.SIG_BLOCK, kernel.NOTED)
        start = time.monotonic()
        for services, seconds in ((False, PARTS_END_S), (True, ALL_END_S)):
            group = [part for part in self.parts if part.pid and part.service is services]
            for part in group:
                kernel.send(part.pid, signal.SIGTERM)
            self._wait(group, until=start + seconds)
            for part in group:
                if part.pid:
                    say(f"{part.name} did not end in time: killed")
                self._bury(part)
        self._end_orphans()
        pid_file(self.data_dir, "supervisor").unlink(missing_ok=True)

    def _wait(self, group: list[Part], *, until: float) -> None:
        while any(part.pid for part in group):
            left = until - time.monotonic()
            if left <= 0:
                return
            seen = signal.sigtimedwait(kernel.NOTED, min(left, LOOK_S))
            if seen is not None and seen.si_signo in kernel.ENDING:
                return
            for pid, _status in self._ended():
                for part in self.parts:
                    if part.pid == pid:
                        self._forget(part)

    def _ended(self) -> list[tuple[int, int]]:
        """(process, wait status) of the children that ended, with what was left of their groups.

        The group is ended before the status is read, while the number cannot yet be another's.
        """
        found: list[tuple[int, int]] = []
        while True:
            try:
                seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return found
            if seen is None:
                return found
            kernel.send_group(seen.si_pid, signal.SIGKILL)
            found.append(os.waitpid(seen.si_pid, 0))

    def _mourn(self, part: Part, status: int) -> None:
        lived_s = time.monotonic() - part.born
        part.deaths = 1 if lived_s > SETTLED_S else part.deaths + 1
        delay_s = DELAYS_S[min(part.deaths, len(DELAYS_S)) - 1]
        self._forget(part)
        part.due = time.monotonic() + delay_s
        say(f"{part.name} ended ({how(status)}): starting it again in {delay_s:g} s")

    def _bury(self, part: Part) -> None:
        if part.pid:
            kernel.send_group(part.pid, signal.SIGKILL)
            kernel.send(part.pid, signal.SIGKILL)
            os.waitpid(part.pid, 0)
            self._forget(part)

    def _forget(self, part: Part) -> None:
        part.pid = 0
        pid_file(self.data_dir, part.name).unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        """What our parts left behind came to us (kernel.adopt_orphans), level by level."""
        while orphans := kernel.children(os.getpid()):
            for pid in orphans:
                kernel.send(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def how(status: int) -> str:
    """A wait status in words: "exit status 1", "SIGKILL"."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
