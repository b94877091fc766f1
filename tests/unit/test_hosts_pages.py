"""The pages of hosts: who sees them, what they say, and the form that tests before it saves."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import User
from core.sealed import unseal
from hosts_app.models import Host, HostState
from tests import make
from tests.fakes.engine import FakeEngine
from tests.lab.certificates import make_certificates

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        engine.add_container("web")
        yield engine


def signed_in(user: User) -> Client:
    """A browser in which this user has just given the password."""
    return make.session(Client(), user)


def form(**said: str) -> dict[str, str]:
    return {"name": "edge", "url": "unix:///nowhere", "labels": "", "do": "save"} | said


def test_the_list_says_how_each_host_is(viewer: User, host: Host) -> None:
    make.container(host, "a")
    make.container(host, "b", state="exited", exit_code=0)
    other = make.host("hidden")
    Host.objects.filter(pk=host.pk).update(
        state="down", error="connection refused", engine={"version": "20.10", "cpus": 2}
    )
    page = signed_in(viewer).get("/hosts/").content.decode()
    assert "connection refused" in page
    assert "1/2 up" in page
    assert "20.10" in page
    assert f"/hosts/{other.slug}/" not in page


def test_hosts_are_filtered_by_label(admin: User, host: Host) -> None:
    make.host("one", labels={"rack": "1"})
    make.host("twelve", labels={"rack": "12"})
    client = signed_in(admin)
    page = client.get("/hosts/", {"q": "label:rack=1"}).content.decode()
    assert "/hosts/one/" in page
    assert "/hosts/twelve/" not in page
    page = client.get("/hosts/", {"q": "-label:rack"}).content.decode()
    assert "/hosts/lab/" in page
    assert "/hosts/one/" not in page
    assert client.get("/hosts/", {"q": "colour:red"}).status_code == 422


def test_the_form_shows_every_step_and_saves_what_passes(admin: User, fake: FakeEngine) -> None:
    client = signed_in(admin)
    answer = client.post("/hosts/new/", form(url=fake.url, do="test"))
    assert answer.status_code == 200
    assert "1 container" in answer.content.decode()
    assert not Host.objects.filter(name="edge").exists()
    answer = client.post("/hosts/new/", form(url=fake.url, labels="site=berlin\n# no\n"))
    assert answer["Location"] == "/hosts/edge/"
    assert Host.objects.get(name="edge").labels == {"site": "berlin"}


def test_a_failed_test_offers_to_save_anyway(admin: User, tmp_path: Path) -> None:
    client, url = signed_in(admin), f"unix://{tmp_path}/later.sock"
    assert "Save anyway" not in client.get("/hosts/new/").content.decode()
    answer = client.post("/hosts/new/", form(url=url))
    assert answer.status_code == 422
    assert "No such file or directory" in answer.content.decode()
    assert "Save anyway" in answer.content.decode()
    assert client.post("/hosts/new/", form(url=url, do="anyway")).status_code == 302


def test_certificates_come_as_files_and_never_leave_again(admin: User) -> None:
    made, client = make_certificates(), signed_in(admin)
    files = {
        f"{name}_file": SimpleUploadedFile(f"{name}.pem", text.encode())
        for name, text in (
            ("ca", made.ca),
            ("cert", made.client_cert),
            ("key", made.client_key),
        )
    }
    said = form(url="tcp://127.0.0.1:1", do="anyway")
    assert client.post("/hosts/new/", said | files).status_code == 302
    host = Host.objects.get(name="edge")
    assert unseal(host, "key_sealed").strip() == made.client_key.strip()
    edit = client.get("/hosts/edge/edit/").content.decode()
    assert "Stored. Leave empty to keep it." in edit
    for page in (edit, client.get("/hosts/edge/").content.decode()):
        for text in (made.client_key, made.client_cert, host.key_sealed):
            assert text.splitlines()[-1][:40] not in page.replace("-----END", "")
            assert text.splitlines()[len(text.splitlines()) // 2] not in page


def test_plain_tcp_needs_a_second_yes_and_stays_flagged(admin: User) -> None:
    client, said = signed_in(admin), form(url="tcp://127.0.0.1:1", do="anyway")
    assert client.post("/hosts/new/", said).status_code == 422
    assert client.post("/hosts/new/", said | {"unprotected_ok": "on"}).status_code == 302
    assert "no mutual TLS" in client.get("/hosts/").content.decode()
    assert "no mutual TLS" in client.get("/hosts/edge/").content.decode()


@pytest.mark.parametrize("who", ["viewer", "operator", "host_admin"])
def test_only_administrators_of_all_hosts_change_hosts(
    who: str, host: Host, request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))
    assert client.get("/hosts/new/").status_code == 403
    for path in ("edit/", "check/", "remove/"):
        assert client.post(f"/hosts/lab/{path}", form()).status_code == 403
    assert client.get("/hosts/lab/").status_code == 200
    assert Host.objects.filter(slug="lab").exists()


def test_strangers_find_no_host(stranger: User, host: Host) -> None:
    client = signed_in(stranger)
    assert client.get("/hosts/lab/").status_code == 404
    assert client.post("/hosts/lab/disk/").status_code == 404


def test_removal_wants_the_name_and_a_fresh_password(admin: User, host: Host) -> None:
    client = signed_in(admin)
    assert client.post("/hosts/lab/remove/", {"name": "la"}).status_code == 422
    admin.sessions.update(confirmed=now() - timedelta(hours=1))
    assert client.post("/hosts/lab/remove/", {"name": "lab"}).status_code == 403
    said = {"name": "lab", "password": make.PASSWORD}
    assert client.post("/hosts/lab/remove/", said).status_code == 302
    assert not Host.objects.filter(slug="lab").exists()


def test_the_form_asks_for_the_password_when_it_is_long_ago(admin: User, tmp_path: Path) -> None:
    client, said = signed_in(admin), form(url=f"unix://{tmp_path}/x", do="anyway")
    admin.sessions.update(confirmed=now() - timedelta(hours=1))
    assert 'name="password"' in client.get("/hosts/new/").content.decode()
    assert client.post("/hosts/new/", said).status_code == 403
    assert not Host.objects.filter(name="edge").exists()
    said["password"] = make.PASSWORD
    assert client.post("/hosts/new/", said).status_code == 302


def test_the_page_of_a_host_asks_no_engine(viewer: User, host: Host, fake: FakeEngine) -> None:
    Host.objects.filter(pk=host.pk).update(url=fake.url, skew_s=3600.0)
    HostState.objects.create(host=host, state="down", error="connection refused")
    page = signed_in(viewer).get("/hosts/lab/").content.decode()
    assert "1h ahead of the dashboard" in page
    assert "connection refused" in page
    assert "Measure" not in page
    assert not fake.requests


def test_disk_use_is_measured_only_when_an_operator_asks(
    operator: User, host: Host, fake: FakeEngine
) -> None:
    Host.objects.filter(pk=host.pk).update(url=fake.url)
    client = signed_in(operator)
    assert "Not measured yet" in client.get("/hosts/lab/").content.decode()
    assert not fake.asked("GET /system/df")
    assert client.post("/hosts/lab/disk/").status_code == 302
    host.refresh_from_db()
    assert host.disk_as_of
    assert len(fake.asked("GET /system/df")) == 1
    assert "Build cache" in client.get("/hosts/lab/").content.decode()
    fake.fail("GET /system/df", 500, "a disk operation is already running")
    answer = client.post("/hosts/lab/disk/")
    assert answer.status_code == 502
    assert "already running" in answer.content.decode()


def test_the_stored_connection_is_tested_on_the_page(
    admin: User, host: Host, fake: FakeEngine
) -> None:
    Host.objects.filter(pk=host.pk).update(url=fake.url)
    page = signed_in(admin).post("/hosts/lab/check/").content.decode()
    assert "Connection test" in page
    assert "20.10.24" in page
