"""Private registries made on hosts: what is asked for, and what engines say of a registry."""

from typing import Any

import pytest
from django.test import Client

from accounts_app.models import User
from engine.errors import EngineError, Refused
from hosts_app.models import Host
from jobs_app.models import Job
from registries_app.making import making, trust
from registries_app.making.tasks import _spec
from registries_app.making.trust import Trust
from registries_app.models import Registry
from tests import make
from tests.unit.script import Script, fields
from tests.unit.test_registry_deletion import record

FORM = {"name": "Vault", "host": "lab", "image": "registry:2", "port": "5000", "key": "k"}


def test_the_job_knows_all_but_the_password(admin: User, host: Host) -> None:
    body = {"name": "Vault", "username": "ann", "password": "canary-12", "delete_enabled": False}
    answer = Script(admin).post("hosts/lab/registries", body)
    job = Job.objects.get(pk=answer.body["id"])
    assert (job.kind, job.target, job.host) == ("registry.make", "vault", host)
    assert "canary-12" not in str(job.params)
    assert job.sealed
    spec = _spec(job)
    assert spec.environment["REGISTRY_STORAGE_DELETE_ENABLED"] == "false"
    assert spec.environment["REGISTRY_AUTH"] == "htpasswd"
    assert spec.ports[0].address == "127.0.0.1"  # nobody knows another address of this host


def test_a_host_with_an_address_publishes_it_for_others(admin: User, host: Host) -> None:
    Host.objects.filter(pk=host.pk).update(address="lab.example")
    answer = Script(admin).post("hosts/lab/registries", {"name": "Vault", "port": 5001})
    job = Job.objects.get(pk=answer.body["id"])
    assert (job.params["url"], job.params["bind"]) == ("http://lab.example:5001", "")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"image": "a b"}, "image"),
        ({"volume": "/etc"}, "volume"),
        ({"port": 0}, "port"),
        ({"username": "ann"}, "password"),
        ({"password": "secret"}, "username"),
        ({"username": "ann", "password": "x" * 73}, "password"),
        ({"address": "http://lab"}, "address"),
        ({"name": "near"}, "name"),
    ],
)
def test_what_is_wrong_is_named_and_never_a_job(
    admin: User, host: Host, wrong: dict[str, Any], field: str
) -> None:
    record("http://127.0.0.1:9")
    body = {"name": "Vault"} | wrong
    assert fields(Script(admin).post("hosts/lab/registries", body)) == {field}
    assert not Job.objects.exists()


def test_the_page_asks_for_it_and_leads_to_who_trusts_it(
    client: Client, admin: User, host: Host
) -> None:
    make.session(client, admin)
    assert b'value="registry:2"' in client.get("/registries/-/made-here/").content
    client.post("/registries/-/made-here/", FORM | {"delete_enabled": "on"})
    job = Job.objects.get()
    assert job.params["delete_enabled"] is True
    Job.objects.update(state=Job.State.SUCCEEDED)
    assert b"/registries/vault/-/trust/" in client.get(f"/jobs/{job.pk}/").content


def test_a_wrong_password_is_said_at_the_registrys_own_field(
    client: Client, admin: User, host: Host
) -> None:
    make.session(client, admin)
    answer = client.post("/registries/-/made-here/", FORM | {"username": "ann"})
    assert answer.status_code == 422
    assert b'id="id_registry_password_error"' in answer.content


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Get https://x/v2/: http: server gave HTTP response to HTTPS client", "plain"),
        ("Get https://x/v2/: x509: certificate signed by unknown authority", "ca"),
        ("errors:\ndenied: requested access to the resource is denied", "trusts"),
        ("no basic auth credentials", "trusts"),
        ("dial tcp 10.0.0.1:5000: connect: connection refused", "unreachable"),
        ("dial tcp: lookup registry.example: no such host", "unreachable"),
    ],
)
def test_an_engines_words_say_what_it_needs(words: str, state: str) -> None:
    assert trust._state(Refused(words, status=500)) == state
    assert trust._state(Refused(words, status=401)) == (
        "trusts" if state == "unreachable" else state
    )
    assert trust._state(EngineError(words)) == state


def test_the_page_names_each_engine_and_what_it_needs(
    client: Client, admin: User, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("http://registry.example:5000")

    def said(hosts: Any, registry: Registry) -> list[Trust]:
        return [Trust(each, "plain", "http: server gave HTTP response") for each in hosts]

    monkeypatch.setattr(making, "trust_of", said)
    text = make.session(client, admin).get("/registries/near/-/trust/").content.decode()
    assert "insecure-registries" in text
    assert "registry.example:5000" in text
    assert "wants encryption" in text
