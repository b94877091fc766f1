"""What the operator and the next program see when `make run` starts."""

import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.run.running import HERE, PARTS, Running, free_port, until

pytestmark = pytest.mark.chaos


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("start") / "var") as running:
        yield running


@pytest.fixture
def refused(tmp_path: Path) -> Running:
    """One that is not expected to come up."""
    return Running(tmp_path / "var")


def start_and_read(running: Running) -> tuple[int, str]:
    """(exit status, console) of a start that ends by itself."""
    running.start(wait=False)
    try:
        return running.process.wait(20), running.console
    finally:
        running.__exit__(None, None, None)


def test_it_serves_the_sign_in_page(dashboard: Running) -> None:
    status, page = dashboard.get("/login/")
    assert status == 200
    assert page.count("<h1") == 1


def test_it_reports_ready_when_every_part_works(dashboard: Running) -> None:
    until(lambda: dashboard.get("/readyz")[0] == 200, seconds=20, what="/readyz answers 200")


def test_pid_files_name_living_processes(dashboard: Running) -> None:
    assert dashboard.pid("supervisor") == dashboard.process.pid
    for part in PARTS:
        parent = (
            Path(f"/proc/{dashboard.pid(part)}/stat").read_text().rpartition(")")[2].split()[1]
        )
        assert int(parent) == dashboard.process.pid, part


def test_the_console_names_the_address_and_a_token_that_is_in_no_address(
    dashboard: Running,
) -> None:
    said = until(
        lambda: re.search(r"setup token: (\S+)", dashboard.console), seconds=5, what="a token"
    )
    token = said[1]
    assert f"http://127.0.0.1:{dashboard.port}/setup/" in dashboard.console
    assert all(token not in address for address in re.findall(r"http://\S+", dashboard.console))
    file = dashboard.data_dir / "setup-token"
    assert file.read_text().strip() == token
    assert mode(file) == 0o600


def test_nobody_else_can_read_the_data(dashboard: Running) -> None:
    assert mode(dashboard.data_dir) == 0o700
    for path in dashboard.data_dir.rglob("*"):
        assert mode(path) & 0o077 == 0, path
    for name in ("secret_key", "credential_keys"):
        assert mode(dashboard.data_dir / "keys" / name) == 0o600


def test_manage_py_sees_the_database_of_the_running_dashboard(dashboard: Running) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--check"],
        cwd=HERE,
        env=dashboard.environment,
        check=True,
        timeout=30,
    )


def test_a_second_one_on_the_same_data_is_refused(dashboard: Running) -> None:
    second = Running(dashboard.data_dir)
    second._console = second._console.with_name("second.console")
    status, console = start_and_read(second)
    assert status != 0
    assert str(dashboard.data_dir) in console
    assert str(dashboard.process.pid) in console
    assert dashboard.get("/login/")[0] == 200


def test_a_port_in_use_ends_it_at_once_and_is_named(refused: Running) -> None:
    with socket.create_server(("127.0.0.1", refused.port)):
        began = time.monotonic()
        status, console = start_and_read(refused)
    assert status != 0
    assert f"port {refused.port} is in use" in console
    assert time.monotonic() - began < 5
    assert not (refused.data_dir / "keys").exists()


@pytest.mark.parametrize("name", ["SECRET_KEY", "CREDENTIAL_KEYS"])
@pytest.mark.parametrize("value", ["changeme", "short", "changeme" * 10])
def test_a_placeholder_key_is_refused(refused: Running, name: str, value: str) -> None:
    refused.environment[name] = value
    status, console = start_and_read(refused)
    assert status != 0
    assert re.search(rf"cannot start: {name} is (a placeholder|too short)", console)
    assert "Traceback" not in console


def test_an_administrator_from_the_environment_needs_no_token_and_scripts_get_theirs(
    tmp_path: Path,
) -> None:
    password = tmp_path / "password"
    password.write_text("sturdy-lantern-orbit\n")
    with Running(
        tmp_path / "var", ADMIN_USERNAME="ada", ADMIN_PASSWORD_FILE=str(password)
    ) as running:
        until(lambda: "ready at" in running.console, seconds=5, what="the address")
        assert "token" not in running.console
        assert running.get("/setup/")[0] == 404
        token = subprocess.run(
            [sys.executable, "manage.py", "apitoken", "ada"],
            cwd=HERE,
            env=running.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        assert closed_by(running, token, frame="x" * 5_000) == 1009
        assert closed_by(running, token, frame="x" * 70_000) == 1009


def closed_by(running: Running, token: str, *, frame: str) -> int | None:
    """The code with which a socket is closed that sends this."""
    address = f"ws://127.0.0.1:{running.port}/ws/live/"
    headers = {"Authorization": f"Bearer {token}"}
    with connect(address, additional_headers=headers) as socket, suppress(ConnectionClosed):
        socket.send(frame)
        while True:
            socket.recv(timeout=10)
    return socket.close_code


def test_an_unusable_first_password_is_refused_in_words(refused: Running) -> None:
    refused.environment |= {"ADMIN_USERNAME": "ada", "ADMIN_PASSWORD": "short"}
    status, console = start_and_read(refused)
    assert status != 0
    assert "cannot start: ADMIN_USERNAME and ADMIN_PASSWORD:" in console


def test_a_data_directory_with_a_long_name_still_gets_its_valkey(tmp_path: Path) -> None:
    with Running(tmp_path / ("long" * 30)) as running:
        until(lambda: running.get("/readyz")[0] == 200, seconds=20, what="/readyz answers 200")


def test_a_valkey_of_the_operator_is_used_and_none_started(tmp_path: Path) -> None:
    with Running(tmp_path / "one") as first:
        address = f"unix://{first.data_dir}/run/valkey.sock"
        second = Running(tmp_path / "two", REDIS_URL=address, PORT=str(free_port()))
        try:
            second.start(wait=False)
            until(lambda: second.get("/login/")[0] == 200, seconds=30, what="/login/ answers")
            assert second.pid("valkey") == 0
            assert not os.path.lexists(second.data_dir / "run" / "valkey.sock")
        finally:
            second.__exit__(None, None, None)
