"""The inventory beside a real engine: it ends with the truth, whatever happens to the engine."""

import time
from datetime import datetime

import pytest

from containers_app.models import Container
from tests.lab.dockerd import Dockerd, until
from tests.watching import host_at, names, states, until_listed, until_row, until_state, watching

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


def started_at(docker: Dockerd, container_id: str) -> datetime:
    text = docker.api("GET", f"/containers/{container_id}/json")["State"]["StartedAt"]
    return datetime.fromisoformat(text[:26] + "+00:00")


def test_a_row_follows_its_container(docker: Dockerd) -> None:
    host = host_at(docker.connection)
    box = docker.run("follow-me")
    with watching():
        until_row(host, "follow-me", lambda row: row.state == "running")
        docker.cli("pause", box)
        until_row(host, "follow-me", lambda row: row.state == "paused")
        docker.cli("unpause", box)
        docker.cli("rename", box, "follow-you")
        until_row(host, "follow-you", lambda row: row.state == "running")
        docker.cli("kill", box)
        row = until_row(host, "follow-you", lambda row: row.state == "exited")
        assert row.exit_code == 137
        docker.cli("start", box)
        docker.cli("restart", "-t", "0", box)
        began = started_at(docker, box)

        def true(row: Container) -> bool:
            exact = row.started and abs((row.started - began).total_seconds()) < 0.5
            return row.state == "running" and bool(exact)

        until_row(host, "follow-you", true)
        docker.cli("rm", "-f", box)
        again = docker.run("follow-you")  # another container of that name
        until_row(host, "follow-you", lambda row: row.docker_id == again)
        docker.cli("rm", "-f", again)
        until(lambda: "follow-you" not in names(host), "its row is gone")
    assert states(host) == ["reachable"]


def test_health_and_exit_codes_come_by_themselves(docker: Dockerd) -> None:
    host = host_at(docker.connection)
    check = {"Test": ["CMD-SHELL", "test ! -e /tmp/ill"], "Interval": 100_000_000, "Retries": 1}
    with watching():
        until_listed(host)
        box = docker.run("check-me", config={"Healthcheck": check})
        until_row(host, "check-me", lambda row: row.health == "healthy", timeout_s=20)
        docker.cli("exec", box, "touch", "/tmp/ill")
        until_row(host, "check-me", lambda row: row.health == "unhealthy", timeout_s=20)
        docker.cli("rm", "-f", box)
        ends = docker.run("ends-soon", ["sh", "-c", "exit 3"])
        until_row(host, "ends-soon", lambda row: row.exit_code == 3)
        docker.cli("rm", "-f", ends)


def test_a_killed_engine_is_down_within_5_s_and_back_within_10(mortal_docker: Dockerd) -> None:
    host = host_at(mortal_docker.connection)
    with watching():
        until_state(host, "reachable")
        mortal_docker.run("outlives")
        until_row(host, "outlives", lambda row: row.state == "running")
        mortal_docker.kill()
        until_state(host, "down", timeout_s=5)
        assert names(host) == {"outlives"}  # kept, shown as of then
        time.sleep(3)  # it is tried again less and less often
        mortal_docker.start()
        until_state(host, "reachable", timeout_s=10)
        mortal_docker.stop()
        until_state(host, "down", timeout_s=5)
        mortal_docker.start()
        until_state(host, "reachable", timeout_s=10)
        until_row(host, "outlives", lambda row: row.state == "exited")


def test_a_frozen_engine_hangs_within_15_s_and_is_back_within_10(mortal_docker: Dockerd) -> None:
    host = host_at(mortal_docker.connection)
    with watching():
        until_state(host, "reachable")
        mortal_docker.pause()
        until_state(host, "hung", timeout_s=15)
        mortal_docker.resume()
        until_state(host, "reachable", timeout_s=10)
    assert states(host)[:2] == ["reachable", "hung"]
