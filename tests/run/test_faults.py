"""Parts that die come back; when the dashboard ends, however it ends, nothing is left."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.supervisor import LOOK_S
from tests.run.running import PARTS, Running, until

pytestmark = pytest.mark.chaos

TIMES = 5 if os.environ.get("CHAOS") == "full" else 1
END_S = 10.0  # R60


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "var") as running:
        yield running


def test_a_part_that_is_killed_comes_back_and_the_console_says_so(dashboard: Running) -> None:
    for _ in range(TIMES):
        for part in PARTS:
            old = dashboard.pid(part)
            os.kill(old, signal.SIGKILL)
            new = until(
                lambda part=part, old=old: (
                    dashboard.pid(part) not in {0, old}  # type: ignore[misc]
                    and dashboard.pid(part)
                ),
                seconds=15,
                what=f"{part} runs again",
            )
            dashboard.remember()
            assert f"{part} ended (SIGKILL): starting it again" in dashboard.console
            until(
                lambda part=part, new=new: (
                    f"{part} is running again (process {new})"  # type: ignore[misc]
                    in dashboard.console
                ),
                seconds=2,
                what=f"the console says that {part} is back",
            )
    until(lambda: dashboard.get("/readyz")[0] == 200, seconds=30, what="everything works again")


def test_all_parts_killed_at_once_come_back(dashboard: Running) -> None:
    for part in PARTS:
        os.kill(dashboard.pid(part), signal.SIGKILL)
    until(lambda: dashboard.console.count("is running again") == len(PARTS), seconds=20,
          what="all parts are back")  # fmt: skip
    dashboard.remember()
    until(lambda: dashboard.get("/readyz")[0] == 200, seconds=30, what="everything works again")


def test_nobody_is_refused_while_web_starts_again(dashboard: Running) -> None:
    os.kill(dashboard.pid("web"), signal.SIGKILL)
    until(lambda: "web ended" in dashboard.console, seconds=5, what="it was noticed")
    assert dashboard.get("/login/", timeout_s=20)[0] == 200
    dashboard.remember()


def test_one_that_was_stopped_goes_on(dashboard: Running) -> None:
    """Ctrl-Z and fg, or a frozen container."""
    os.kill(dashboard.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 2 * LOOK_S, seconds=10, what="some time is over")
    os.kill(dashboard.process.pid, signal.SIGCONT)
    old = dashboard.pid("watcher")
    os.kill(old, signal.SIGKILL)
    until(lambda: dashboard.pid("watcher") not in {0, old}, seconds=10, what="it still watches")
    assert not dashboard.ended()
    dashboard.remember()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_within_ten_seconds_and_leaves_nothing(
    dashboard: Running, number: signal.Signals
) -> None:
    began = time.monotonic()
    os.kill(dashboard.process.pid, number)
    assert dashboard.process.wait(END_S + 5) == 0
    assert time.monotonic() - began < END_S
    assert dashboard.left() == []
    assert list((dashboard.data_dir / "run").glob("*.pid")) == []
    assert "Traceback" not in dashboard.console


def test_ctrl_c_in_a_terminal_reaches_make_too_and_leaves_nothing(tmp_path: Path) -> None:
    running = Running(tmp_path / "var")
    running.start("make", "run")
    with_make = running.process
    try:
        os.killpg(with_make.pid, signal.SIGINT)  # what a terminal does
        with_make.wait(END_S)
        until(lambda: running.left() == [], seconds=END_S, what="nothing is left")
        assert "Traceback" not in running.console
    finally:
        running.__exit__(None, None, None)


def test_when_make_is_killed_the_dashboard_ends(tmp_path: Path) -> None:
    running = Running(tmp_path / "var")
    running.start("make", "run")
    try:
        running.process.kill()
        running.process.wait(5)
        until(lambda: running.left() == [], seconds=END_S, what="nothing is left")
    finally:
        running.__exit__(None, None, None)


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_works(
    dashboard: Running,
) -> None:
    for _ in range(TIMES):
        os.kill(dashboard.process.pid, signal.SIGKILL)
        dashboard.process.wait(5)
        until(lambda: dashboard.left() == [], seconds=3, what="nothing is left")
        dashboard.start()


def test_an_impatient_second_ctrl_c_ends_it_at_once(dashboard: Running) -> None:
    os.kill(dashboard.process.pid, signal.SIGINT)
    until(lambda: "ending" in dashboard.console, seconds=5, what="it ends")
    os.kill(dashboard.process.pid, signal.SIGINT)
    dashboard.process.wait(3)
    assert dashboard.left() == []


def test_ended_while_it_starts_it_leaves_nothing(tmp_path: Path) -> None:
    running = Running(tmp_path / "var")
    running.start(wait=False)
    try:
        until(lambda: running.pid("valkey"), seconds=10, what="Valkey runs")
        running.remember()
        os.kill(running.process.pid, signal.SIGTERM)
        running.process.wait(END_S)
        assert running.left() == []
        assert not re.search("Traceback", running.console)
    finally:
        running.__exit__(None, None, None)
