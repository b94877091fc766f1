"""An image made of a container: what is asked for, what is refused, and what nobody keeps."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, User
from containers_app import own
from containers_app.commit import ALLOWED, checked
from containers_app.models import Container
from core.errors import Invalid
from hosts_app.models import Host
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, fields, is_problem

SECRET = "hunter2-canary"
SENSIBLE = {
    "CMD": '["nginx", "-g", "daemon off;"]',
    "ENTRYPOINT": "/start.sh",
    "ENV": "A=b",
    "EXPOSE": "80/tcp",
    "HEALTHCHECK": "--interval=5s CMD true",
    "LABEL": "a=b",
    "ONBUILD": "RUN true",
    "STOPSIGNAL": "SIGQUIT",
    "USER": "1000",
    "VOLUME": "/data",
    "WORKDIR": "/srv",
}


# -- What may be said ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALLOWED)
def test_each_instruction_that_commit_takes_is_taken(name: str) -> None:
    line = f"{name} {SENSIBLE[name]}"
    assert checked({"reference": "web", "changes": [line]})["changes"] == [line]


def test_what_is_left_out_has_a_sensible_value() -> None:
    assert checked({"reference": " shop/web "}) == {
        "reference": "shop/web:latest",
        "message": "",
        "author": "",
        "changes": [],
        "pause": True,
    }


def test_lines_of_one_text_are_instructions() -> None:
    said = "# how it starts\ncmd /start \\\n  now\n\nENV A=b\r\n"
    assert checked({"reference": "web", "changes": said})["changes"] == [
        "CMD /start   now",
        "ENV A=b",
    ]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, {"reference"}),
        ({"reference": "  "}, {"reference"}),
        ({"reference": "shop/UPPER"}, {"reference"}),
        ({"reference": "web@sha256:" + "a" * 64}, {"reference"}),
        ({"reference": "a" * 64}, {"reference"}),
        ({"reference": "web", "message": "x" * 1001}, {"message"}),
        ({"reference": "web", "author": "x" * 1001}, {"author"}),
        ({"reference": "web", "changes": ["RUN rm -rf /"]}, {"changes"}),
        ({"reference": "web", "changes": ["FROM scratch"]}, {"changes"}),
        ({"reference": "web", "changes": ["COPY a b"]}, {"changes"}),
        ({"reference": "web", "changes": ["NONSENSE"]}, {"changes"}),
        ({"reference": "web", "changes": ["ENV"]}, {"changes"}),
        ({"reference": "web", "changes": ["ENV A=b\nRUN true"]}, {"changes"}),
        ({"reference": "web", "changes": ["STOPSIGNAL"]}, {"changes"}),
        ({"reference": "web", "changes": ["ENV A=b"] * 101}, {"changes"}),
        ({"reference": "!", "changes": ["RUN x"]}, {"reference", "changes"}),
    ],
)
def test_what_cannot_be_is_named_at_its_field(said: dict[str, Any], wrong: set[str]) -> None:
    with pytest.raises(Invalid) as refused:
        checked(said)
    assert {each.field for each in refused.value.errors} == wrong


# -- Asking -------------------------------------------------------------------------------------


@pytest.fixture
def fake(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        Host.objects.filter(pk=host.pk).update(url=engine.url)
        host.refresh_from_db()
        yield engine


@pytest.fixture
def web(fake: FakeEngine, host: Host) -> Container:
    docker_id = fake.add_container("web")
    return make.container(host, "web", docker_id=docker_id)


@pytest.fixture
def script(operator: User) -> Script:
    return Script(operator, "operate")


def path(web: Container) -> str:
    return f"hosts/lab/containers/{web.docker_id}/commit"


def worked(job: Job) -> Job:
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def test_a_commit_is_a_job_that_keeps_no_value(script: Script, web: Container) -> None:
    body = {"reference": "shop/web:fixed", "changes": [f"ENV TOKEN={SECRET}"], "message": "why"}
    answer = script.post(path(web), body)
    assert answer.status == 202
    job = Job.objects.get(pk=answer.body["id"])
    assert (job.kind, job.target, job.queue) == ("container.commit", web.docker_id, "transfers")
    assert job.params["changes"] == ["ENV TOKEN=***"]
    assert SECRET not in str(list(AuditEntry.objects.values()))
    assert SECRET not in str(list(Job.objects.values()))


def test_the_engine_is_told_all_of_it_and_the_result_is_the_image(
    script: Script, web: Container, fake: FakeEngine
) -> None:
    body = {"reference": "shop/web:fixed", "message": "why", "author": "ada", "pause": False}
    body["changes"] = [f"ENV TOKEN={SECRET}", "USER 1000"]
    job = worked(Job.objects.get(pk=script.post(path(web), body).body["id"]))
    assert job.state == "succeeded", job.error
    made = fake.daemon.find_image("shop/web:fixed")
    assert job.result == {"id": made.id, "reference": "shop/web:fixed"}
    (asked,) = fake.asked("POST /commit")
    assert asked.query == {
        "container": web.docker_id,
        "repo": "shop/web",
        "tag": "fixed",
        "comment": "why",
        "author": "ada",
        "pause": "0",
        "changes": f"ENV TOKEN={SECRET}\nUSER 1000",
    }


def test_the_engine_s_refusal_is_the_job_s_error(
    script: Script, web: Container, fake: FakeEngine
) -> None:
    fake.fail("POST /commit", 500, "no space left on device")
    body = {"reference": "shop/web:fixed"}
    job = worked(Job.objects.get(pk=script.post(path(web), body).body["id"]))
    assert (job.state, job.error) == ("failed", "no space left on device")


def test_a_second_attempt_finds_what_the_first_has_made(
    script: Script, web: Container, fake: FakeEngine
) -> None:
    body = {"reference": "shop/web:fixed"}
    job = Job.objects.get(pk=script.post(path(web), body).body["id"])
    made = fake.daemon.add_image("shop/web:fixed")  # by a worker that died before it could say so
    Job.objects.filter(pk=job.pk).update(attempt=1)
    job = worked(job)
    assert job.state == "succeeded", job.error
    assert job.result == {"id": made.id, "reference": "shop/web:fixed"}
    assert not fake.asked("POST /commit")


def test_an_older_image_of_that_name_is_not_taken_for_ours(
    script: Script, web: Container, fake: FakeEngine
) -> None:
    old = fake.daemon.add_image("shop/web:fixed")
    old.created_ns = 10**18
    job = Job.objects.get(pk=script.post(path(web), {"reference": "shop/web:fixed"}).body["id"])
    Job.objects.filter(pk=job.pk).update(attempt=1)
    made = worked(job).result
    assert made
    assert made["id"] != old.id


def test_only_the_full_id_names_the_container(script: Script, web: Container) -> None:
    answer = script.post("hosts/lab/containers/web/commit", {"reference": "shop/web:1"})
    assert is_problem(answer, 409, "conflict")
    assert not Job.objects.exists()


def test_each_wrong_field_is_named_and_no_job_written(script: Script, web: Container) -> None:
    answer = script.post(path(web), {"reference": "UPPER", "changes": "RUN x"})
    assert fields(answer) == {"reference", "changes"}
    assert not Job.objects.exists()


def test_a_lock_against_removal_forbids_no_image(script: Script, web: Container) -> None:
    Container.objects.update(locked_at=now())
    assert script.post(path(web), {"reference": "shop/web:1"}).status == 202


def test_our_own_container_is_an_administrator_s(
    script: Script, web: Container, host_admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "own_id", lambda: web.docker_id)
    assert is_problem(script.post(path(web), {"reference": "a:1"}), 403, "forbidden")
    assert Script(host_admin).post(path(web), {"reference": "a:1"}).status == 202


@pytest.mark.parametrize(
    "reaching",
    [
        {"Privileged": True},
        {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]},
        {"PidMode": "host"},
        {"NetworkMode": "host"},
    ],
)
def test_an_image_of_what_reaches_its_host_is_an_administrator_s(
    script: Script,
    web: Container,
    fake: FakeEngine,
    host_admin: User,
    reaching: dict[str, Any],
) -> None:
    fake.daemon.containers[web.docker_id].host_config |= reaching
    asked = script.post(path(web), {"reference": "shop/web:1"})
    job = worked(Job.objects.get(pk=asked.body["id"]))
    assert job.state == "failed"
    assert "Only an administrator of the host may make an image" in job.error
    assert not fake.asked("POST /commit")
    asked = Script(host_admin).post(path(web), {"reference": "shop/web:1"})
    assert worked(Job.objects.get(pk=asked.body["id"])).state == "succeeded"


def test_a_container_of_which_an_image_is_made_can_be_stopped(
    script: Script, web: Container
) -> None:
    script.post(path(web), {"reference": "shop/web:1"})
    assert script.get("hosts/lab/containers/web").body["busy"] is None


# -- The page -----------------------------------------------------------------------------------


def test_the_form_asks_and_leads_to_the_job_with_a_link_to_the_image(
    web: Container, operator: User, client: Client
) -> None:
    make.session(client, operator)
    page = client.get("/h/lab/c/web/commit/").content.decode()
    assert page.count("<h1>") == 1
    assert "Its environment becomes part of the image" in page
    said = {"reference": "shop/web:1", "pause": "on", "key": "k", "container": web.docker_id}
    answer = client.post("/h/lab/c/web/commit/", said)
    job = worked(Job.objects.get())
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert job.params["pause"] is True
    assert job.result
    assert f"/h/lab/i/{job.result['id']}/" in client.get(f"/jobs/{job.pk}/").content.decode()
    client.post("/h/lab/c/web/commit/", said)  # the same press again
    assert Job.objects.count() == 1


def test_the_form_shows_what_is_wrong_at_its_field(
    web: Container, operator: User, client: Client
) -> None:
    make.session(client, operator)
    said = {"reference": "UPPER", "changes": "RUN x", "key": "k", "container": web.docker_id}
    answer = client.post("/h/lab/c/web/commit/", said)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'id="id_reference_error"' in page
    assert 'id="id_changes_error"' in page
    assert "RUN cannot be changed here" in page


def test_a_viewer_has_no_form(web: Container, viewer: User, client: Client) -> None:
    make.session(client, viewer)
    assert client.get("/h/lab/c/web/commit/").status_code == 403
