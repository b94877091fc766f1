"""Many slow stops hold up nobody else."""

import os

import pytest

from tests.faults.fleet import IGNORES_TERM, Fleet
from tests.run.running import until

pytestmark = [pytest.mark.chaos, pytest.mark.engine, pytest.mark.browser]

MANY = 100 if os.environ.get("CHAOS") == "full" else 20
GRACE_S = 10


def test_a_start_ends_before_the_first_of_many_stubborn_stops(fleet: Fleet) -> None:
    names = [f"stubborn-{n:03}" for n in range(MANY)]
    made = {name: fleet.make(name, IGNORES_TERM) for name in names}
    idle = fleet.make("idle", start=False)
    try:
        body = {
            "action": "stop",
            "targets": [{"host": fleet.host, "id": docker_id} for docker_id in made.values()],
            "options": {"timeout": GRACE_S},
        }
        until(lambda: _listed(fleet) >= MANY + 1, seconds=10, what="all are listed")
        status, bulk = fleet.api("POST", "containers/bulk", body)
        assert status == 202, bulk
        children = "SELECT state FROM jobs_app_job WHERE parent_id = ?"
        until(
            lambda: ("running",) in fleet.sql(children, bulk["id"]),
            seconds=5,
            what="the first stops have begun",
        )
        start = fleet.act("start", idle)
        until(lambda: fleet.ended([start]), seconds=GRACE_S, what="the start has ended")
        stops = {state for (state,) in fleet.sql(children, bulk["id"])}
        assert fleet.states([start])["succeeded"] == 1
        assert stops <= {"queued", "running"}
        until(
            lambda: fleet.ended([bulk["id"]]), seconds=GRACE_S * (MANY // 16 + 3), what="all end"
        )
        assert set(fleet.sql(children, bulk["id"])) == {("succeeded",)}
    finally:
        for docker_id in (*made.values(), idle):
            fleet.engine.api("DELETE", f"/containers/{docker_id}?force=1")


def _listed(fleet: Fleet) -> int:
    rows = "SELECT count(*) FROM containers_app_container WHERE gone IS NULL AND name IN ('idle')"
    more = "SELECT count(*) FROM containers_app_container WHERE gone IS NULL AND name LIKE 'stub%'"
    return int(fleet.sql(rows)[0][0] + fleet.sql(more)[0][0])
