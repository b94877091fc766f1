"""An operator runs a container of an image that the host has."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts_app.models import AuditEntry, User
from containers_app import services, tasks
from core.errors import Forbidden, Invalid
from core.sealed import unseal
from hosts_app.models import Host
from jobs_app import services as jobs
from jobs_app.models import Job, JobLine
from tests import make
from tests.fakes.engine import FakeEngine

IMAGE = "lab/busybox:latest"
SECRET = "hunter2-canary"


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        engine.add_image(IMAGE)
        yield engine


@pytest.fixture
def place(fake: FakeEngine, host: Host) -> Host:
    host.url = fake.url
    host.save()
    make.image(host, IMAGE)
    return host


def run(actor: User, **said: Any) -> Job:
    return services.run(actor, "lab", {"image": IMAGE, **said})


def post(client: Client, **fields: str) -> HttpResponse:
    empty = {
        f"{prefix}-{name}_FORMS": "0"
        for prefix in ("env", "ports", "mounts")
        for name in ("TOTAL", "INITIAL")
    }
    form = {"host": "lab", "image": IMAGE, "do": "start", **empty, **fields}
    return client.post("/containers/new/", form)  # type: ignore[return-value]


def wrong_fields(error: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [each.field for each in error.value.errors]


def test_it_is_created_and_started_once(fake: FakeEngine, place: Host, operator: User) -> None:
    job = run(operator, name="web", command=["sleep", "9"], labels={"team": "sea"})
    tasks.run_container(job.pk)
    tasks.run_container(job.pk)  # delivered twice
    (made,) = fake.daemon.containers.values()
    assert (made.name, made.state, made.config["Cmd"]) == ("web", "running", ["sleep", "9"])
    assert made.labels == {"team": "sea", "quarterdeck.job": str(job.key)}
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"id": made.id})


def test_it_can_be_created_only(fake: FakeEngine, place: Host, operator: User) -> None:
    tasks.run_container(run(operator, start=False).pk)
    (made,) = fake.daemon.containers.values()
    assert made.state == "created"


def test_a_worker_that_died_after_creating_makes_no_second_one(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    job = run(operator, name="web")
    labels = {"quarterdeck.job": str(job.key)}
    first = fake.add_container("web", image=IMAGE, state="created", labels=labels)
    tasks.run_container(job.pk)
    assert list(fake.daemon.containers) == [first]
    assert fake.daemon.containers[first].state == "running"
    assert not fake.asked("POST /containers/create")


def test_an_answer_that_was_lost_is_looked_up_by_label(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    fake.break_off("POST /containers/create", after=3)
    job = run(operator, name="web")
    tasks.run_container(job.pk)
    assert len(fake.asked("POST /containers/create")) == 1
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    assert [each.state for each in fake.daemon.containers.values()] == ["running"]


def test_the_environment_is_nowhere_but_sealed_and_in_the_container(
    fake: FakeEngine, place: Host, operator: User
) -> None:
    job = run(operator, environment={"TOKEN": SECRET}, command=["app", f"--pass={SECRET}"])
    rows = json.dumps([job.params, *AuditEntry.objects.values_list("params", flat=True)])
    assert SECRET not in rows + job.sealed
    assert "TOKEN" in unseal(job, "sealed")
    tasks.run_container(job.pk)
    (made,) = fake.daemon.containers.values()
    assert made.config["Env"] == [f"TOKEN={SECRET}"]
    told = " ".join(JobLine.objects.values_list("text", flat=True))
    assert SECRET not in told + json.dumps(list(AuditEntry.objects.values("params")))


def test_a_retry_keeps_the_environment(fake: FakeEngine, place: Host, operator: User) -> None:
    fake.fail("POST /containers/create", 500, "no space left on device", times=1)
    first = run(operator, environment={"TOKEN": SECRET})
    tasks.run_container(first.pk)
    first.refresh_from_db()
    assert (first.state, first.error) == ("failed", "no space left on device")
    again = jobs.retry(operator, first.pk)
    assert again.sealed != first.sealed  # bound to its own row
    tasks.run_container(again.pk)
    (made,) = fake.daemon.containers.values()
    assert made.config["Env"] == [f"TOKEN={SECRET}"]


@pytest.mark.parametrize("image", [IMAGE, "lab/busybox", "docker.io/lab/busybox:latest"])
def test_the_image_may_be_spelt_as_docker_allows(place: Host, operator: User, image: str) -> None:
    assert services.run(operator, "lab", {"image": image}).state == "queued"


def test_an_image_that_the_host_lacks_is_said_at_its_field(place: Host, operator: User) -> None:
    with pytest.raises(Invalid) as error:
        services.run(operator, "lab", {"image": "nginx"})
    assert wrong_fields(error) == ["image"]
    assert "nginx:latest" in error.value.message
    assert "Pull it on the host first." in error.value.message


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": "-web"}, "name"),
        ({"image": "UPPER/x:"}, "image"),
        ({"command": "sleep 1"}, "command"),
        ({"command": ["a\0b"]}, "command.0"),
        ({"environment": {"A=B": "1"}}, "environment.A=B"),
        ({"environment": {"A": 1}}, "environment.A"),
        ({"ports": [{"container": 0}]}, "ports.0.container"),
        ({"ports": [{"container": 65536}]}, "ports.0.container"),
        ({"ports": [{"container": "80"}]}, "ports.0.container"),
        ({"ports": [{"container": 80, "protocol": "icmp"}]}, "ports.0.protocol"),
        ({"ports": [{"container": 80, "host": 80, "address": "nohost"}]}, "ports.0.address"),
        ({"ports": [{"container": 80, "IP": ""}]}, "ports.0.IP"),
        ({"mounts": [{"type": "volume", "target": "data"}]}, "mounts.0.target"),
        ({"mounts": [{"type": "volume", "target": "/"}]}, "mounts.0.target"),
        ({"mounts": [{"type": "bind", "source": "x", "target": "/x"}]}, "mounts.0.source"),
        ({"mounts": [{"type": "npipe", "source": "x", "target": "/x"}]}, "mounts.0.type"),
        ({"mounts": [{"type": "volume", "source": "../x", "target": "/x"}]}, "mounts.0.source"),
        ({"restart": "sometimes"}, "restart"),
        ({"network": "a b"}, "network"),
        ({"labels": {"quarterdeck.job": "x"}}, "labels.quarterdeck.job"),
        ({"start": "yes"}, "start"),
    ],
)
def test_what_is_wrong_in_itself_is_refused_at_its_field(
    place: Host, operator: User, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as error:
        services.run(operator, "lab", {"image": IMAGE} | said)
    assert wrong_fields(error)[0] == field
    assert not Job.objects.exists()


def test_ports_that_the_host_publishes_are_a_conflict(place: Host, operator: User) -> None:
    taken = {"container": 80, "host": 8080, "protocol": "tcp", "address": "::"}
    make.container(place, "old", ports=[taken])
    with pytest.raises(Invalid) as error:
        run(operator, ports=[{"container": 90, "host": 8080, "address": "127.0.0.1"}])
    assert wrong_fields(error) == ["ports.0.host"]
    assert "old publishes 8080/tcp" in error.value.message
    run(operator, ports=[{"container": 90, "host": 8080, "protocol": "udp"}])  # another protocol


def test_the_same_port_on_another_address_is_none(place: Host, operator: User) -> None:
    taken = {"container": 80, "host": 8080, "protocol": "tcp", "address": "10.0.0.1"}
    make.container(place, "old", ports=[taken])
    run(operator, ports=[{"container": 90, "host": 8080, "address": "10.0.0.2"}])
    with pytest.raises(Invalid):
        run(operator, ports=[{"container": 90, "host": 8080, "address": "10.0.0.1"}])
    with pytest.raises(Invalid):
        run(operator, ports=[{"container": 1, "host": 9}, {"container": 2, "host": 9}])


def test_a_name_that_is_taken_is_said_at_once(place: Host, operator: User) -> None:
    make.container(place, "web")
    with pytest.raises(Invalid) as error:
        run(operator, name="web")
    assert wrong_fields(error) == ["name"]


def test_all_that_cannot_be_had_is_said_at_once(place: Host, operator: User) -> None:
    make.container(place, "web")
    with pytest.raises(Invalid) as error:
        services.run(operator, "lab", {"image": "nginx", "name": "web"})
    assert wrong_fields(error) == ["image", "name"]


def test_a_repeat_with_the_same_key_is_the_same_job(place: Host, operator: User) -> None:
    first, second = (
        services.run(operator, "lab", {"image": IMAGE}, idempotency_key="k") for _ in range(2)
    )
    assert first.pk == second.pk


def test_a_viewer_may_not(place: Host, viewer: User) -> None:
    with pytest.raises(Forbidden):
        run(viewer)


# -- The page ----------------------------------------------------------------------------


def test_the_form_says_what_the_service_takes(
    fake: FakeEngine, place: Host, operator: User, client: Client
) -> None:
    make.session(client, operator)
    answer = post(
        client,
        **{
            "name": "web",
            "command": "sh -c 'echo \"a b\"; sleep 9'",
            "env-TOTAL_FORMS": "2",
            "env-0-name": "A",
            "env-0-value": " spaces stay ",
            "env-1-name": "",
            "variables": 'B="two words"\n# no\nexport C=3',
            "ports-TOTAL_FORMS": "2",
            "ports-0-container": "",
            "ports-0-protocol": "tcp",
            "ports-1-container": "80",
            "ports-1-host": "8080",
            "ports-1-protocol": "udp",
            "mounts-TOTAL_FORMS": "1",
            "mounts-0-type": "volume",
            "mounts-0-source": "data",
            "mounts-0-target": "/data",
            "mounts-0-read_only": "on",
            "labels": "team=sea",
            "restart": "on-failure",
            "retries": "3",
        },
    )
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    tasks.run_container(job.pk)
    (made,) = fake.daemon.containers.values()
    assert made.config["Cmd"] == ["sh", "-c", 'echo "a b"; sleep 9']
    assert made.config["Env"] == ["A= spaces stay ", "B=two words", "C=3"]
    assert made.host_config["PortBindings"] == {"80/udp": [{"HostIp": "", "HostPort": "8080"}]}
    assert made.host_config["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    mount = {"Type": "volume", "Source": "data", "Target": "/data", "ReadOnly": True}
    assert made.host_config["Mounts"] == [mount]


def test_errors_stand_where_they_were_typed_and_nothing_typed_is_lost(
    place: Host, operator: User, client: Client
) -> None:
    make.session(client, operator)
    answer = post(
        client,
        **{
            "name": "web",
            "ports-TOTAL_FORMS": "2",
            "ports-0-protocol": "tcp",
            "ports-1-container": "80",
            "ports-1-address": "nowhere",
            "variables": "KEEP=me",
        },
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_ports-1-address_error"' in page
    assert 'id="id_ports-0-address_error"' not in page
    assert "KEEP=me" in page
    assert not Job.objects.exists()


def test_a_quote_that_does_not_end_is_said(place: Host, operator: User, client: Client) -> None:
    make.session(client, operator)
    assert post(client, command="echo 'x").status_code == 422
    answer = client.post("/containers/new/arguments/", {"command": "a 'b c' \"\""})
    assert answer.content.decode().count("<li>") == 3


def test_the_host_and_image_of_the_address_are_filled_in(
    place: Host, operator: User, client: Client
) -> None:
    make.session(client, operator)
    page = client.get(f"/containers/new/?host=lab&image={IMAGE}").content.decode()
    assert f'value="{IMAGE}"' in page
    assert f'<option value="{IMAGE}">' in page
