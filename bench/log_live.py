"""Logs that are followed: how late a line is, and what many viewers cost."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from bench.log_text import lines
from bench.measure import Spread, cpu_s, pss_mb, quantile, until
from bench.report import Figure, Row
from bench.site import Site, engine_clock, known
from tests.lab.dockerd import Dockerd, needed
from tests.run.running import HERE

TEXTS = 5000
TIMED = 5  # viewers of a crowd that are timed, in a process of their own
CROWD_RATE = 1000  # lines a second
MANY_RATE = 10
ONE_RATE = 100
NS_PER_MS = 1e6


class Feed:
    """Writes lines at a steady pace to containers that copy them to their logs, each with the
    time of its writing.
    """

    def __init__(self, docker: Dockerd, folder: Path, names: Sequence[str], rate: int) -> None:
        """`rate`: lines a second of each."""
        self.ids = []
        self._texts = list(islice(lines(), TEXTS))
        self._files = []
        for name in names:
            os.mkfifo(folder / name)
            binds = [f"{folder}:/bench"]
            self.ids.append(docker.run(name, ["cat", f"/bench/{name}"], host={"Binds": binds}))
            self._files.append((folder / name).open("wb", buffering=0))
        self._pause_s = 1 / (rate * len(names))
        self.each = 0  # lines written to each
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def run(self, seconds: float) -> None:
        self._thread.start()
        time.sleep(seconds)
        self._over.set()
        self._thread.join()

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _write(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            for file in self._files:
                text = self._texts[self.each % TEXTS]
                file.write(f"{time.time_ns()} {text}\n".encode())
                due += self._pause_s
                time.sleep(max(0.0, due - time.monotonic()))
            self.each += 1


class Viewers:
    """A process of viewers."""

    def __init__(self, site: Site, token: str, paths: Sequence[str], timed: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.log_crowd"],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        asked = {"port": site.port, "token": token, "paths": list(paths), "timed": timed}
        self._say(asked)
        if self._hear() != "open":
            raise RuntimeError("the viewers could not be opened")

    def got(self, each: int) -> dict[str, Any]:
        """What they got, once each should have so many lines. Raises RuntimeError on loss."""
        self._say({"lines": each})
        told: dict[str, Any] = json.loads(self._hear())
        if set(told["lines"]) != {each} or told["gaps"]:
            raise RuntimeError(f"lost: {min(told['lines'])} of {each}, {told['gaps']} gaps")
        return told

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


class Following:
    """`docker logs -f`, and how late each of its lines came (ns)."""

    def __init__(self, docker: Dockerd, container: str) -> None:
        self.late: list[int] = []
        self._process = subprocess.Popen(
            [needed("docker", "docker.io"), "logs", "-f", container],
            env={"PATH": os.environ["PATH"], "DOCKER_HOST": docker.url, "HOME": "/nonexistent"},
            stdout=subprocess.PIPE,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.late.append(time.time_ns() - int(line.partition(b" ")[0]))

    def close(self) -> None:
        self._process.kill()
        self._thread.join()
        self._process.communicate()


@contextmanager
def _fed(site: Site, docker: Dockerd, folder: Path, names: Sequence[str], rate: int) -> Any:
    feed = Feed(docker, folder, names, rate)
    try:
        with site.api() as api:
            until(lambda: known(api, "running") >= len(names), "the containers are known")
        yield feed
    finally:
        feed.close()
        docker.clear()


def latency_row(site: Site, docker: Dockerd, folder: Path, seconds: float) -> Row:
    token, host = site.token(), site.host()
    with _fed(site, docker, folder, ["late"], ONE_RATE) as feed, ExitStack() as opened:
        path = f"/ws/logs/?c={host}/{feed.ids[0]}&tail=500"
        viewers = _closing(opened, Viewers(site, token, [path], 1))
        one = _closing(opened, Following(docker, feed.ids[0]))
        other = _closing(opened, Following(docker, feed.ids[0]))
        feed.run(seconds)
        ours = viewers.got(feed.each)["late"]
        until(lambda: min(len(one.late), len(other.late)) == feed.each, "the command got all")
    beyond = {share: (quantile(ours, share) - quantile(one.late, share)) for share in (0.5, 0.99)}
    return Row(
        f"follow: one viewer at {ONE_RATE} lines/s, how much later than the command",
        [
            Figure("p50", beyond[0.5] / NS_PER_MS, 5),
            Figure("p99", beyond[0.99] / NS_PER_MS, 50),
        ],
        baseline="`docker logs -f`, after the line was written",
        beside=Spread.of([quantile(one.late, 0.5) / NS_PER_MS]),
        noise=Spread.of([quantile(other.late, 0.5) / quantile(one.late, 0.5)]),
        notes=[f"{feed.each} lines, none lost; noise: a second command beside the first"],
    )


def crowd_row(site: Site, docker: Dockerd, folder: Path, viewers: int, seconds: float) -> Row:
    token, host = site.token(), site.host()
    with _fed(site, docker, folder, ["crowd"], CROWD_RATE) as feed, ExitStack() as opened:
        path = f"/ws/logs/?c={host}/{feed.ids[0]}&tail=500"
        [web] = site.pids("web")
        idle_mb, before = pss_mb(web), _streams(docker)
        crowd = _closing(opened, Viewers(site, token, [path] * (viewers - TIMED), 0))
        timed = _closing(opened, Viewers(site, token, [path] * TIMED, TIMED))
        used, engine = cpu_s([web]), engine_clock(docker)
        engine_before = engine()
        feed.run(seconds)
        share = (cpu_s([web]) - used) / seconds
        streams, grown = _streams(docker) - before, pss_mb(web) - idle_mb
        crowd.got(feed.each)
        late = timed.got(feed.each)["late"]
    return Row(
        f"{viewers} viewers of one container at {CROWD_RATE} lines/s",
        [
            Figure("p99 after the writing", quantile(late, 0.99) / NS_PER_MS, 200),
            Figure("web CPU", share, 0.4, unit="core"),
            Figure("web memory above idle", grown, 40, unit="MB"),
            Figure("streams of the engine", streams, 1, unit=""),
        ],
        baseline="",
        beside=None,
        noise=Spread.of([1.0]),
        cpu={f"of {seconds:.0f} s": {"web": share * seconds, "engine": engine() - engine_before}},
        notes=[
            f"{feed.each / seconds:.0f} lines/s came, none lost; "
            f"p50 {quantile(late, 0.5) / NS_PER_MS:.0f} ms at {TIMED} timed viewers"
        ],
    )


def many_row(site: Site, docker: Dockerd, folder: Path, logs: int, seconds: float) -> Row:
    token, host = site.token(), site.host()
    names = [f"many-{number}" for number in range(logs)]
    with _fed(site, docker, folder, names, MANY_RATE) as feed, ExitStack() as opened:
        paths = [f"/ws/logs/?c={host}/{each}&tail=500" for each in feed.ids]
        [web] = site.pids("web")
        viewers = _closing(opened, Viewers(site, token, paths, 0))
        used = cpu_s([web])
        feed.run(seconds)
        share = (cpu_s([web]) - used) / seconds
        viewers.got(feed.each)
    return Row(
        f"{logs} containers followed by {logs} viewers at {MANY_RATE} lines/s each",
        [Figure("web CPU", share, 0.5, unit="core")],
        baseline="",
        beside=None,
        noise=Spread.of([1.0]),
        notes=[f"{feed.each / seconds:.1f} lines/s of each came, none lost"],
    )


def live_rows(
    site: Site,
    docker: Dockerd,
    folder: Path,
    wanted: set[str],
    *,
    seconds: float,
    crowd: int,
    many: int,
) -> Iterator[Row]:
    """`crowd` viewers of one log, and one of each of `many` logs."""
    if "log-latency" in wanted:
        yield latency_row(site, docker, folder, seconds)
    if "log-crowd" in wanted:
        yield crowd_row(site, docker, folder, crowd, seconds)
    if "log-many" in wanted:
        yield many_row(site, docker, folder, many, seconds)


def _closing(opened: ExitStack, each: Any) -> Any:
    opened.callback(each.close)
    return each


def _streams(docker: Dockerd) -> int:
    """Connections that are open to the engine's socket (man 7 unix: state 3 is connected)."""
    rows = Path("/proc/net/unix").read_text().splitlines()
    return sum(row.endswith(str(docker.socket)) and row.split()[5] == "03" for row in rows)
