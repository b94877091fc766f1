"""A hundred stops as one bulk job, beside `docker stop` of the same hundred in one command."""

import json
import statistics
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bench.client import Api, Client
from bench.measure import Spread, alternate, cpu_per_round, noise, own_clock
from bench.report import Figure, Row
from bench.site import Site, await_known, engine_clock, start_all
from tests.lab.dockerd import Dockerd

LOOK_S = 0.5  # the job's own times are what counts, so this need not be fine


def row(site: Site, docker: Dockerd, ids: Sequence[str], rounds: int) -> Row:
    """All of `ids` exist and are stopped; so they are afterwards."""
    host_of = "lab"
    with site.api() as api, site.client() as client:
        host_of = str(api.ask("GET", "hosts")["items"][0]["slug"])
        targets = [f"{host_of}/{each}" for each in ids]

        def as_job() -> list[float]:
            _start(site, docker, api, ids)
            return [_stop_all(api, client, targets)]

        def as_command() -> list[float]:
            _start(site, docker, api, ids)
            with site.frozen():  # the engine is all for the command
                began = time.perf_counter()
                docker.cli("stop", *ids)
                took = time.perf_counter() - began
            await_known(api, "running", 0)
            return [took]

        clocks = {
            "web": site.clock("web"),
            "worker": site.clock("worker"),
            "watcher": site.clock("watcher"),
            "engine": engine_clock(docker),
            "client": own_clock,
        }
        done = alternate({"job": as_job, "command": as_command}, rounds=rounds, clocks=clocks)
    ours = [each.samples[0] for each in done["job"]]
    theirs = [each.samples[0] for each in done["command"]]
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ours) / statistics.median(theirs)
    return Row(
        f"{len(ids)} stops on one host as one bulk job, over `docker stop` of the same",
        [Figure("ratio of medians", ratio, 1.2, unit="x", spread=Spread.of(ratios))],
        baseline="`docker stop` of all in one command, the dashboard frozen",
        beside=Spread.of(theirs),
        noise=noise(done["command"]),
        cpu={name: cpu_per_round(each) for name, each in done.items()},
        unit="s",
        notes=[f"the job took {statistics.median(ours):.2f} s; CPU includes starting them before"],
    )


def _start(site: Site, docker: Dockerd, api: Api, ids: Sequence[str]) -> None:
    start_all(docker, ids)
    await_known(api, "running", len(ids))


def _stop_all(api: Api, client: Client, targets: Sequence[str]) -> float:
    """Seconds from asking until the last container is stopped and the job says so."""
    began = time.time()
    answer = client.send("/containers/act/", {"action": "stop", "target": targets}, status=202)
    number = json.loads(answer)["job"]
    while True:
        time.sleep(LOOK_S)
        job: dict[str, Any] = api.ask("GET", f"jobs/{number}")
        if job["finished"]:
            break
    if job["state"] != "succeeded":
        raise RuntimeError(f"the bulk job ended as {job['state']}: {job['error']}")
    return datetime.fromisoformat(job["finished"]).timestamp() - began
