"""The private engine: when it is started, what it holds, and that it ends without a trace."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from core import paths
from launch import debian, demo, demo_engine, kernel, options, samples
from tests.run.running import HERE, until


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root on Debian, without a terminal."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "missing", lambda _wanted: ["docker.io"])
    monkeypatch.setattr(debian, "hindrance", lambda: "")
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def wanted(**environment: str) -> bool:
    return demo.wanted(options.read(environment))


@pytest.mark.usefixtures("able")
class TestWhereItCouldBeStarted:
    def test_without_a_terminal_it_is_and_says_so(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert wanted()
        assert "starting a private one" in capsys.readouterr().out

    def test_nought_refuses_it(self) -> None:
        assert not wanted(DEMO="0")

    def test_an_engine_that_the_operator_named_is_not_replaced(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert not wanted(DOCKER_HOST="unix:///nowhere.sock")
        assert "unix:///nowhere.sock" in capsys.readouterr().out
        assert wanted(DOCKER_HOST="unix:///nowhere.sock", DEMO="1")

    @pytest.mark.parametrize(("answer", "yes"), [("\n", True), ("n\n", False), ("", False)])
    def test_on_a_terminal_it_asks(
        self, monkeypatch: pytest.MonkeyPatch, answer: str, yes: bool
    ) -> None:
        screen = Terminal()
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        monkeypatch.setattr(sys, "stdout", screen)
        assert wanted() is yes
        assert "installs docker.io" in screen.getvalue()

    def test_only_with_root_s_rights(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        assert not wanted(DEMO="1")
        assert "only root" in capsys.readouterr().out


def test_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    assert debian.missing({str(there): "a", str(tmp_path / "gone"): "b", "sh": "c"}) == ["b"]


class Keeper:
    """`demo_engine.keep` in a process of its own, as the supervisor forks it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.socket = Path(demo_engine.url(data_dir).removeprefix("unix://"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        code = (
            "import sys; from pathlib import Path; from launch import demo_engine\n"
            "demo_engine.keep(Path(sys.argv[1]))"
        )
        self.process = subprocess.Popen([sys.executable, "-c", code, str(self.data_dir)], cwd=HERE)
        assert samples.wait_ready(self.socket)
        return self.process

    def left(self) -> list[tuple[int, str]]:
        return demo_engine._with_argument(paths.short_folder(self.data_dir))


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path)
    yield keeper
    if keeper.process and keeper.process.poll() is None:
        keeper.process.terminate()
        keeper.process.wait(15)


def states(engine: Path) -> dict[str, tuple[str, str]]:
    """Name → (state, status)."""
    listed = samples.ask(engine, "GET", "/containers/json?all=1")
    return {item["Names"][0][1:]: (item["State"], item["Status"]) for item in listed}


def running(engine: Path) -> set[str]:
    return {name for name, (state, _status) in states(engine).items() if state == "running"}


@pytest.mark.engine
def test_its_containers_run_and_come_back_and_its_end_leaves_nothing(keeper: Keeper) -> None:
    engine, demo_folder = keeper.socket, keeper.data_dir / "demo"
    tour = {sample.name for sample in samples.SAMPLES if sample.runs}
    process = keeper.start()
    samples.make(engine, demo_folder)
    until(lambda: running(engine) == tour, seconds=10, what="the samples run")
    assert states(engine)["backup"][1].startswith("Exited (0)")
    assert states(engine)["import-orders"][1].startswith("Exited (3)")
    web = samples.ask(engine, "GET", "/containers/shop-web-1/json")
    assert web["Config"]["Labels"]["com.docker.compose.project"] == "shop"
    port = demo_engine.registry_port(demo_folder)
    with urlopen(f"http://127.0.0.1:{port}/v2/shop/web/tags/list") as answer:
        assert sorted(json.load(answer)["tags"]) == ["1.0", "1.1"]
    samples.make(engine, demo_folder)  # a second time it changes nothing
    assert len(states(engine)) == len(samples.SAMPLES)

    process.terminate()
    assert process.wait(9) == 0
    assert keeper.left() == []
    assert not Path(f"/sys/class/net/qd-{paths.digest(keeper.data_dir)}").exists()

    process = keeper.start()
    until(lambda: running(engine) == tour, seconds=10, what="the samples are back")
    for pid, name in keeper.left():
        if name == "dockerd":
            kernel.send(pid, signal.SIGKILL)
    assert process.wait(15) == 1  # so that the supervisor starts it again
    assert keeper.left() == []
    assert str(keeper.data_dir) not in Path("/proc/self/mounts").read_text()


@pytest.mark.engine
def test_a_killed_keeper_takes_engine_and_containers_with_it(keeper: Keeper) -> None:
    process = keeper.start()
    samples.make(keeper.socket, keeper.data_dir / "demo")
    process.kill()
    process.wait(5)
    until(lambda: not keeper.left(), seconds=10, what="nothing is left")
    process = keeper.start()
    process.terminate()
    assert process.wait(9) == 0
    assert not Path(f"/sys/class/net/qd-{paths.digest(keeper.data_dir)}").exists()
