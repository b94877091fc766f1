"""What may be saved as a host, and where we never connect."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts_app.models import AuditEntry, User
from core.errors import Forbidden, Invalid
from core.sealed import unseal
from engine import guard
from engine.client import Engine
from engine.errors import Down
from engine.types import Connection
from hosts_app import services
from hosts_app.models import Host
from hosts_app.services import CheckFailed, save_checked
from hosts_app.spec import HostSpec
from tests.fakes.engine import FakeEngine
from tests.lab.certificates import make_certificates

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture(scope="module")
def certificates() -> Connection:
    made = make_certificates()
    return Connection("", made.ca, made.client_cert, made.client_key)


def spec(url: str, name: str = "edge", **more: str) -> HostSpec:
    return HostSpec(name=name, connection=Connection(url, **more))


def test_a_host_is_saved_when_its_test_has_passed(admin: User, fake: FakeEngine) -> None:
    host, steps = save_checked(admin, spec(fake.url))
    assert [step.step for step in steps] == ["address", "connection", "ping", "version", "list"]
    assert (host.slug, host.url, host.state) == ("edge", fake.url, "unchecked")
    assert AuditEntry.objects.filter(action="host.create", host="edge").exists()


def test_nothing_is_saved_when_the_test_fails(admin: User, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed) as failed:
        save_checked(admin, spec(f"unix://{tmp_path}/nobody.sock"))
    problem = failed.value.problem()
    assert [(step["step"], step["ok"]) for step in problem["steps"]] == [
        ("address", True),
        ("connection", False),
    ]
    assert "No such file or directory" in problem["steps"][1]["detail"]
    assert not Host.objects.filter(name="edge").exists()


def test_an_administrator_may_save_it_anyway(admin: User, tmp_path: Path) -> None:
    host, steps = save_checked(admin, spec(f"unix://{tmp_path}/later.sock"), save_anyway=True)
    assert (host.pk is not None, steps) == (True, [])


def test_labels_change_without_asking_an_engine_that_is_down(admin: User, host: Host) -> None:
    changed = HostSpec("lab", Connection(host.url), labels={"rack": "4"})
    _host, steps = save_checked(admin, changed, host)
    host.refresh_from_db()
    assert (steps, host.labels) == ([], {"rack": "4"})


@pytest.mark.parametrize("who", ["operator", "host_admin", "viewer", "stranger"])
def test_only_administrators_of_all_hosts_add_test_and_remove(
    who: str, host: Host, fake: FakeEngine, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    with pytest.raises(Forbidden):
        save_checked(user, spec(fake.url), save_anyway=True)
    with pytest.raises(Forbidden):
        services.check(user, spec(fake.url))
    with pytest.raises(Forbidden):
        services.check_stored(user, host)
    with pytest.raises(Forbidden):
        services.remove_host(user, host)
    assert not fake.requests


@pytest.mark.parametrize(
    ("field", "url", "more"),
    [
        ("url", "ssh://-oProxyCommand=touch /tmp/x", {}),
        ("url", "http://127.0.0.1:2375", {}),
        ("url", "unix://relative.sock", {}),
        ("url", "tcp://", {}),
        ("url", "unix:///a\nb", {}),
        ("ca", "tcp://a:1", {"ca": "not a certificate"}),
        ("key", "tcp://a:1", {"ca": "-----BEGIN X", "cert": "-----BEGIN X"}),
        ("ca", "tcp://a:1", {"cert": "-----BEGIN X", "key": "-----BEGIN X"}),
        ("unprotected_ok", "tcp://a:1", {}),
        ("unprotected_ok", "tcp://a:1", {"ca": "-----BEGIN X"}),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    admin: User, field: str, url: str, more: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as wrong:
        save_checked(admin, spec(url, **more), save_anyway=True)
    assert [error.field for error in wrong.value.errors] == [field]


def test_two_hosts_never_share_a_name_and_new_is_no_slug(admin: User, host: Host) -> None:
    with pytest.raises(Invalid):
        save_checked(admin, spec("unix:///x", name="LAB"), save_anyway=True)
    new, _steps = save_checked(admin, spec("unix:///x", name="New"), save_anyway=True)
    assert new.slug == "host-new"


def test_secrets_are_sealed_to_their_row_and_kept_when_left_empty(
    admin: User, certificates: Connection
) -> None:
    pems = {"ca": certificates.ca, "cert": certificates.cert, "key": certificates.key}
    host, _steps = save_checked(admin, spec("tcp://a:2376", **pems), save_anyway=True)
    assert host.key_sealed
    assert certificates.key.splitlines()[1] not in host.key_sealed
    save_checked(admin, spec("tcp://b:2376"), host, save_anyway=True)
    host.refresh_from_db()
    assert (host.url, unseal(host, "key_sealed")) == ("tcp://b:2376", certificates.key)
    save_checked(admin, spec("unix:///x.sock"), host, save_anyway=True)
    host.refresh_from_db()
    assert (host.ca, host.cert_sealed, host.key_sealed) == ("", "", "")


def test_only_sockets_of_the_list_where_the_site_has_one(
    admin: User, settings: LazySettings
) -> None:
    settings.UNIX_SOCKETS = ["/var/run/docker.sock", "/run/engines/*.sock"]
    for path in ("/tmp/x.sock", "/run/engines/../x.sock", "/run/engines/deep/x.sock"):
        with pytest.raises(Invalid):
            save_checked(admin, spec(f"unix://{path}"), save_anyway=True)
    save_checked(admin, spec("unix:///run/engines/x.sock"), save_anyway=True)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "2852039166",
        "0251.0376.0251.0376", "0xa9fea9fe",
        "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]",
        "0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "100.100.100.200",  # noqa: S104
    ],
)  # fmt: skip
def test_some_addresses_are_never_connected_to(admin: User, host: str) -> None:
    steps = services.check(admin, spec(f"tcp://{host}:2375"))
    assert [(step.step, step.ok) for step in steps] == [("address", False)]
    assert "not allowed" in steps[0].detail


def test_our_own_valkey_and_database_are_no_engines(
    admin: User, fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeEngine(port=0) as ours:
        port = int(ours.url.rpartition(":")[2])
        monkeypatch.setattr(guard, "_own_paths", {fake.url.removeprefix("unix://")})
        monkeypatch.setattr(guard, "_own_addresses", {("127.0.0.1", port)})
        link = tmp_path / "innocent.sock"
        link.symlink_to(fake.url.removeprefix("unix://"))
        for url in (fake.url, f"unix://{link}", f"tcp://localhost:{port}", f"tcp://127.1:{port}"):
            steps = services.check(admin, spec(url))
            assert "belongs to the dashboard itself" in steps[-1].detail, url
        assert not ours.requests
    assert not fake.requests


def test_a_name_is_checked_again_at_every_connection(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that pointed to an engine when it was tested points to metadata later."""
    found = [(2, 1, 6, "", ("169.254.169.254", 2375))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: found)
    with Engine(Connection("tcp://rebound.example:2375")) as engine, pytest.raises(Down) as no:
        engine.ping()
    assert "not allowed" in str(no.value)
