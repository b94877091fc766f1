"""The engines that the docker command of this user would reach."""

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.discover import candidates
from engine.types import Connection


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".docker").mkdir()
    return tmp_path


@pytest.fixture
def default_socket(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        yield path


def find(home: Path, default_socket: Path | None = None, **environ: str) -> list[Connection]:
    nowhere = home / "nowhere.sock"
    found = candidates({"HOME": str(home), **environ}, default_socket=default_socket or nowhere)
    ours = ("/run/user/", "/var/run/")  # what this very machine may have
    return [each for each in found if not each.url.removeprefix("unix://").startswith(ours)]


def use_context(home: Path, name: str, host: str, *, tls: bool = False) -> None:
    (home / ".docker/config.json").write_text(json.dumps({"currentContext": name}))
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = home / ".docker/contexts/meta" / digest
    meta.mkdir(parents=True)
    content = {"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (meta / "meta.json").write_text(json.dumps(content))
    if tls:
        write_certificates(home / ".docker/contexts/tls" / digest / "docker")


def write_certificates(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ca", "cert", "key"):
        (folder / f"{name}.pem").write_text(f"{name} text")


def test_nothing_is_there(home: Path) -> None:
    assert find(home) == []


def test_docker_host_comes_first(home: Path, default_socket: Path) -> None:
    found = find(home, default_socket, DOCKER_HOST="unix:///other.sock")
    assert [each.url for each in found] == ["unix:///other.sock", f"unix://{default_socket}"]


def test_an_engine_is_named_once(home: Path, default_socket: Path) -> None:
    url = f"unix://{default_socket}"
    assert find(home, default_socket, DOCKER_HOST=url) == [Connection(url)]


def test_docker_host_with_certificates(home: Path) -> None:
    write_certificates(home / "certs")
    (found,) = find(
        home,
        DOCKER_HOST="tcp://h:2376",
        DOCKER_TLS_VERIFY="1",
        DOCKER_CERT_PATH=str(home / "certs"),
    )
    assert found == Connection("tcp://h:2376", "ca text", "cert text", "key text")


def test_docker_host_without_tls_takes_no_certificates(home: Path) -> None:
    write_certificates(home / ".docker")
    assert find(home, DOCKER_HOST="tcp://h:2375") == [Connection("tcp://h:2375")]


def test_the_current_context(home: Path) -> None:
    use_context(home, "prod", "tcp://prod:2376", tls=True)
    assert find(home) == [Connection("tcp://prod:2376", "ca text", "cert text", "key text")]


def test_the_context_that_the_environment_names(home: Path) -> None:
    use_context(home, "prod", "unix:///prod.sock")
    (home / ".docker/config.json").unlink()
    assert find(home) == []
    assert find(home, DOCKER_CONTEXT="prod") == [Connection("unix:///prod.sock")]


def test_the_rootless_socket(home: Path, default_socket: Path) -> None:
    found = find(home, home / "nowhere.sock", XDG_RUNTIME_DIR=str(default_socket.parent))
    assert found == [Connection(f"unix://{default_socket}")]


@pytest.mark.parametrize("url", ["ssh://user@host", "npipe:////./pipe/docker", "fd://"])
def test_what_we_cannot_reach_is_left_out(home: Path, url: str) -> None:
    assert find(home, DOCKER_HOST=url) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"currentContext": 7}', '{"currentContext": "x"}']
)
def test_a_broken_configuration_is_no_error(home: Path, text: str) -> None:
    (home / ".docker/config.json").write_text(text)
    assert find(home) == []
