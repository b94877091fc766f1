"""Registries over the API: records, their secrets, and what a check finds."""

import json

import pytest

from accounts_app.models import AuditEntry, User
from registries_app import checking, services
from registries_app.credentials import engine_auth, target_of
from registries_app.models import Registry
from registries_app.protocol.failures import ForeignRealm
from registries_app.spec import RegistrySpec
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.lab.registry import Registry as LabRegistry
from tests.unit.script import Script, fields

CANARY = "canary-5f1c"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def script(admin: User) -> Script:
    return Script(admin)


def guarded(asked: Asked, _fake: Fake) -> Reply:
    """Wants ann and the canary by Basic; deletes nothing."""
    if asked.authorization != "Basic YW5uOmNhbmFyeS01ZjFj":
        return Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    if asked.method == "DELETE":
        return Reply(405)
    if asked.path.startswith("/v2/_catalog"):
        return Reply(body=b'{"repositories": ["box"]}')
    return Reply(body=b'{"tags": ["1"]}')


def test_a_registry_is_added_and_shows_what_it_can_do(
    script: Script, lab_registry: LabRegistry
) -> None:
    url = f"http://{lab_registry.address}"
    answer = script.post("registries", {"name": "Lab", "url": url, "kind": "distribution"})
    assert answer.status == 201
    assert set(answer.body) == {
        "slug", "name", "url", "kind", "username", "capabilities", "mirror",
    }  # fmt: skip
    assert answer.body["slug"] == "lab"
    found = answer.body["capabilities"]
    assert (found["v2"], found["auth"], found["lists"], found["deletes"]) == (
        True, "none", True, True,
    )  # fmt: skip
    assert AuditEntry.objects.filter(action="registry.create").count() == 1


def test_secrets_are_sealed_used_and_never_told(script: Script) -> None:
    with hostile(guarded) as fake:
        body = {"name": "Safe", "url": fake.url, "username": "ann", "password": CANARY}
        added = script.post("registries", body)
        assert added.body["capabilities"] == {
            "v2": True, "auth": "basic", "lists": True, "tags": True, "head": True,
            "deletes": False, "referrers": False,
        }  # fmt: skip
        row = Registry.objects.get()
        assert CANARY not in json.dumps(list(Registry.objects.values()), default=str)
        assert target_of(row).password == CANARY
        address = fake.url.removeprefix("http://")
        assert engine_auth(f"{address}/box:1") == {
            "username": "ann", "password": CANARY, "serveraddress": address,
        }  # fmt: skip
        assert engine_auth("127.0.0.1:1/box:1") is None
        assert engine_auth("box:1") is None
        steps = script.post("registries/safe/check", None)
        assert [each["step"] for each in steps.body["steps"]] == [
            "address", "connection", "v2", "sign_in", "lists", "tags", "head", "deletes",
            "referrers",
        ]  # fmt: skip
        changed = script.ask("PATCH", "registries/safe", {"name": "Safer"})
        assert (changed.status, changed.body["name"]) == (200, "Safer")
        answers = [added, steps, changed, script.get("registries"), script.get("registries/safe")]
        assert not any(CANARY in json.dumps(each.body) for each in answers)
        told = AuditEntry.objects.filter(action__startswith="registry.").values()
        assert told
        assert CANARY not in json.dumps(list(told), default=str)
    row.refresh_from_db()
    assert target_of(row).password == CANARY


def test_a_stored_password_does_not_move_to_another_server(script: Script) -> None:
    body = {"name": "Safe", "url": NOBODY, "username": "ann", "password": CANARY}
    assert script.post("registries", body).status == 201
    with hostile(guarded) as thief:
        assert fields(script.ask("PATCH", "registries/safe", {"url": thief.url})) == {"password"}
        assert thief.asked == []
        assert (
            script.ask("PATCH", "registries/safe", {"url": thief.url, "password": ""}).status
            == 200
        )
        assert {each.authorization for each in thief.asked} == {"", "Basic YW5uOg=="}


def test_each_failed_check_names_its_step(script: Script) -> None:
    def step(url: str, **more: str) -> str:
        script.ask("DELETE", "registries/one", {})
        assert script.post("registries", {"name": "one", "url": url, **more}).status == 201
        last = Registry.objects.get().steps[-1]
        assert not last["ok"]
        return str(last["step"])

    assert step(NOBODY) == "connection"
    assert step("http://169.254.169.254") == "address"
    with hostile(lambda _asked, _fake: Reply(500, body=b"stack")) as fake:
        assert step(fake.url) == "v2"
        assert step(fake.url.replace("http:", "https:")) == "tls"
        assert "stack" not in json.dumps(Registry.objects.get().steps)
    with hostile(guarded) as fake:
        assert step(fake.url) == "sign_in"
        assert step(fake.url, username="ann", password="wrong") == "sign_in"


def test_an_engine_gets_no_password_where_the_realm_is_foreign(script: Script) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:9/token"'}
    with hostile(lambda _asked, _fake: Reply(401, headers=challenge)) as fake:
        body = {"name": "x", "url": fake.url, "username": "ann", "password": CANARY}
        script.post("registries", body)
        with pytest.raises(ForeignRealm):
            checking.check_before_engine(f"{fake.url.removeprefix('http://')}/box:1")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"name", "url"}),
        ({"name": "x", "url": "ftp://x"}, {"url"}),
        ({"name": "x", "url": "http://a:b@c"}, {"url"}),
        ({"name": "x", "url": NOBODY, "kind": "nexus"}, {"kind"}),
        ({"name": "x", "url": NOBODY, "username": "a:b"}, {"username"}),
        ({"name": "x", "url": NOBODY, "ca": "no pem"}, {"ca"}),
        ({"name": "x", "url": NOBODY, "cert": "c"}, {"key"}),
        ({"name": "x", "url": NOBODY, "realms": ["auth.example"]}, {"realms"}),
        ({"name": "x", "url": NOBODY, "mirror": {"of": "none", "kind": "root"}}, {"mirror.of"}),
        ({"name": "x", "url": NOBODY, "secret": 1}, {"secret"}),
    ],
)
def test_what_makes_no_sense_is_named(script: Script, body: object, wrong: set[str]) -> None:
    assert fields(script.post("registries", body)) == wrong
    assert not Registry.objects.exists()


def test_mirrors_reserved_words_and_filters(script: Script) -> None:
    assert script.post("registries", {"name": "search", "url": NOBODY}).body["slug"] == (
        "registry-search"
    )
    mirror = {"of": "registry-search", "kind": "prefix", "prefix": "hub"}
    body = {"name": "near", "url": NOBODY, "kind": "harbor", "mirror": mirror}
    assert script.post("registries", body).body["mirror"] == mirror
    assert script.get("registries?kind=harbor").body["total"] == 1
    assert script.get("registries?q=sear").body["total"] == 1
    assert fields(script.get("registries?kind=nexus")) == {"kind"}
    assert script.ask("PATCH", "registries/near", {"mirror": None}).body["mirror"] is None
    assert script.ask("DELETE", "registries/near", {}).status == 204
    assert script.get("registries/near").status == 404


@pytest.mark.django_db
def test_the_first_registry_is_recorded_as_it_is_and_no_second_one() -> None:
    for port in (1, 2):  # nobody listens there
        services.ensure_first(RegistrySpec(name="demo", url=f"http://127.0.0.1:{port}"))
    registry = Registry.objects.get()
    assert (registry.slug, registry.url) == ("demo", "http://127.0.0.1:1")
    assert registry.checked
    assert registry.error
