"""Parts that are there and do nothing: who says so, who ends them, and what works meanwhile."""

import os
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from tests.faults.fleet import Fleet, frozen, is_live, shown
from tests.faults.truth import (
    browsers_show_the_truth,
    each_ended_once,
    no_process_is_orphaned,
    rows_are_what_the_engine_lists,
)
from tests.run.running import until

pytestmark = [pytest.mark.chaos, pytest.mark.engine, pytest.mark.browser]

NAMED_S = 30  # R64
STUCK_S = 90  # R43
AT_ONCE_S = 1.0  # R44
FROZEN_S = 10  # of the 1 s that each hint and wake-up is given
LONG_AGO = "2000-01-01 00:00:00"


def named(fleet: Fleet, part: str) -> bool:
    return f'"part": "{part}"' in fleet.problem()


def until_well(fleet: Fleet) -> None:
    until(lambda: fleet.running.get("/readyz")[0] == 200, seconds=45, what="/readyz answers 200")


def test_a_worker_that_lives_and_takes_no_work_is_named_and_ended(fleet: Fleet) -> None:
    until_well(fleet)
    old = fleet.running.pid("worker")
    began = time.monotonic()
    fleet.watch()
    with fleet.frozen("worker"):
        box, (docker_id, _state) = next(iter(fleet.containers().items()))
        job = fleet.act("restart", docker_id)
        until(lambda: named(fleet, "worker"), seconds=NAMED_S, what="/readyz names the worker")
        fleet.note("worker frozen, /readyz names it", time.monotonic() - began)
        # the other minute is not worth waiting for: the part and its last work are long ago
        os.utime(fleet.running.data_dir / "run" / "worker.pid", (0, 0))
        with closing(sqlite3.connect(fleet.running.data_dir / "db.sqlite3", timeout=20)) as base:
            base.execute("UPDATE jobs_app_heartbeat SET at = ? WHERE part LIKE 'worker.i%'",
                         [LONG_AGO])  # fmt: skip
            base.commit()
        until(
            lambda: fleet.running.pid("worker") not in {0, old},
            seconds=NAMED_S + 15,
            what="another worker is started",
        )
    assert "takes no work" in fleet.running.console
    fleet.note("worker frozen, another works", time.monotonic() - began)
    until(lambda: fleet.ended([job]), seconds=30, what=f"the restart of {box} is done")
    each_ended_once(fleet, [job])
    no_process_is_orphaned(fleet)
    until_well(fleet)


def test_without_valkey_pages_and_jobs_are_asked_for_at_once(fleet: Fleet) -> None:
    """Its supervisor is frozen, too, or it would be back at once."""
    until_well(fleet)
    fleet.watch()
    docker_id = fleet.make("patient", start=False)
    try:
        fleet.until_seen(lambda page: "patient" in shown(page), seconds=10, what="it")
        with frozen(fleet.running.process.pid):
            os.kill(fleet.running.pid("valkey"), signal.SIGKILL)
            began = time.monotonic()
            until(lambda: named(fleet, "redis"), seconds=NAMED_S, what="/readyz names Redis")
            fleet.note("Valkey gone, /readyz names it", time.monotonic() - began)
            began = time.monotonic()
            job = fleet.act("start", docker_id)
            took_s = time.monotonic() - began
            fleet.note("Valkey gone, a POST answers 202", took_s)
            assert took_s < AT_ONCE_S
            assert fleet.api("GET", "containers")[0] == 200
            assert fleet.seen_by_all(is_live)
            assert fleet.states([job])["queued"] == 1
        until(lambda: fleet.ended([job]), seconds=30, what="it is done when Valkey is back")
        fleet.note("Valkey back, the job is done", time.monotonic() - began)
        assert fleet.states([job])["succeeded"] == 1
        until(lambda: fleet.started("patient"), seconds=5, what="it writes down its start")
        assert fleet.started("patient") == 1
        each_ended_once(fleet, [job])
        rows_are_what_the_engine_lists(fleet)
        browsers_show_the_truth(fleet)
        fleet.running.remember()
    finally:
        fleet.engine.api("DELETE", f"/containers/{docker_id}?force=1")


def test_a_frozen_valkey_delays_a_request_by_moments_and_loses_nothing(fleet: Fleet) -> None:
    """It accepts connections and never answers: nothing may wait for it."""
    until_well(fleet)
    docker_id = fleet.make("brave", start=False)
    try:
        listed = "SELECT 1 FROM containers_app_container WHERE docker_id = ?"
        until(lambda: fleet.sql(listed, docker_id), seconds=10, what="it is listed")
        with fleet.frozen("valkey"):
            began = time.monotonic()
            job = fleet.act("start", docker_id)
            took_s = time.monotonic() - began
            fleet.note("Valkey frozen, a POST answers 202", took_s)
            assert took_s < FROZEN_S
            assert fleet.api("GET", "containers")[0] == 200
            assert fleet.states([job])["queued"] == 1
        until(lambda: fleet.ended([job]), seconds=30, what="it is done when Valkey goes on")
        assert fleet.states([job])["succeeded"] == 1
        each_ended_once(fleet, [job])
        until_well(fleet)
    finally:
        fleet.engine.api("DELETE", f"/containers/{docker_id}?force=1")


def test_a_frozen_watcher_is_named(fleet: Fleet) -> None:
    until_well(fleet)
    began = time.monotonic()
    with fleet.frozen("watcher"):
        until(lambda: named(fleet, "watcher"), seconds=NAMED_S, what="/readyz names the watcher")
        fleet.note("watcher frozen, /readyz names it", time.monotonic() - began)
    until_well(fleet)
    rows_are_what_the_engine_lists(fleet)
