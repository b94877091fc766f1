"""Whole logs: to a socket client, and searched, each beside the engine's own command."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.log_text import WORD, Written, write
from bench.measure import Clock, Spread, alternate, cpu_per_round, noise
from bench.report import Figure, Row
from bench.site import Site, engine_clock
from tests.lab.dockerd import Dockerd, needed
from tests.run.running import HERE

SHORT_LINES, LONG_LINES = 100, 10_000  # bytes
SPEED = 1 / 0.9  # of the time that `docker logs -t` takes: 0.9 of its speed
PER = 100e6  # bytes: CPU is told for so many
WEB_S = {SHORT_LINES: 1.5, LONG_LINES: 0.3}  # CPU seconds for them


class Log:
    """A container that has written a file's text to its log and ended."""

    def __init__(self, docker: Dockerd, folder: Path, name: str, size: int, width: int) -> None:
        self.docker, self.name, self.width = docker, name, width
        text = folder / f"{name}.txt"
        self.written: Written = write(text, size, width=width)
        binds = [f"{folder}:/bench:ro"]
        self.id = docker.run(name, ["cat", f"/bench/{name}.txt"], host={"Binds": binds})
        docker.wait(self.id, timeout_s=600)
        text.unlink()


def whole_rows(site: Site, docker: Dockerd, logs: list[Log], rounds: int) -> Iterator[Row]:
    token = site.token()
    for log in logs:
        yield _whole_row(site, docker, token, log, rounds)


def _whole_row(site: Site, docker: Dockerd, token: str, log: Log, rounds: int) -> Row:
    clocks: dict[str, Clock] = {"web": site.clock("web"), "engine": engine_clock(docker)}
    done = alternate(
        {
            "socket": lambda: [_to_socket(site, token, log)],
            "docker logs -t": lambda: [_docker_logs(log)],
        },
        rounds=rounds,
        clocks=clocks,
    )
    ratios = Spread.of(
        ours.samples[0] / theirs.samples[0]
        for ours, theirs in zip(done["socket"], done["docker logs -t"], strict=True)
    )
    cpu = Spread.of(each.cpu["web"] * PER / log.written.size for each in done["socket"])
    return Row(
        f"{log.written.size / 1e6:.0f} MB of {log.width}-byte lines to a socket, each checked",
        [
            Figure("time, of the command's", ratios.median, SPEED, unit="x", spread=ratios),
            Figure("web CPU per 100 MB", cpu.median, WEB_S[log.width], unit="s", spread=cpu),
        ],
        baseline="`docker logs -t > /dev/null`",
        beside=Spread.of(each.samples[0] for each in done["docker logs -t"]),
        noise=noise(done["docker logs -t"]),
        cpu={name: cpu_per_round(each) for name, each in done.items()},
        unit="s",
    )


def _to_socket(site: Site, token: str, log: Log) -> float:
    path = f"/ws/logs/?c={site.host()}/{log.id}&tail=all"
    lines = str(log.written.lines)
    output = subprocess.run(
        [sys.executable, "-m", "bench.log_client", str(site.port), token, path, lines],
        cwd=HERE,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    told = json.loads(output)
    if (told["lines"], told["gaps"], told["digest"]) != (
        log.written.lines,
        0,
        log.written.digest,
    ):
        raise RuntimeError(f"lines were lost or changed: {told} of {log.written}")
    seconds: float = told["seconds"]
    return seconds


def _docker_logs(log: Log) -> float:
    began = time.perf_counter()
    with Path("/dev/null").open("wb") as nothing:
        subprocess.run(_command(log, "-t"), stdout=nothing, check=True, env=_environment(log))
    return time.perf_counter() - began


def search_row(site: Site, docker: Dockerd, log: Log, rounds: int) -> Row:
    """Every line of WORD, beside `docker logs | grep -c`, read by a pipe."""
    token = site.token()
    clocks: dict[str, Clock] = {"web": site.clock("web"), "engine": engine_clock(docker)}
    done = alternate(
        {"search": lambda: [_search(site, token, log)], "grep": lambda: [_grep(log)]},
        rounds=rounds,
        clocks=clocks,
    )
    ratios = Spread.of(
        ours.samples[0] / theirs.samples[0]
        for ours, theirs in zip(done["search"], done["grep"], strict=True)
    )
    return Row(
        f"search through {log.written.size / 1e6:.0f} MB of log",
        [Figure("time, of the command's", ratios.median, 1.0, unit="x", spread=ratios)],
        baseline="`docker logs | grep -c`, its output read by a pipe",
        beside=Spread.of(each.samples[0] for each in done["grep"]),
        noise=noise(done["grep"]),
        cpu={name: cpu_per_round(each) for name, each in done.items()},
        unit="s",
        notes=[f"{log.written.rare} hits of {log.written.lines} lines"],
    )


def _search(site: Site, token: str, log: Log) -> float:
    client = http.client.HTTPConnection("127.0.0.1", site.port, timeout=120)
    began = time.perf_counter()
    path = f"/api/v1/logs/search?c={site.host()}/{log.id}&q={WORD}&case=1"
    client.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    content = client.getresponse().read()
    took = time.perf_counter() - began
    client.close()
    end = json.loads(content.splitlines()[-1])
    if (end["t"], end["hits"], end["lines"]) != ("end", log.written.rare, log.written.lines):
        raise RuntimeError(f"not all was found: {end} of {log.written}")
    return took


def _grep(log: Log) -> float:
    began = time.perf_counter()
    with subprocess.Popen(_command(log), stdout=-1, env=_environment(log)) as logs:
        found = subprocess.run(
            ["grep", "-c", WORD], stdin=logs.stdout, stdout=-1, check=True
        ).stdout
    took = time.perf_counter() - began
    if int(found) != log.written.rare:
        raise RuntimeError(f"grep found {found!r} of {log.written.rare}")
    return took


def _command(log: Log, *options: str) -> list[str]:
    return [needed("docker", "docker.io"), "logs", *options, log.id]


def _environment(log: Log) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DOCKER_HOST": log.docker.url,
        "HOME": str(log.docker.directory),
    }
