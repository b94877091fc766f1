"""An administrator reveals variables: with the password, recorded, and named only."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, User, UserSession
from containers_app.models import Container
from hosts_app.models import Host
from tests import make
from tests.fakes.engine import FakeEngine

SECRET = "hunter2-canary"


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def web(fake: FakeEngine, host: Host) -> Container:
    host.url = fake.url
    host.save()
    docker_id = fake.add_container("web")
    fake.daemon.containers[docker_id].config["Env"] = [f"TOKEN={SECRET}", "OTHER=x"]
    return make.container(host, "web", docker_id=docker_id)


def reveal(client: Client, web: Container, *names: str, **more: str) -> HttpResponse:
    path = f"/h/lab/c/{web.docker_id}/reveal/"
    headers = {"accept": "application/json"}
    return client.post(path, {"names": names, **more}, headers=headers)  # type: ignore[return-value]


def test_an_administrator_of_the_host_sees_what_he_asked_for(
    web: Container, host_admin: User, client: Client
) -> None:
    make.session(client, host_admin)
    answer = reveal(client, web, "TOKEN")
    assert json.loads(answer.content) == {"values": {"TOKEN": SECRET}}
    assert answer["Cache-Control"] == "no-store"


def test_the_trail_has_names_and_the_log_has_neither(
    web: Container, host_admin: User, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    make.session(client, host_admin)
    with caplog.at_level(logging.DEBUG):
        reveal(client, web, "TOKEN", "OTHER")
    entry = AuditEntry.objects.get(action="container.reveal")
    assert entry.params == {"names": ["OTHER", "TOKEN"]}
    assert SECRET not in json.dumps(entry.params) + caplog.text


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 403), ("operator", 403), ("stranger", 404)]
)
def test_nobody_else_may(
    web: Container, client: Client, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    make.session(client, request.getfixturevalue(who))
    answer = reveal(client, web, "TOKEN", password=make.PASSWORD)
    assert answer.status_code == status
    assert SECRET not in answer.content.decode()


def test_a_password_given_long_ago_does_not_do(
    web: Container, host_admin: User, client: Client
) -> None:
    make.session(client, host_admin)
    UserSession.objects.update(confirmed=now().replace(year=2020))
    refused = reveal(client, web, "TOKEN")
    assert (refused.status_code, json.loads(refused.content)["code"]) == (403, "step_up_required")
    assert reveal(client, web, "TOKEN", password="wrong").status_code == 403
    assert reveal(client, web, "TOKEN", password=make.PASSWORD).status_code == 200


def test_a_variable_that_it_does_not_have_is_404_and_not_recorded(
    web: Container, host_admin: User, client: Client
) -> None:
    make.session(client, host_admin)
    assert reveal(client, web, "NOPE").status_code == 404
    assert not AuditEntry.objects.filter(action="container.reveal").exists()


def test_a_name_instead_of_the_full_id_is_refused(
    web: Container, host_admin: User, client: Client
) -> None:
    make.session(client, host_admin)
    assert client.post("/h/lab/c/web/reveal/", {"names": ["TOKEN"]}).status_code == 409
