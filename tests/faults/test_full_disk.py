"""A data directory without room: nothing is done that could not be written down."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import kernel
from tests.browser.conftest import PASSWORD
from tests.faults.fleet import Fleet
from tests.lab.dockerd import Dockerd, mount_memory
from tests.run.running import Running, until

pytestmark = [pytest.mark.chaos, pytest.mark.engine]

SIZE = "24m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "var"
    mount_memory(disk, SIZE)
    try:
        yield disk
    finally:
        kernel.unmount_below(tmp_path)


def test_a_stop_is_refused_and_the_engine_hears_nothing(
    small_disk: Path, second_docker: Dockerd
) -> None:
    second_docker.restore()
    box = second_docker.run("box")
    with Running(
        small_disk,
        DOCKER_HOST=second_docker.url,
        ADMIN_USERNAME="ada",
        ADMIN_PASSWORD=PASSWORD,
    ) as running:
        fleet = Fleet(running, second_docker, small_disk / "starts")
        fleet.seed(PASSWORD)
        until(lambda: running.get("/readyz")[0] == 200, seconds=45, what="/readyz answers 200")
        before = second_docker.api("GET", f"/containers/{box}/json")["State"]
        stop = f"hosts/{fleet.host}/containers/{box}/stop"
        jobs = fleet.sql("SELECT count(*) FROM jobs_app_job")
        filler = small_disk / "filler"
        _fill(filler)
        until(lambda: _refused(fleet, stop, jobs), seconds=10, what="a stop is refused with 503")
        assert fleet.api("GET", "containers")[0] == 200
        assert running.get("/login/")[0] == 200
        until(
            lambda: '"part": "database"' in fleet.problem(),
            seconds=30,
            what="/readyz names the database",
        )
        assert second_docker.api("GET", f"/containers/{box}/json")["State"] == before
        assert fleet.sql("SELECT count(*) FROM jobs_app_job") == jobs
        filler.unlink()
        until(lambda: running.get("/readyz")[0] == 200, seconds=45, what="it works again")
        status, job = fleet.api("POST", stop, {"timeout": 1})
        assert status == 202
        until(lambda: fleet.ended([job["id"]]), seconds=30, what="the stop is done")
        assert fleet.states([job["id"]])["succeeded"] == 1
        assert fleet.sql("PRAGMA integrity_check") == [("ok",)]
    second_docker.restore()


def _refused(fleet: Fleet, stop: str, jobs: list[tuple[int]]) -> bool:
    """The log of the database has room of its own, which a few more rows use up."""
    status, problem = fleet.api("POST", stop, {"timeout": 1})
    if status == 202:  # what was asked for can still be written down, so it is done
        raise AssertionError("the disk was not full")
    assert problem["code"] == "unavailable"
    return bool(status == 503)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        try:
            while filler.write(b"\0" * 4096):
                pass
        except OSError:
            return
