"""The laboratory itself: it restarts, freezes, and leaves nothing behind even when killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.client import Engine
from tests.lab.dockerd import Dockerd, needed, until
from tests.lab.processes import _naming, bridge_of
from tests.lab.registry import Registry

RUN = """
import os, time
from tests.lab.dockerd import dockerd
with dockerd() as daemon:
    daemon.run("web")
    print(daemon.directory, flush=True)
    time.sleep(60)
"""


@pytest.mark.engine
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_test_run_leaves_nothing_behind(how: signal.Signals) -> None:
    root = str(Path(__file__).resolve().parents[2])
    env = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, env=env) as run:
        assert run.stdout
        directory = Path(run.stdout.readline().decode().strip())
        assert directory.is_dir()
        assert _naming(os.fsencode(directory))
        run.send_signal(how)
    until(lambda: not directory.exists(), "the keeper has swept", timeout_s=20)
    assert not _naming(os.fsencode(directory))
    assert str(directory) not in Path("/proc/self/mountinfo").read_text()
    assert not Path(f"/sys/class/net/{bridge_of(directory)}").exists()


@pytest.mark.engine
def test_an_engine_killed_and_started_again_has_its_containers(mortal_docker: Dockerd) -> None:
    container_id = mortal_docker.run("web")
    with Engine(mortal_docker.connection) as engine:
        engine_id = engine.info().id
        mortal_docker.kill()
        assert not mortal_docker.running
        mortal_docker.start()
        assert engine.info().id == engine_id
        assert engine.container("web").id == container_id


@pytest.mark.engine
def test_the_docker_command_speaks_to_the_private_engine(docker: Dockerd) -> None:
    container_id = docker.run("cli-web", ["echo", "hello"])
    docker.wait(container_id)
    assert docker.cli("logs", container_id) == "hello\n"
    docker.cli("rm", container_id)


@pytest.mark.engine
def test_a_push_to_the_private_registry(docker: Dockerd, lab_registry: Registry) -> None:
    reference = f"{lab_registry.address}/lab/busybox:1"
    docker.cli("tag", "lab/busybox:latest", reference)
    assert "digest: sha256:" in docker.cli("push", reference)
    docker.cli("rmi", reference)


def test_a_missing_package_fails_with_one_clear_line() -> None:
    with pytest.raises(
        pytest.fail.Exception, match=r"^no-such-thing is missing: apt-get install x$"
    ):
        needed("no-such-thing", "x")
