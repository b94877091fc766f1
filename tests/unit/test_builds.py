"""An operator has an image built: everything is checked before, nothing secret stays after."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, User
from core.errors import Conflict, Forbidden, Invalid
from hosts_app.models import Host
from images_app.building import builds
from images_app.building import spool as build_spool
from images_app.building import tasks as build_tasks
from images_app.building.builds import Wanted
from images_app.building.context import tar_of
from images_app.building.dockerfile import check
from images_app.building.source import checked_remote
from images_app.building.steps import Progress
from images_app.models import Build
from jobs_app import services as jobs
from jobs_app import streaming, upkeep
from jobs_app.models import Job, JobLine
from registries_app.models import Registry
from tests.fakes.engine import FakeEngine
from tests.fakes.hostile_registry import Reply, hostile
from tests.unit.script import Script, is_problem

pytestmark = pytest.mark.django_db(transaction=True)
DOCKERFILE = "FROM lab/busybox\nARG TOKEN\nRUN echo hi\n"
SECRET = "hunter2-canary"


@pytest.fixture(autouse=True)
def _no_leftovers() -> None:
    """Jobs of other tests of this process that never ran left their contexts."""
    for left in build_spool.folder().glob("*.tar"):
        left.unlink()


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def place(fake: FakeEngine, host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(streaming, "LOOK_S", 0.02)
    host.url = fake.url
    host.save()
    return host


def asked(actor: User, context: bytes | None = None, **said: Any) -> Job:
    wanted = Wanted(**({"dockerfile": DOCKERFILE, "tags": ["lab/app"]} | said))
    return builds.build(actor, "lab", wanted, io.BytesIO(context) if context else None)


def run(job: Job) -> Job:
    build_tasks.build_image(job.pk)
    job.refresh_from_db()
    return job


def everything_stored() -> str:
    rows = [list(model.objects.values()) for model in (Job, JobLine, AuditEntry, Build)]
    return json.dumps(rows, default=str)


def test_it_is_built_tagged_and_told_step_by_step(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    job = run(asked(operator, target="", labels={"team": "sea"}, no_cache=True, network="none"))
    assert job.state == "succeeded", job.error
    (request,) = fake.asked("POST /build")
    assert (request.query["t"], request.query["nocache"]) == ("lab/app:latest", "1")
    assert (request.query["networkmode"], request.query["version"]) == ("none", "1")
    assert json.loads(request.query["labels"]) == {"team": "sea"}
    assert job.result
    assert job.detail
    assert job.result["tags"] == ["lab/app:latest"]
    assert job.result["id"] == job.target
    steps = job.detail["steps"]
    assert [(step["n"], step["text"], step["state"]) for step in steps] == [
        (1, "FROM lab/busybox", "succeeded"),
        (2, "RUN echo hi", "succeeded"),
    ]
    assert "hi" in JobLine.objects.filter(job=job).values_list("text", flat=True)
    assert not list(build_spool.folder().glob("*.tar"))


def test_values_of_arguments_are_nowhere_after_the_build_nor_in_its_log(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    fake.transfers.messages = [
        {"stream": "Step 1/1 : RUN echo $TOKEN\n"},
        {"stream": f"{SECRET[:5]}"},
        {"stream": f"{SECRET[5:]}\n"},
        {"error": f"the command echo {SECRET} failed", "errorDetail": {"code": 1}},
    ]
    job = asked(operator, build_args={"TOKEN": SECRET})
    assert job.params["build_args"] == ["TOKEN"]
    assert job.sealed
    run(job)
    assert json.loads(fake.asked("POST /build")[0].query["buildargs"]) == {"TOKEN": SECRET}
    assert (job.state, job.sealed) == ("failed", "")
    assert job.error == "the command echo ••• failed"
    assert job.detail
    assert job.detail["steps"][0]["state"] == "failed"
    assert SECRET not in everything_stored()


def test_a_context_is_packed_anew_and_gone_at_the_end(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    context = tar_of([("Dockerfile", b"FROM scratch\nCOPY a /\n"), ("a", b"x" * 100_000)])
    job = asked(operator, context, dockerfile="")
    (path,) = build_spool.folder().glob("*.tar")
    assert path.stat().st_mode & 0o777 == 0o600
    size = path.stat().st_size
    assert job.params["context"] == {"files": 2, "bytes": 100_022}
    run(job)
    assert fake.transfers.received == size
    assert not path.exists()


def test_a_path_names_another_dockerfile_of_the_context(place: Host, operator: User) -> None:
    context = tar_of([("docker/web", b"FROM scratch\nCOPY a /\n"), ("a", b"x")])
    job = asked(operator, context, dockerfile="docker/web")
    assert job.params["dockerfile_path"] == "docker/web"
    assert Build.objects.get(job=job).dockerfile.startswith("FROM scratch")


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"dockerfile": "FROM a b\nRNU x\n"}, ["dockerfile", "dockerfile"]),
        ({"dockerfile": "FROM scratch\nCOPY nope /\n"}, ["dockerfile"]),
        ({"dockerfile": ""}, ["dockerfile"]),
        ({"dockerfile": "../x"}, ["dockerfile"]),
        ({"target": "gone"}, ["target"]),
        ({"tags": ["A B", "fine"]}, ["tags"]),
        ({"build_args": {"1x": ""}, "labels": {"quarterdeck.job": ""}}, ["build_args", "labels"]),
        ({"network": "container:web"}, ["network"]),
    ],
)
def test_what_is_wrong_is_told_by_field_and_nothing_is_kept(
    place: Host, operator: User, said: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        asked(operator, **said)
    assert [each.field for each in refused.value.errors] == fields
    assert not Job.objects.exists()
    assert not list(build_spool.folder().glob("*.tar"))


@pytest.mark.parametrize("said", [{"remote": "https://git.example/x.git"}, {"network": "host"}])
def test_git_and_the_hosts_network_are_for_its_administrators(
    fake: FakeEngine, place: Host, operator: User, host_admin: User, said: dict[str, Any]
) -> None:
    wish: dict[str, Any] = {"dockerfile": "" if "remote" in said else DOCKERFILE, **said}
    with pytest.raises(Forbidden):
        asked(operator, **wish)
    assert not fake.asked("POST /build")
    assert run(asked(host_admin, **wish)).state == "succeeded"


@pytest.mark.parametrize(
    "remote",
    [
        "https://git.example/team/app.git",
        "http://192.168.1.5:3000/app.git#main:docker/web",
        "git@git.example:team/app.git#v1.2",
    ],
)
def test_git_addresses(remote: str) -> None:
    assert checked_remote(remote) == remote


@pytest.mark.parametrize(
    "remote",
    [
        "file:///etc/app.git", "ssh://git@x/app.git", "ext::sh -c x", "--upload-pack=x",
        "https://user:pass@git.example/app.git", "https://git.example/app", "https:///app.git",
        "http://169.254.169.254/app.git", "https://git.example/app.git#a/../b",
        "https://git.example/app.git?x=1", "git@-oProxyCommand=x:y", "https://x/a b.git",
    ],
)  # fmt: skip
def test_what_is_no_git_address_is_refused(remote: str) -> None:
    with pytest.raises(Invalid):
        checked_remote(remote)


def test_a_build_is_never_repeated_when_its_worker_died(place: Host, operator: User) -> None:
    job = asked(operator, build_args={"TOKEN": SECRET})
    Job.objects.filter(pk=job.pk).update(
        state="running", owner="dead", attempt=1, lease=now() - timedelta(seconds=1)
    )
    upkeep.take_from_the_dead()
    build_spool.sweep()
    job.refresh_from_db()
    assert (job.state, job.sealed) == ("interrupted", "")
    assert not list(build_spool.folder().glob("*.tar"))
    with pytest.raises(Conflict):
        jobs.retry(operator, job.pk)


def test_a_cancelled_build_leaves_nothing(place: Host, operator: User) -> None:
    job = asked(operator, build_args={"TOKEN": SECRET})
    jobs.cancel(operator, job.pk)
    build_spool.sweep()
    job.refresh_from_db()
    assert (job.state, job.sealed) == ("cancelled", "")
    assert not list(build_spool.folder().glob("*.tar"))


def test_the_log_is_cut_at_its_limit_and_steps_that_only_look_so_are_lines() -> None:
    progress = Progress()
    lines = progress.read({"stream": "Step 1/2 : FROM a\nStep 9/9 : x\nStep 2/2 : RUN b\n"}, 1)
    lines += progress.read({"stream": " ---> Using cache\nrest"}, 2)
    assert (len(lines), progress.total) == (4, 2)
    assert [(step.n, step.cached) for step in progress.steps] == [(1, False), (2, True)]
    assert progress.end(3, failed=False) == ["rest"]


# -- Over the API ----------------------------------------------------------------------------


def multipart(script: Script, **parts: Any) -> Any:
    return script.client.post("/api/v1/hosts/lab/images/build", parts, headers=script.headers)


def test_the_api_takes_json(fake: FakeEngine, place: Host, operator: User) -> None:
    body = {"dockerfile": DOCKERFILE, "tags": ["lab/app:1"], "build_args": {"TOKEN": SECRET}}
    answer = Script(operator, "operate").post("hosts/lab/images/build", body)
    assert (answer.status, answer.body["kind"]) == (202, "image.build")
    assert SECRET not in answer.content.decode()


def test_the_api_takes_a_context_beside_its_options(place: Host, operator: User) -> None:
    context = tar_of([("Dockerfile", b"FROM scratch\nCOPY a /\n"), ("a", b"x")])
    answer = multipart(
        Script(operator, "operate"),
        options=json.dumps({"tags": ["lab/app:2"]}),
        context=SimpleUploadedFile("context.tar", context),
    )
    assert answer.status_code == 202
    assert Job.objects.get().params["context"]["files"] == 2


def test_the_api_refuses_what_it_does_not_know(place: Host, operator: User, viewer: User) -> None:
    script = Script(operator, "operate")
    is_problem(script.post("hosts/lab/images/build", {"squash": True}), 422, "invalid")
    is_problem(script.post("hosts/lab/images/build", {"tags": "x"}), 422, "invalid")
    assert multipart(script, options="{", context="x").status_code in {400, 422}
    assert multipart(script, options="{}", more="x").status_code == 422
    is_problem(Script(viewer, "operate").post("hosts/lab/images/build", {}), 403, "forbidden")


def test_a_repeat_under_the_same_key_is_the_same_job(place: Host, operator: User) -> None:
    script = Script(operator, "operate")
    said = {"dockerfile": DOCKERFILE}
    answers = [
        script.post("hosts/lab/images/build", said, Idempotency_Key="once") for _n in range(2)
    ]
    assert answers[0].body["id"] == answers[1].body["id"]
    assert len(list(build_spool.folder().glob("*.tar"))) == 1
    build_spool.forget(Build.objects.get())


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    for path in build_spool.folder().glob("*.tar"):
        path.unlink()


def test_nobody_signed_out_may_upload(client: Client, place: Host) -> None:
    assert client.post("/api/v1/hosts/lab/images/build", {}).status_code in {401, 403}


def test_no_sign_in_goes_along_where_a_bases_registry_would_send_it_elsewhere(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:9/token"'}
    with hostile(lambda _asked, _fake: Reply(401, headers=challenge)) as registry:
        domain = registry.url.removeprefix("http://")
        Registry.objects.create(
            slug="x", name="x", url=registry.url, domain=domain, username="ann"
        )
        job = run(asked(operator, dockerfile=f"FROM {domain}/base:1\n"))
    assert job.state == "failed"
    assert "127.0.0.1:9" in job.error
    assert not fake.asked("POST /build")


def test_which_images_a_build_may_pull() -> None:
    text = (
        "ARG A=reg.example:5000/a\nFROM ${A}:1 AS one\nFROM one\nCOPY --from=b.example/b /x /\n"
        "COPY --from=one /x /\nCOPY --from=0 /x /\nFROM scratch\nFROM c.example/c\n"
    )
    assert check(text).images == ["reg.example:5000/a:1", "b.example/b", "c.example/c"]
    assert check(text, target="1").images == ["reg.example:5000/a:1", "b.example/b"]
    assert check(text, build_args={"A": "d"}).images[0] == "d:1"


def test_a_build_whose_connection_breaks_is_interrupted_and_not_done_again(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    fake.break_off("POST /build")
    job = run(asked(operator))
    assert job.state == "interrupted"
    assert len(fake.asked("POST /build")) == 1
