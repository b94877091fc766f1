"""Where a build takes things from: bases behind a sign-in, and git repositories."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from accounts_app.models import Role, User
from core.errors import Forbidden
from core.sealed import seal
from hosts_app.models import Host
from images_app.building import builds
from images_app.building import tasks as build_tasks
from images_app.building.builds import Wanted
from images_app.models import Build
from jobs_app.models import Job, JobLine
from registries_app.models import Registry
from tests import make
from tests.lab.dockerd import IMAGE, Dockerd, needed
from tests.lab.fixtures import MEMBER
from tests.lab.registry import Registry as LabRegistry

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": os.devnull,
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@a", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@a", "PATH": os.environ["PATH"],
}  # fmt: skip


@pytest.fixture
def place(docker: Dockerd) -> Iterator[Host]:
    yield make.host(url=docker.url)
    docker.cli("image", "prune", "--force", "--filter", "label=lab=sources")


@pytest.fixture
def builder(place: Host) -> User:
    return make.user("builder", on=place, role=Role.OPERATOR)


@pytest.fixture
def base(docker: Dockerd, guarded_registry: LabRegistry) -> Iterator[str]:
    """The name of a base that only a member of its registry may pull, and the engine lacks."""
    name = f"{guarded_registry.address}/team/base:1"
    docker.cli("tag", IMAGE, name)
    docker.cli("login", "-u", MEMBER[0], "-p", MEMBER[1], guarded_registry.address)
    docker.cli("push", name)
    docker.cli("rmi", name)
    docker.cli("logout", guarded_registry.address)
    yield name
    for each in docker.api("GET", "/images/json"):
        if name in (each["RepoTags"] or ()):
            docker.cli("rmi", name)


def known(address: str) -> Registry:
    """Its record, with the member's sign-in."""
    registry = Registry(
        slug=address.replace(":", "-").replace(".", "-"),
        name=address,
        url=f"http://{address}",
        domain=address,
        username=MEMBER[0],
    )
    registry.save()
    registry.password_sealed = seal(registry, "password_sealed", MEMBER[1])
    registry.save()
    return registry


def built(actor: User, **said: object) -> Job:
    labels = {"lab": "sources"}
    job = builds.build(actor, "lab", Wanted(labels=labels, network="none", **said))  # type: ignore[arg-type]
    build_tasks.build_image(job.pk)
    job.refresh_from_db()
    return job


def test_a_base_behind_a_sign_in_is_pulled_with_what_is_stored(
    builder: User, base: str, guarded_registry: LabRegistry
) -> None:
    dockerfile = "ARG BASE\nFROM $BASE AS first\nFROM first\nRUN echo built\n"
    refused = built(builder, dockerfile=dockerfile, build_args={"BASE": base})
    assert refused.state == "failed"
    assert "no basic auth credentials" in refused.error
    known(guarded_registry.address)
    job = built(builder, dockerfile=dockerfile, build_args={"BASE": base})
    assert (job.state, job.error) == ("succeeded", "")
    kept = [*JobLine.objects.values_list("text", flat=True), *Build.objects.values_list()]
    assert MEMBER[1] not in str([kept, *Job.objects.values()])


def test_copy_from_an_image_behind_a_sign_in(
    builder: User, base: str, guarded_registry: LabRegistry
) -> None:
    known(guarded_registry.address)
    text = f"FROM {IMAGE}\nCOPY --from={base} /bin/busybox /copied\n"
    job = built(builder, dockerfile=text)
    assert (job.state, job.error) == ("succeeded", "")


def test_what_is_stored_for_one_registry_goes_to_no_other(
    builder: User, base: str, lab_registry: LabRegistry
) -> None:
    """The same machine at another port is another registry."""
    known(lab_registry.address)
    job = built(builder, dockerfile=f"FROM {base}\n")
    assert "no basic auth credentials" in job.error


def test_an_administrator_has_the_engine_clone_and_build(
    docker: Dockerd, place: Host, builder: User, tmp_path: Path
) -> None:
    files = {
        "app/Dockerfile": f"FROM {IMAGE}\nCOPY note /note\nRUN cat /note\n",
        "app/note": "from the repository\n",
    }
    with served(tmp_path, files) as address:
        remote = f"{address}#main:app"
        with pytest.raises(Forbidden):
            builds.build(builder, "lab", Wanted(remote=remote))
        admin = make.user("admin", on=place, role=Role.ADMINISTRATOR)
        job = built(admin, remote=remote, tags=["lab/cloned:1"])
        assert (job.state, job.error) == ("succeeded", "")
        assert "from the repository" in JobLine.objects.values_list("text", flat=True)
        assert docker.api("GET", "/images/lab/cloned:1/json")["Id"] == job.target
        docker.cli("rmi", "lab/cloned:1")
        gone = built(admin, remote=f"{address}#nowhere")
    assert gone.state == "failed"
    assert "nowhere" in gone.error


@contextmanager
def served(folder: Path, files: dict[str, str]) -> Iterator[str]:
    """The http address of a git repository with these files on its branch main."""
    tree = folder / "tree"
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    bare = folder / "www" / "app.git"
    bare.parent.mkdir()
    for command in (
        ("init", "--quiet", "--initial-branch=main", str(tree)),
        ("-C", str(tree), "add", "."),
        ("-C", str(tree), "commit", "--quiet", "--message=first"),
        ("clone", "--quiet", "--bare", str(tree), str(bare)),
        ("-C", str(bare), "update-server-info"),
    ):
        subprocess.run([needed("git", "git"), *command], env=GIT, check=True, capture_output=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Nobody reads it."""

    handler = partial(Quiet, directory=str(bare.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/app.git"
        finally:
            server.shutdown()
            thread.join()
