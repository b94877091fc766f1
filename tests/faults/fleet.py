"""A dashboard, an engine and two people looking at it, all of which a test may harm."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Page

from launch import kernel
from tests.lab.dockerd import IMAGE, Dockerd
from tests.run.running import HERE, Running, until

PEOPLE = """
import json
from accounts_app.models import Role, User
from accounts_app.tokens import new_token
from hosts_app.models import Grant, Host
host = Host.objects.get()
for name, role in [("viola", Role.VIEWER), ("oscar", Role.OPERATOR)]:
    user = User.objects.create_user(name, {password!r})
    Grant.objects.create(user=user, host=host, role=role)
tokens = {{
    user.username: new_token(user, "faults", "admin", hosts=None, expires=None)[1]
    for user in User.objects.all()
}}
print(json.dumps({{"host": host.slug, "tokens": tokens}}))
"""
# writes down each start of itself, and ends when it is told to
NOTES_STARTS = 'echo >> "/starts/$0"; trap "exit 0" TERM; sleep 100000 & wait'
IGNORES_TERM = 'echo >> "/starts/$0"; trap "" TERM; while :; do sleep 100000; done'
FINAL = {"succeeded", "failed", "cancelled", "interrupted", "unknown"}
ROWS = """() => [...document.querySelectorAll("tr.r")].map(
  row => [row.dataset.id, row.querySelector(".nm a").textContent, row.className, row.dataset.busy])
"""


@dataclass(slots=True)
class Asked:
    """One job of a wave: what it does, to which container, and how often that had started."""

    job: int
    action: str
    name: str
    before: int = 0


@dataclass(slots=True)
class Fleet:
    running: Running
    engine: Dockerd
    starts: Path  # a file for each container, a line for each of its starts
    host: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    measured: list[str] = field(default_factory=list)
    rounds: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.running.port}"

    def seed(self, password: str) -> None:
        """People, their tokens, and the name of the host."""
        code = PEOPLE.format(password=password)
        said = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", code],
            cwd=HERE,
            env=self.running.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found = json.loads(said)
        self.host, self.tokens = found["host"], found["tokens"]

    def note(self, words: str, seconds: float) -> None:
        """A time for the summary at the end of the run."""
        self.measured.append(f"{words}: {seconds:.1f} s")

    # -- The dashboard -------------------------------------------------------------------------

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str = "oscar",
        timeout_s: float = 30,
    ) -> tuple[int, Any]:
        """(status, JSON) as a script of this person gets it. Raises OSError where none answers."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        address = f"{self.url}/api/v1/{path}"
        request = Request(address, data, headers, method=method)  # noqa: S310 - it is http
        try:
            with urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def act(self, action: str, docker_id: str, body: Any = None, *, timeout_s: float = 30) -> int:
        """The number of the job that was asked for."""
        path = f"hosts/{self.host}/containers/{docker_id}/{action}"
        status, job = self.api("POST", path, body, timeout_s=timeout_s)
        assert status == 202, job
        return int(job["id"])

    def run_one(self, name: str) -> int:
        body = {
            "image": IMAGE,
            "name": name,
            "command": ["sh", "-c", NOTES_STARTS, name],
            "network": "none",
            "mounts": [{"type": "bind", "source": str(self.starts), "target": "/starts"}],
        }
        path = f"hosts/{self.host}/containers"
        status, job = self.api("POST", path, body, who="ada")
        assert status == 202, job
        return int(job["id"])

    def problem(self) -> str:
        """What /readyz says where it is not well."""
        try:
            with urlopen(f"{self.url}/readyz", timeout=10):  # noqa: S310
                return ""
        except HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Reads the dashboard's own database, past the dashboard."""
        file = self.running.data_dir / "db.sqlite3"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(query, values).fetchall()

    def states(self, jobs: Sequence[int]) -> Counter[str]:
        return Counter(self.told_of(jobs).values())

    def told_of(self, jobs: Sequence[int]) -> dict[int, str]:
        """Job → its state."""
        listed = json.dumps(list(jobs))
        query = "SELECT id, state FROM jobs_app_job WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self.sql(query, listed))

    def ended(self, jobs: Sequence[int]) -> int:
        return sum(n for state, n in self.states(jobs).items() if state in FINAL)

    def lines(self, job: int) -> list[tuple[str, str]]:
        """(when, text) of its log."""
        return self.sql("SELECT at, text FROM jobs_app_jobline WHERE job_id = ? ORDER BY n", job)

    def host_state(self) -> str:
        return str(self.sql("SELECT state FROM hosts_app_host")[0][0])

    # -- The engine ----------------------------------------------------------------------------

    def make(self, name: str, script: str = NOTES_STARTS, *, start: bool = True) -> str:
        make = self.engine.run if start else self.engine.create
        host = {"Binds": [f"{self.starts}:/starts"]}
        return make(name, ["sh", "-c", script, name], host=host)

    def containers(self) -> dict[str, tuple[str, str]]:
        """Name → (id, state), as the engine lists them."""
        listed = self.engine.api("GET", "/containers/json?all=1")
        return {one["Names"][0][1:]: (one["Id"], one["State"]) for one in listed}

    def actions(self, docker_id: str) -> list[str]:
        """What the engine did to it lately, by its own events."""
        asked = ["events", "--since", "60s", "--until", "0s", "--format", "{{.Action}}"]
        return self.engine.cli(*asked, "--filter", f"container={docker_id}").split()

    def started(self, name: str) -> int:
        """How often this container has started, by its own account."""
        file = self.starts / name
        return len(file.read_text()) if file.exists() else 0

    # -- A wave of fifty jobs ------------------------------------------------------------------

    def wave(self) -> list[Asked]:
        """Fifty jobs on fifty containers, each what its container is fit for just now."""
        self.rounds += 1
        wanted: list[tuple[str, str, str]] = []
        for n, (name, (docker_id, state)) in enumerate(sorted(self.containers().items())):
            if name.startswith("box-"):
                verb = "start" if state != "running" else ("stop", "restart")[n % 2]
                wanted.append((verb, name, docker_id))
            elif name.startswith("ice-"):
                verb = {"running": "pause", "paused": "unpause"}.get(state, "start")
                wanted.append((verb, name, docker_id))
        wanted += [("run", f"run-{self.rounds}-{n}", "") for n in range(50 - len(wanted))]
        with ThreadPoolExecutor(6) as pool:
            return list(pool.map(lambda each: self._ask(*each), wanted))

    def _ask(self, action: str, name: str, docker_id: str) -> Asked:
        before = self.started(name)
        job = self.run_one(name) if action == "run" else self.act(action, docker_id)
        return Asked(job, action, name, before)

    def forget_runs(self) -> None:
        for name, (docker_id, _state) in self.containers().items():
            if name.startswith("run-"):
                self.engine.api("DELETE", f"/containers/{docker_id}?force=1")

    # -- What two people see -------------------------------------------------------------------

    def watch(self) -> None:
        """Both pages are marked: the mark is gone where a page was loaded anew."""
        for page in self.pages:
            page.evaluate("window.mark = true")

    def seen_by_all(self, look: Callable[[Page], object]) -> bool:
        return all(look(page) for page in self.pages)

    def until_seen(self, look: Callable[[Page], object], *, seconds: float, what: str) -> float:
        """Seconds until both pages show it."""
        began = time.monotonic()
        until(
            lambda: self.seen_by_all(look),
            seconds=seconds,
            what=f"both browsers show {what}; {self.told()}",
        )
        return time.monotonic() - began

    def told(self) -> str:
        return f"host {self.host_state()}"

    @contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """Stopped between two writes. Stopped within one it holds the database, and then nobody
        can write: a fault of its own, of which /readyz says "database"."""
        pid = self.running.pid(part)
        until(lambda: self._stopped_outside_a_write(pid), seconds=20, what=f"{part} is frozen")
        try:
            yield
        finally:
            kernel.send(pid, signal.SIGCONT)

    def _stopped_outside_a_write(self, pid: int) -> bool:
        os.kill(pid, signal.SIGSTOP)
        with closing(sqlite3.connect(self.running.data_dir / "db.sqlite3", timeout=1)) as base:
            try:
                base.execute("BEGIN IMMEDIATE")
                base.rollback()
            except sqlite3.OperationalError:
                kernel.send(pid, signal.SIGCONT)
                return False
        return True

    @contextmanager
    def visitor(self, name: str) -> Iterator[str]:
        """A container that comes and goes, to see whether pages follow."""
        docker_id = self.make(name)
        try:
            yield docker_id
        finally:
            self.engine.api("DELETE", f"/containers/{docker_id}?force=1")


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        kernel.send(pid, signal.SIGCONT)


def shown(page: Page) -> dict[str, tuple[str, str, str]]:
    """Name → (id, class of its state, verb that is under way) in a page's list."""
    rows = page.evaluate(ROWS)
    return {
        name: (docker_id, next(each[2:] for each in cls.split() if each.startswith("s-")), busy)
        for docker_id, name, cls, busy in rows
    }


def is_live(page: Page) -> bool:
    return bool(page.evaluate("document.querySelector('#live')?.dataset.s === 'on'"))
