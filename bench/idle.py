"""What the dashboard costs while nobody uses it: memory, the engine's CPU; and how it starts."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.client import Client
from bench.measure import Clock, Round, Spread, cpu_s, family, noise, pss_mb, until
from bench.report import Figure, Row
from bench.site import PASSWORD, PERSON, Site, engine_clock
from tests.lab.dockerd import Dockerd
from tests.run.running import HERE, PARTS

SETTLE_S = 5.0  # after a start: the first lists are read
ALONE = (
    "import signal; from launch import parts; parts.load(); print(1, flush=True); signal.pause()"
)
APART = 4  # web, worker, transfers, watcher


def rows(site: Site, docker: Dockerd, *, rounds: int, on_s: float, off_s: float) -> list[Row]:
    """Starts the dashboard `rounds` times and leaves it running."""
    engine = engine_clock(docker)
    off, on, memory, starts, usage = [], [], [], [], []
    for number in range(rounds):
        if number:
            _end(site)
        off.append(_share(engine, off_s))
        starts.append(_start(site))
        site.ready()
        _use(site)
        time.sleep(SETTLE_S)
        ours = {part: cpu_s(site.pids(part)) for part in PARTS}
        on.append(_share(engine, on_s))
        usage.append({part: cpu_s(site.pids(part)) - ours[part] for part in PARTS})
        memory.append(_memory(site))
    return [
        _memory_row(site, memory, rounds),
        _engine_row(off, on, usage, on_s),
        _start_row(site, starts, rounds),
    ]


def _memory_row(site: Site, memory: Sequence[dict[str, float]], rounds: int) -> Row:
    totals = Spread.of(sum(each.values()) for each in memory)
    apart = [_imported_apart(site) for _ in range(max(2, rounds // 2))]
    last = ", ".join(f"{name} {megabytes:.0f}" for name, megabytes in memory[-1].items())
    return Row(
        "all processes together, idle, one host with 100 running containers",
        [Figure("PSS", totals.median, 220, unit="MB", spread=totals)],
        baseline=f"{APART} processes that each import the same and do nothing",
        beside=Spread.of(apart),
        noise=noise([Round([each]) for each in apart]),
        unit="MB",
        notes=[f"MB: {last}"],
    )


def _engine_row(
    off: Sequence[float], on: Sequence[float], usage: Sequence[dict[str, float]], on_s: float
) -> Row:
    caused = Spread.of(b - a for a, b in zip(off, on, strict=True))
    return Row(
        "engine CPU caused by the dashboard, nobody looking, 100 running containers",
        [Figure("of one core", caused.median, 1, unit="%", spread=caused)],
        baseline="dockerd and containerd without the dashboard",
        beside=Spread.of(off),
        noise=Spread.of([1.0]),
        cpu={f"the dashboard itself, of {on_s:.0f} s": usage[-1]},
        unit="%",
        notes=[f"with it: {Spread.of(on).median:.2f} %; a window holds one whole list"],
    )


def _start_row(site: Site, starts: Sequence[float], rounds: int) -> Row:
    again = Spread.of(starts[1:] or starts)
    alone = [_import_s(site) for _ in range(max(2, rounds // 2))]
    return Row(
        "second start, until a page came",
        [Figure("seconds", again.median, 5, unit="s", spread=again)],
        baseline="importing the same code once, and nothing else",
        beside=Spread.of(alone),
        noise=noise([Round([each]) for each in alone]),
        unit="s",
        notes=[f"the very first start of this run: {starts[0]:.1f} s (empty database)"],
    )


def _share(engine: Clock, seconds: float) -> float:
    """Percent of a core used over so many seconds."""
    before, began = engine(), time.monotonic()
    time.sleep(seconds)
    return (engine() - before) / (time.monotonic() - began) * 100


def _start(site: Site) -> float:
    """Seconds from the command until a page came; the first time until the sign-in page."""
    began = time.monotonic()
    site.running.start(wait=False)
    until(lambda: site.running.ended() or site.running.get("/login/")[0] == 200, "a page comes")
    took = time.monotonic() - began
    until(lambda: len(site.pids()) == len(PARTS), "every part runs")
    site.running.remember()
    return took


def _end(site: Site) -> None:
    site.running.remember()
    site.running.process.send_signal(signal.SIGTERM)
    site.running.process.wait(20)


def _use(site: Site) -> None:
    """As after some use: pages were drawn, a socket's code and a worker's ran."""
    with Client(site.port) as client:
        client.sign_in(PERSON, PASSWORD)
        client.times(["/containers/"] * 40)


def _memory(site: Site) -> dict[str, float]:
    """MB by part; what belongs to none is the supervisor's."""
    parts = {part: sum(map(pss_mb, family(site.running.pid(part)))) for part in PARTS}
    return {"supervisor": pss_mb(site.running.process.pid)} | parts


def _imported_apart(site: Site) -> float:
    processes = [_loading(site) for _ in range(APART)]
    try:
        for process in processes:
            _await_loaded(process)
        return sum(pss_mb(process.pid) for process in processes)
    finally:
        _stop(processes)


def _import_s(site: Site) -> float:
    began = time.monotonic()
    process = _loading(site)
    try:
        _await_loaded(process)
        return time.monotonic() - began
    finally:
        _stop([process])


def _loading(site: Site) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", ALONE],
        cwd=HERE,
        env=site.running.environment | {"DJANGO_SETTINGS_MODULE": "dashboard.settings"},
        stdout=subprocess.PIPE,
    )


def _await_loaded(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout
    if not process.stdout.readline():
        raise RuntimeError("the parts could not be imported")


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
        process.wait()
        assert process.stdout
        process.stdout.close()
