"""Pull, push, build and load, while what they need is killed, full, slow or silent."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.measure import pss_mb
from bench.transfers import peaks, upload
from tests.faults.conftest import MEASURED
from tests.faults.yard import ENDS_S, FULL, SLOW, Yard, open_yard
from tests.lab.archive import write_zeros
from tests.run.running import until

pytestmark = [pytest.mark.chaos, pytest.mark.engine]

TIMES = 3 if FULL else 1
CANCEL_S = 3.0  # R46
QUEUED = 10
LOAD = 5_000_000_000 if FULL else 500_000_000  # bytes
MOST_MB = 60.0  # of a part above idle, while it loads so much

again = pytest.mark.parametrize("time_", range(TIMES))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Yard]:
    with open_yard(tmp_path_factory.mktemp("yard")) as yard:
        yard.fleet.measured = pytestconfig.stash.setdefault(MEASURED, [])
        yield yard


@pytest.fixture
def yard(stack: Yard) -> Iterator[Yard]:
    """Its registry is slow in both directions."""
    stack.proxy.bytes_per_s = stack.proxy.up_bytes_per_s = SLOW
    yield stack
    stack.heal()


def free(yard: Yard) -> None:
    yard.proxy.bytes_per_s = yard.proxy.up_bytes_per_s = None
    yard.proxy.resume()


def kill(yard: Yard, part: str) -> None:
    old = yard.fleet.running.pid(part)
    os.kill(old, signal.SIGKILL)
    until(lambda: yard.fleet.running.pid(part) not in {0, old}, seconds=30, what=f"{part} is back")


@again
def test_a_killed_worker_costs_a_pull_time_and_ends_what_must_not_be_done_twice(
    yard: Yard, time_: int
) -> None:
    pull, build, push = yard.pull(), yard.build(), yard.push("killed")
    yard.half_way(pull, build, push)
    both_see_the_same(yard, pull)
    kill(yard, "transfers")
    until(lambda: not yard.builds(), seconds=ENDS_S, what="the engine has ended the build")
    free(yard)
    assert yard.ended([pull, build, push]) == {
        pull: "succeeded", build: "interrupted", push: "interrupted",
    }  # fmt: skip
    assert "the worker died; queued again" in [text for _at, text in yard.fleet.lines(pull)]
    assert yard.fleet.engine.api("GET", f"/images/{yard.big}/json")["Id"] == yard.image_id
    assert not yard.has("yard/built:latest")
    assert yard.tags_at_registry("killed") == []
    both_see_the_same(yard, pull)


def both_see_the_same(yard: Yard, job: int) -> None:
    """What one is told of a job, with its log, the other is told too."""

    def seen(who: str) -> object:
        job_told = yard.fleet.api("GET", f"jobs/{job}", who=who)
        return job_told, yard.fleet.api("GET", f"jobs/{job}/log", who=who)

    until(lambda: seen("oscar") == seen("viola"), seconds=30, what="both see the same")


@again
def test_a_cancel_half_way_ends_what_engines_do(yard: Yard, time_: int) -> None:
    pull, build, push = yard.pull(), yard.build(), yard.push("cancelled")
    yard.half_way(pull, build, push)  # and from now on everything is silent
    began = time.monotonic()
    for job in (pull, build, push):
        assert yard.fleet.api("POST", f"jobs/{job}/cancel", who="ada")[0] == 202
    states = yard.ended([pull, build, push])
    until(lambda: not yard.builds(), seconds=ENDS_S, what="the engine has ended the build")
    took_s = time.monotonic() - began
    yard.fleet.note("pull, build and push cancelled at once", took_s)
    yard.trickle()
    until(lambda: not yard.proxy.busy, seconds=ENDS_S, what="no engine sends or fetches")
    assert set(states.values()) == {"cancelled"}
    assert took_s < (CANCEL_S if FULL else ENDS_S)
    assert not yard.has(yard.big)
    assert yard.tags_at_registry("cancelled") == []


@again
def test_an_engine_killed_half_way_is_waited_for_by_a_pull(yard: Yard, time_: int) -> None:
    pull, build = yard.pull(), yard.build()
    yard.half_way(pull, build)
    yard.fleet.engine.kill()
    free(yard)
    yard.fleet.engine.start()
    assert yard.ended([pull, build]) == {pull: "succeeded", build: "interrupted"}
    assert yard.has(yard.big)
    assert not yard.has("yard/built:latest")


@again
def test_ten_queued_pulls_outlive_valkey_and_are_done_once(yard: Yard, time_: int) -> None:
    yard.proxy.stall()
    jobs = [yard.pull() for _n in range(QUEUED)]
    kill(yard, "valkey")
    free(yard)
    assert set(yard.ended(jobs).values()) == {"succeeded"}
    attempts = "SELECT DISTINCT attempt FROM jobs_app_job WHERE id >= ? AND kind = 'image.pull'"
    assert yard.fleet.sql(attempts, min(jobs)) == [(1,)]


@again
def test_a_registry_that_dies_half_way_fails_a_pull_in_the_engines_words(
    yard: Yard, time_: int
) -> None:
    pull = yard.pull()
    yard.half_way(pull)
    yard.registry.kill()
    yard.proxy.cut()
    free(yard)
    assert yard.ended([pull]) == {pull: "failed"}
    assert yard.error(pull)
    assert not yard.has(yard.big)
    yard.registry.start()
    again_ = yard.pull()
    assert yard.ended([again_]) == {again_: "succeeded"}


def test_a_full_disk_of_an_engine_fails_a_pull_and_nothing_else(yard: Yard) -> None:
    free(yard)
    filler = yard.small.directory / "data" / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 1024 * 1024):
                pass
        except OSError:
            file.truncate(file.tell() - 8 * 1024 * 1024)  # so that the engine itself can go on
    try:
        pull = yard.pull("small")
        assert yard.ended([pull]) == {pull: "failed"}
        assert "no space left on device" in yard.error(pull)
        assert not yard.has(yard.big, yard.small)
    finally:
        filler.unlink()
    pull = yard.pull("small")
    assert yard.ended([pull]) == {pull: "succeeded"}
    yard.small.cli("rmi", yard.big)


def test_memory_stays_flat_during_a_large_load(yard: Yard, tmp_path: Path) -> None:
    free(yard)
    archive, running = tmp_path / "zeros.tar", yard.fleet.running
    write_zeros(archive, LOAD, "yard/zeros:1")
    idle = {part: pss_mb(running.pid(part)) for part in ("web", "transfers")}
    with peaks(running, tuple(idle)) as most:
        path = f"hosts/{yard.fleet.host}/images/load"
        job = upload(running.port, yard.fleet.tokens["ada"], path, archive)
        assert yard.ended([job], seconds=LOAD / 2e6) == {job: "succeeded"}
    assert yard.has("yard/zeros:1")
    above = {part: most[part] - idle[part] for part in idle}
    assert max(above.values()) < MOST_MB, above
    assert not list((running.data_dir / "uploads").glob("*")), "what was sent is gone"
    yard.fleet.engine.cli("rmi", "yard/zeros:1")
