"""The pages of one container: what they show, what they hide, and when it is gone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import User
from containers_app import live_reads, services
from containers_app.models import Container
from containers_app.selectors import container_to_change
from core.errors import Conflict
from hosts_app.models import Host
from tests import make
from tests.fakes.engine import FakeEngine

HOSTILE = "<img src=x onerror=alert(1)>"
SECRET = "hunter2-canary"
ANY = "0.0.0.0"  # noqa: S104 - what an engine reports


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def web(fake: FakeEngine, host: Host) -> Container:
    host.url, host.address = fake.url, "10.0.0.9"
    host.save()
    docker_id = fake.add_container("web", labels={HOSTILE: f"{HOSTILE}\u202e\x1b[31m"})
    made = fake.daemon.containers[docker_id]
    made.config |= {"Env": [f"TOKEN={SECRET}", "EMPTY="], "User": "1000"}
    made.host_config |= {"CapAdd": ["SYS_ADMIN"], "RestartPolicy": {"Name": "always"}}
    ports = [
        {"container": 80, "host": 8080, "protocol": "tcp", "address": ANY},
        {"container": 443, "host": 8443, "protocol": "tcp", "address": "::"},
        {"container": 53, "host": 53, "protocol": "udp", "address": ANY},
        {"container": 9, "host": 9, "protocol": "tcp", "address": "127.0.0.1"},
    ]
    return make.container(host, "web", docker_id=docker_id, ports=ports)


def look(client: Client, user: User, path: str, **headers: str) -> HttpResponse:
    make.session(client, user)
    return client.get(path, headers=headers)  # type: ignore[return-value]


def text(answer: Any) -> str:
    """The body."""
    page: str = answer.content.decode()
    return page


@pytest.mark.parametrize("tab", ["", "inspect/", "events/", "logs/"])
def test_every_tab_has_one_heading_and_the_same_head(
    web: Container, viewer: User, client: Client, tab: str
) -> None:
    page = text(look(client, viewer, f"/h/lab/c/web/{tab}"))
    assert page.count("<h1>") == 1
    assert f'id="c-{web.pk}"' in page
    assert f'data-id="{web.docker_id}"' in page
    assert "/events/" in page


def test_the_overview_says_in_words_what_the_engine_knows(
    web: Container, viewer: User, client: Client
) -> None:
    page = text(look(client, viewer, "/h/lab/c/web/"))
    for said in (
        "sleep 1000",
        "Always, also after the engine restarts",
        "Its main process runs as the user 1000.",
        "Capabilities beyond the default: SYS_ADMIN.",
        "It can become root on its host, because",
        "it has the capabilities SYS_ADMIN",
    ):
        assert said in page


def test_ports_lead_to_the_address_of_the_host(
    web: Container, viewer: User, client: Client
) -> None:
    page = text(look(client, viewer, "/h/lab/c/web/"))
    assert 'href="http://10.0.0.9:8080/"' in page
    assert 'href="https://10.0.0.9:8443/"' in page
    assert "10.0.0.9:53" not in page  # a browser speaks no DNS
    assert "10.0.0.9:9/" not in page  # bound to the loopback of the host
    web.host.address = ""
    web.host.save()
    assert "http://10.0.0.9" not in text(client.get("/h/lab/c/web/"))


@pytest.mark.parametrize("who", ["viewer", "operator", "admin"])
@pytest.mark.parametrize("tab", ["", "inspect/", "events/"])
def test_nobody_sees_a_value_of_the_environment(
    web: Container, client: Client, request: pytest.FixtureRequest, who: str, tab: str
) -> None:
    page = text(look(client, request.getfixturevalue(who), f"/h/lab/c/web/{tab}"))
    assert SECRET not in page
    assert ("TOKEN" in page) is (tab != "events/")


@pytest.mark.parametrize("tab", ["", "inspect/"])
def test_hostile_texts_are_texts(web: Container, viewer: User, client: Client, tab: str) -> None:
    page = text(look(client, viewer, f"/h/lab/c/web/{tab}"))
    assert HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "\u202e" not in page
    assert "\x1b" not in page


@pytest.mark.parametrize("tab", ["", "inspect/", "events/"])
def test_an_id_in_the_address_becomes_the_name(
    web: Container, viewer: User, client: Client, tab: str
) -> None:
    make.session(client, viewer)
    for reference in (web.docker_id, web.docker_id[:12]):
        answer = client.get(f"/h/lab/c/{reference}/{tab}")
        assert (answer.status_code, answer["Location"]) == (302, f"/h/lab/c/web/{tab}")


def test_a_page_that_follows_its_container_asks_by_id(
    web: Container, viewer: User, client: Client
) -> None:
    answer = look(client, viewer, f"/h/lab/c/{web.docker_id}/", **{"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in text(answer)


def test_a_silent_engine_costs_two_seconds_and_the_rest_is_shown(
    fake: FakeEngine,
    web: Container,
    viewer: User,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_reads.detail, "__kwdefaults__", {"timeout_s": 0.2})
    fake.silence("GET /containers/.*/json")
    answer = look(client, viewer, "/h/lab/c/web/")
    assert answer.status_code == 200
    assert "did not answer within" in text(answer)
    assert "Up 3h" in text(answer)


def test_a_host_that_is_known_to_be_down_is_not_asked(
    fake: FakeEngine, web: Container, viewer: User, client: Client
) -> None:
    web.host.state, web.host.error = Host.State.DOWN, "connect: connection refused"
    web.host.save()
    page = text(look(client, viewer, "/h/lab/c/web/"))
    assert "connect: connection refused" in page
    assert "as of" in page
    assert "Last known" in page
    assert fake.requests == []


def test_events_and_deeds_stand_in_one_order(
    fake: FakeEngine, web: Container, operator: User, client: Client
) -> None:
    fake.daemon.pause(fake.daemon.containers[web.docker_id])
    make.job(operator, web.host, target=web.docker_id, state="succeeded")
    services.lock(operator, "lab", web.docker_id)
    page = text(look(client, operator, "/h/lab/c/web/events/"))
    for said in ("pause", "Stop container", "Locked against removal", "operator"):
        assert said in page


# -- Gone --------------------------------------------------------------------------------


@pytest.fixture
def gone(web: Container) -> Container:
    web.gone = now() - timedelta(minutes=5)
    web.save()
    return web


@pytest.mark.parametrize("tab", ["", "inspect/", "events/", "logs/"])
def test_what_is_gone_says_so_calmly(
    gone: Container, viewer: User, client: Client, tab: str
) -> None:
    answer = look(client, viewer, f"/h/lab/c/web/{tab}")
    assert answer.status_code == 404
    assert "web is gone" in text(answer)
    assert "5 minutes ago" in text(answer)


def test_an_open_page_hears_of_it_and_is_led_to_the_new_one(
    gone: Container, viewer: User, client: Client
) -> None:
    new = make.container(gone.host, "web")
    answer = look(client, viewer, f"/h/lab/c/{gone.docker_id}/", **{"HX-Request": "true"})
    assert answer.status_code == 200
    assert "Follow the new web" in text(answer)
    assert f'data-id="{new.docker_id}"' in text(client.get("/h/lab/c/web/"))


def test_a_command_for_the_old_one_never_hits_the_new_one(gone: Container, operator: User) -> None:
    make.container(gone.host, "web")
    with pytest.raises(Conflict):
        services.act(operator, "stop", "lab", gone.docker_id, {})


def test_what_is_hidden_and_what_does_not_exist_look_alike(
    web: Container, stranger: User, client: Client
) -> None:
    hidden = look(client, stranger, "/h/lab/c/web/")
    missing = client.get("/h/lab/c/nothing/")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert "web" not in text(hidden).replace("/h/lab/c/web/", "")


def test_a_prefix_that_fits_two_is_no_reference(host: Host, operator: User) -> None:
    make.container(host, "a", docker_id="abcdef" + "0" * 58)
    make.container(host, "b", docker_id="abcdef" + "1" * 58)
    with pytest.raises(Exception, match="No such container"):
        container_to_change(operator, "lab", "abcdef", 2)  # type: ignore[arg-type]
