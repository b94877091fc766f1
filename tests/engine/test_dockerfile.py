"""Our reader of Dockerfiles agrees with the engine's classic builder."""

import io
from pathlib import Path
from urllib.parse import urlencode

import pytest

from images_app.building.context import pack, tar_of
from tests.dockerfiles import GOOD, REFUSED
from tests.lab.dockerd import Dockerd
from tests.lab.http import EngineAnswer

CONTEXT = [("a.txt", b"a"), ("b.txt", b"b"), ("dir/c.txt", b"c")]
BUILDS = {
    "version": "1", "networkmode": "none", "rm": "1", "forcerm": "1", "t": "lab/dockerfile",
    "labels": '{"lab": "dockerfile"}',
}  # fmt: skip
TREE = (
    "a.log", "a.txt", "keep.log", "dir/a.log", "dir/b.txt", "dir/deep/c.tmp", "dir/deep/d.txt",
    "node_modules/x/y.js", "web/node_modules/z.js", "web/index.js", "only/this/one", "only/not",
)  # fmt: skip
IGNORED = b"# ours\n*.log\n!keep.log\n**/*.tmp\n/dir/deep/\n**/node_modules\nonly/*\n!only/this\n"
ALL = b"FROM lab/busybox\nCOPY . /context\n"


def words(docker: Dockerd, dockerfile: str) -> str:
    """What the classic builder says of it."""
    context = tar_of([*CONTEXT, ("Dockerfile", dockerfile.encode())])
    try:
        return str(docker.api("POST", f"/build?{urlencode(BUILDS)}", context))
    except EngineAnswer as error:
        return f"error: {error}"


@pytest.mark.engine
def test_what_we_refuse_the_classic_builder_refuses_too(docker: Dockerd) -> None:
    built = [text for text in REFUSED if "error" not in words(docker, text)]
    assert built == []


@pytest.mark.engine
def test_what_we_accept_the_classic_builder_builds(docker: Dockerd) -> None:
    said = {text: words(docker, text) for text in GOOD}
    docker.cli("rmi", "lab/dockerfile")
    docker.cli("image", "prune", "--force", "--filter", "label=lab=dockerfile")
    assert {text: each for text, each in said.items() if "Successfully built" not in each} == {}


@pytest.mark.engine
def test_dockerignore_leaves_out_what_docker_build_leaves_out(
    docker: Dockerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The docker command reads .dockerignore itself: both must send the same files."""
    files = [(path, b"x") for path in TREE] + [(".dockerignore", IGNORED), ("Dockerfile", ALL)]
    for path, raw in files:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(raw)
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    docker.cli("build", "--tag", "lab/theirs", str(tmp_path))
    ours = io.BytesIO()
    pack(io.BytesIO(tar_of(files)), ours)
    docker.api("POST", "/build?version=1&t=lab/ours", ours.getvalue())
    assert listing(docker, "lab/ours") == listing(docker, "lab/theirs")
    docker.cli("rmi", "lab/ours", "lab/theirs")


def listing(docker: Dockerd, image: str) -> list[str]:
    container_id = docker.run("listing", ["find", "/context"], image=image)
    docker.wait(container_id)
    said = docker.cli("logs", container_id)
    docker.cli("rm", container_id)
    return sorted(said.split())
