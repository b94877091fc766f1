"""`python -m bench`: every row of the table, printed and written to bench/results.json.

BENCH=short is for trying: fewer rounds. Arguments name the groups of rows to measure.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import (
    browse,
    bulk,
    copies,
    idle,
    live,
    log_browser,
    log_live,
    log_whole,
    pages,
    transfers,
)
from bench.measure import until
from bench.report import Row, surroundings, table, write
from bench.site import Site, await_known, create_all, dashboard, folder, known, start_all
from tests.lab.dockerd import Dockerd, dockerd
from tests.lab.registry import registry

RESULTS = Path(__file__).with_name("results.json")
WHOLE = ("log-whole", "log-search")
LIVE = ("log-latency", "log-crowd", "log-many")
TRANSFERS = ("pull", "build", "files")
BROWSER = ("log-browser",)
GROUPS = (
    "pages",
    *WHOLE,
    *LIVE,
    *BROWSER,
    *TRANSFERS,
    "browse",
    "copies",
    "idle",
    "clicked",
    "typed",
    "bulk",
)
RUNNING = 100  # containers, as the goals say


@dataclass(frozen=True, slots=True)
class Form:
    """How much of everything."""

    rounds: int
    pages: int  # of each kind a round
    idle_rounds: int
    on_s: float
    off_s: float
    clicks: int  # containers for clicks and for plain calls, together
    stops: int  # typed elsewhere
    bulk_rounds: int
    log_size: int  # bytes
    log_rounds: int
    log_s: float  # of each run of logs that are followed
    flood_s: float  # of lines to a browser
    crowd: int  # viewers of one log
    many: int  # logs with a viewer each
    transfer_rounds: int
    image_size: int  # bytes, of what is pulled and sent
    load_size: int  # bytes
    repositories: int  # of a registry, of twenty tags each
    long_repository: int  # tags


LONG = Form(
    5,
    60,
    5,
    30,
    10,
    60,
    100,
    5,
    200_000_000,
    5,
    20,
    60,
    500,
    200,
    5,
    300_000_000,
    2_000_000_000,
    200,
    10_000,
)
SHORT = Form(
    2, 20, 2, 8, 4, 12, 12, 1, 20_000_000, 2, 5, 22, 100, 20, 2, 30_000_000, 100_000_000, 10, 300
)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all we started ends with us
    unknown = set(sys.argv[1:]) - set(GROUPS)
    if unknown:
        sys.exit(f"no such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    wanted = set(sys.argv[1:]) or set(GROUPS)
    short = os.environ.get("BENCH") == "short"
    before = surroundings()
    rows: list[Row] = []
    for row in _measured(wanted, SHORT if short else LONG):
        print(table([row]), flush=True)
        rows.append(row)
    if wanted == set(GROUPS):
        write(RESULTS, rows, [before, surroundings()], "short" if short else "full")
    after = surroundings()
    print(f"load {before['load'][0]} before, {after['load'][0]} after; {after['cores']} cores")


def _measured(wanted: set[str], form: Form) -> Iterator[Row]:
    with dockerd() as docker:
        if "pages" in wanted:
            _say("pages")
            yield from pages.rows(docker, rounds=form.rounds, pages=form.pages)
        if wanted & {*WHOLE}:
            yield from _whole_logs(docker, wanted, form)
        if wanted & {*LIVE}:
            yield from _live_logs(docker, wanted, form)
        if wanted & {*BROWSER}:
            _say("the log page under a flood")
            with folder() as path, dashboard(docker.url) as site:
                yield log_browser.browser_row(site, docker, path, form.flood_s)
        if wanted & {*TRANSFERS}:
            yield from _transfers(docker, wanted, form)
        if "browse" in wanted:
            yield from _browse(form)
        if "copies" in wanted:
            _say("copies")
            quiet = {"DEMO": "0", "REGISTRY_REFRESH_MINUTES": "0"}
            with registry() as source, registry() as target, dashboard(**quiet) as site:
                yield copies.row(site, source, target, form.image_size, form.transfer_rounds)
        if wanted - {"pages", *WHOLE, *LIVE, *BROWSER, *TRANSFERS, "browse", "copies"}:
            yield from _with_one_host(docker, wanted, form)


def _whole_logs(docker: Dockerd, wanted: set[str], form: Form) -> Iterator[Row]:
    _say("logs are written")
    with folder() as path:
        widths = (log_whole.SHORT_LINES, log_whole.LONG_LINES)
        logs = [
            log_whole.Log(docker, path, f"log-{width}", form.log_size, width) for width in widths
        ]
    with dashboard(docker.url) as site:
        with site.api() as api:
            until(lambda: known(api) >= len(logs), "the logs' containers are known")
        if "log-whole" in wanted:
            _say("whole logs")
            yield from log_whole.whole_rows(site, docker, logs, form.log_rounds)
        if "log-search" in wanted:
            _say("search")
            yield log_whole.search_row(site, docker, logs[0], form.log_rounds)
    docker.clear()


def _live_logs(docker: Dockerd, wanted: set[str], form: Form) -> Iterator[Row]:
    _say("followed logs")
    with folder() as path, dashboard(docker.url, SOCKETS_PER_USER="1000") as site:
        yield from log_live.live_rows(
            site,
            docker,
            path,
            wanted,
            seconds=form.log_s,
            crowd=form.crowd,
            many=form.many,
        )


def _transfers(docker: Dockerd, wanted: set[str], form: Form) -> Iterator[Row]:
    size, rounds = form.image_size, form.transfer_rounds
    with folder() as path, dashboard(docker.url) as site:
        if "pull" in wanted:
            _say("pull")
            with registry() as private:
                yield transfers.pull_row(site, docker, private, size, rounds)
        if "build" in wanted:
            _say("build")
            yield transfers.build_row(site, docker, path, rounds)
        if "files" in wanted:
            _say("files")
            yield transfers.load_row(site, docker, path, form.load_size)
            with dockerd() as second:
                yield transfers.send_row(site, docker, second, size, rounds)


def _browse(form: Form) -> Iterator[Row]:
    _say("a registry is filled")
    with registry() as private, dashboard(DEMO="0", REGISTRY_REFRESH_MINUTES="0") as site:
        many = form.long_repository
        names = browse.fill(private, form.repositories, many)
        _say("browse")
        yield from browse.rows(site, private, names, many, min(form.rounds, 5))


def _with_one_host(docker: Dockerd, wanted: set[str], form: Form) -> Iterator[Row]:
    _say("containers are created")
    ids = create_all(docker, [f"bench-{number:03}" for number in range(RUNNING)])
    start_all(docker, ids)
    with ExitStack() as opened:
        site = Site(opened.enter_context(folder()), docker.url)
        opened.push(site.running)  # ends it, whoever started it
        if "idle" in wanted:
            _say("idle")
            yield from idle.rows(
                site, docker, rounds=form.idle_rounds, on_s=form.on_s, off_s=form.off_s
            )
        else:
            site.running.start()
        site.ready()
        if "clicked" in wanted:
            _say("clicked")
            yield live.clicked(site, docker, ids[: form.clicks], form.rounds)
        if "typed" in wanted:
            _say("typed elsewhere")
            _all_run(site, docker, ids)
            yield live.typed_elsewhere(site, docker, ids[: form.stops], form.rounds)
        if "bulk" in wanted:
            _say("bulk")
            yield bulk.row(site, docker, ids, form.bulk_rounds)


def _all_run(site: Site, docker: Dockerd, ids: list[str]) -> None:
    start_all(docker, ids)
    with site.api() as api:
        await_known(api, "running", len(ids))


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
