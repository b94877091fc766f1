"""Fifty jobs and two browsers, while parts of the dashboard and the engine are killed."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from redis import Redis

from core.paths import socket_path
from tests.faults.fleet import IGNORES_TERM, Asked, Fleet, shown
from tests.faults.truth import check
from tests.run.running import until

pytestmark = [pytest.mark.chaos, pytest.mark.engine, pytest.mark.browser]

TIMES = 5 if os.environ.get("CHAOS") == "full" else 1
DOWN_S, BACK_S = 5, 10  # R8
HUNG_S = 15  # R3
SLOW_HUNG_S = 45  # where it was slow already it gets 30 s more before it counts as hung (R11)
DEAD_WORKER_S = 15  # R41
FLUSHED_S = 20  # R54

again = pytest.mark.parametrize("time_", range(TIMES))


@pytest.fixture
def wave(fleet: Fleet) -> Iterator[list[Asked]]:
    """Fifty jobs, all queued at once, of which the first few have ended."""
    fleet.watch()
    with fleet.frozen("worker"):
        wave = fleet.wave()
    jobs = [each.job for each in wave]
    assert len(jobs) == 50
    try:
        until(lambda: fleet.ended(jobs) >= 3, seconds=20, what="work has begun")
        yield wave
        # also after a test that failed: its jobs must not meet those of the next one
        until(lambda: fleet.ended(jobs) == len(jobs), seconds=90, what="the wave is over")
    finally:
        fleet.forget_runs()  # more than fifty rows would be two pages


def kill(fleet: Fleet, part: str) -> float:
    """When it was killed, by time.monotonic()."""
    old = fleet.running.pid(part)
    os.kill(old, signal.SIGKILL)
    at = time.monotonic()
    until(lambda: fleet.running.pid(part) not in {0, old}, seconds=10, what=f"{part} is back")
    return at


def follows(fleet: Fleet, name: str, *, seconds: float) -> float:
    """Seconds until both browsers show a change that somebody makes at the engine."""
    with fleet.visitor(name):
        return fleet.until_seen(
            lambda page: shown(page).get(name, ("", ""))[1] == "running",
            seconds=seconds,
            what=f"{name} running",
        )


def banner(page: object) -> bool:
    """Whether a page says that a host does not answer."""
    return bool(page.evaluate("!!document.querySelector('.notes p.banner[role=status]')"))  # type: ignore[attr-defined]


@again
def test_web(fleet: Fleet, wave: list[Asked], time_: int) -> None:
    kill(fleet, "web")
    fleet.note("web killed, both browsers follow again", follows(fleet, "after-web", seconds=15))
    check(fleet, wave, engine_lived=True, seconds=30)


@again
def test_worker(fleet: Fleet, wave: list[Asked], time_: int) -> None:
    killed = datetime.utcnow()  # noqa: DTZ003 - as SQLite has it
    kill(fleet, "worker")
    check(fleet, wave, engine_lived=True, seconds=40)
    found = [
        (datetime.fromisoformat(at) - killed).total_seconds()
        for each in wave
        for at, text in fleet.lines(each.job)
        if "the worker died" in text.lower()
    ]
    assert found, "it held no job when it was killed"
    fleet.note("worker killed, its jobs were taken over", max(found))
    assert max(found) <= DEAD_WORKER_S


@again
def test_watcher(fleet: Fleet, wave: list[Asked], time_: int) -> None:
    kill(fleet, "watcher")
    seen = follows(fleet, "after-watcher", seconds=BACK_S)
    fleet.note("watcher killed, both browsers follow again", seen)
    check(fleet, wave, engine_lived=True, seconds=30)


@again
def test_valkey(fleet: Fleet, wave: list[Asked], time_: int) -> None:
    kill(fleet, "valkey")
    seen = follows(fleet, "after-valkey", seconds=FLUSHED_S)
    fleet.note("Valkey killed, both browsers follow again", seen)
    check(fleet, wave, engine_lived=True, seconds=40)


@again
def test_flushall(fleet: Fleet, wave: list[Asked], time_: int) -> None:
    with Redis(unix_socket_path=str(socket_path(fleet.running.data_dir, "valkey.sock"))) as redis:
        redis.flushall()
    seen = follows(fleet, "after-flushall", seconds=FLUSHED_S)
    fleet.note("FLUSHALL, both browsers follow again", seen)
    check(fleet, wave, engine_lived=True, seconds=40)


@again
def test_frozen_engine(fleet: Fleet, wave: list[Asked], time_: int) -> None:
    fleet.engine.pause()
    before = fleet.host_state()
    try:
        limit_s = SLOW_HUNG_S if before == "slow" else HUNG_S
        seen = fleet.until_seen(banner, seconds=limit_s, what="that the engine hangs")
        fleet.note(f"dockerd frozen (it was {before}), both browsers say so", seen)
    finally:
        fleet.engine.resume()
    seen = fleet.until_seen(lambda page: not banner(page), seconds=BACK_S, what="that it is back")
    fleet.note("dockerd thawed, both browsers say so", seen)
    check(fleet, wave, engine_lived=True, seconds=75)


@again
def test_killed_engine(fleet: Fleet, wave: list[Asked], time_: int) -> None:
    fleet.engine.kill()
    try:
        seen = fleet.until_seen(banner, seconds=DOWN_S, what="that the engine is down")
        fleet.note("dockerd killed, both browsers say so", seen)
    finally:
        fleet.engine.start()
    seen = fleet.until_seen(lambda page: not banner(page), seconds=BACK_S, what="that it is back")
    fleet.note("dockerd back, both browsers say so", seen)
    check(fleet, wave, engine_lived=False, seconds=75)


@again
def test_a_worker_killed_during_a_slow_restart(fleet: Fleet, time_: int) -> None:
    """The engine goes on with it: whoever takes the job over must not restart it once more."""
    fleet.watch()
    docker_id = fleet.make("slow", IGNORES_TERM)
    try:
        fleet.until_seen(lambda page: "slow" in shown(page), seconds=10, what="it")
        job = fleet.act("restart", docker_id, {"timeout": 15})
        until(lambda: fleet.states([job])["running"], seconds=5, what="it has begun")
        until(lambda: "kill" in fleet.actions(docker_id), seconds=5, what="the engine has begun")
        kill(fleet, "worker")
        check(fleet, [Asked(job, "restart", "slow", 1)], engine_lived=True, seconds=45)
        until(lambda: "restart" in fleet.actions(docker_id), seconds=5, what="the engine tells so")
        assert fleet.actions(docker_id).count("restart") == 1
    finally:
        fleet.engine.api("DELETE", f"/containers/{docker_id}?force=1")
