"""Pages of registries' records: the list, the form that loses nothing, the report, forgetting."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, User
from registries_app.credentials import target_of
from registries_app.models import Registry, Repository
from tests import make
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = "http://127.0.0.1:9"
CANARY = "canary-77ab"


@pytest.fixture
def browser(admin: User) -> Client:
    """Of an administrator who has just given the password."""
    return make.session(Client(), admin)


def registry(name: str = "Lab", **fields: object) -> Registry:
    said = {"slug": name.lower(), "url": f"http://{name.lower()}.example:5000"} | fields
    return Registry.objects.create(name=name, domain=str(said["url"]).partition("://")[2], **said)


def form(**said: str) -> dict[str, str]:
    return {
        "do": "save", "kind": "distribution", "name": "Lab", "url": NOBODY, "mirror_kind": "root",
    } | said  # fmt: skip


def test_the_list_marks_what_is_not_safe_and_says_how_each_is(viewer: User) -> None:
    registry("Open", checked=now(), capabilities={"v2": True}, username="ann")
    registry("Blind", url="https://blind.example", skip_verify=True)
    registry("Dead", url="https://dead.example", checked=now(), error="It cannot be reached.")
    lab = registry("Cache", url="https://cache.example")
    Registry.objects.filter(name="Cache").update(
        mirror_of=Registry.objects.get(name="Open"), mirror_kind="root"
    )
    Repository.objects.create(registry=lab, name="a", listed=True)
    client = make.session(Client(), viewer)
    page = client.get("/registries/").content.decode()
    assert page.count("plain HTTP") == 1
    assert page.count("certificate not verified") == 1
    assert "It cannot be reached." in page
    assert "mirror of Open" in page
    assert "ann" in page
    assert "Add a registry" not in page
    found = client.get("/registries/", {"q": "bli example"}).content.decode()
    assert "Blind" in found
    assert "Dead" not in found
    assert "No registry matches" in client.get("/registries/", {"q": "none"}).content.decode()


def test_the_form_keeps_what_was_typed_when_something_is_wrong(browser: Client) -> None:
    said = form(url="ftp://x", username="a:b", password=CANARY, skip_verify="on", realms="nowhere")
    answer = browser.post("/registries/-/new/", said)
    page = answer.content.decode()
    assert answer.status_code == 422
    for wrong in ("url", "username", "realms"):
        assert f'id="id_{wrong}_error"' in page
    for typed in ("ftp://x", "a:b", CANARY, "nowhere", "checked"):
        assert typed in page
    assert not Registry.objects.exists()


def test_a_preset_fills_in_the_address_and_loses_nothing(browser: Client) -> None:
    page = browser.get("/registries/-/new/").content.decode()
    assert "https://registry-1.docker.io" in page
    said = form(url="https://registry-1.docker.io", password=CANARY, preset="ghcr", username="ann")
    page = browser.post("/registries/-/new/", said).content.decode()
    assert 'value="https://ghcr.io"' in page
    assert "read:packages" in page
    assert 'name="kind" value="ghcr"' in page
    assert CANARY in page
    assert 'value="ann"' in page
    page = browser.post("/registries/-/new/", form(preset="harbor")).content.decode()
    assert f'value="{NOBODY}"' in page
    assert not Registry.objects.exists()


def test_secrets_are_never_shown_again_and_stay_unless_they_are_removed(browser: Client) -> None:
    answer = browser.post("/registries/-/new/", form(username="ann", password=CANARY))
    assert answer["Location"] == "/registries/lab/-/record/"
    lab = Registry.objects.get()
    pages = [
        browser.get(f"/registries/{path}").content.decode()
        for path in ("", "lab/-/record/", "lab/-/record/edit/")
    ]
    assert not any(CANARY in page for page in pages)
    assert "cannot be reached" in pages[1]
    assert "Stored. Leave empty to keep it." in pages[2]
    assert browser.post("/registries/lab/-/record/edit/", form(name="Lab 2")).status_code == 302
    lab.refresh_from_db()
    assert (lab.name, target_of(lab).password) == ("Lab 2", CANARY)
    browser.post("/registries/lab/-/record/edit/", form(drop_password="on"))
    lab.refresh_from_db()
    assert target_of(lab).password == ""


def test_a_stored_password_is_wanted_anew_for_another_server(browser: Client) -> None:
    browser.post("/registries/-/new/", form(username="ann", password=CANARY))
    answer = browser.post("/registries/lab/-/record/edit/", form(url="http://127.0.0.2:9"))
    assert answer.status_code == 422
    assert 'id="id_password_error"' in answer.content.decode()


def test_certificates_come_as_files_and_mistakes_stay_at_their_field(browser: Client) -> None:
    said: dict[str, object] = {**form(), "ca_file": SimpleUploadedFile("ca.pem", b"no pem")}
    answer = browser.post("/registries/-/new/", said)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'id="id_ca_error"' in page
    assert "no pem" in page
    registry("Hub", url="https://hub.example")
    said = {**form(mirror_of="hub", mirror_kind="prefix")}
    assert 'id="id_mirror_prefix_error"' in (
        browser.post("/registries/-/new/", said).content.decode()
    )


def listing(asked: Asked, _fake: Fake) -> Reply:
    if asked.method == "DELETE":
        return Reply(405)
    if asked.path.startswith("/v2/_catalog"):
        return Reply(body=b'{"repositories": ["box"]}')
    return Reply(body=b'{"tags": ["1"]}')


def test_the_record_tells_what_it_can_do_and_is_checked_again(browser: Client) -> None:
    with hostile(listing) as fake:
        browser.post("/registries/-/new/", form(url=fake.url))
        page = browser.get("/registries/lab/-/record/").content.decode()
        assert answer_of(page, "lists") == "yes"
        assert answer_of(page, "deletes") == "no"
        assert "Deletion is off there" in page
    assert browser.post("/registries/lab/-/record/check/").status_code == 302
    page = browser.get("/registries/lab/-/record/").content.decode()
    assert "It cannot be used" in page
    assert "cannot be reached" in page
    assert answer_of(page, "lists") == ""


def answer_of(page: str, ability: str) -> str:
    found = re.search(rf'data-ability="{ability}".*?</i> ([^<]*)</span>', page, re.DOTALL)
    return found[1] if found else ""


def test_forgetting_wants_the_name_and_says_what_hangs_on_it(browser: Client) -> None:
    lab = registry(username="ann")
    Repository.objects.create(registry=lab, name="a", pinned=True)
    mirror = registry("Cache", mirror_of=lab, mirror_kind="root")
    page = browser.get("/registries/lab/-/record/").content.decode()
    assert "engines pull from lab.example:5000 without one" in page
    assert "1 mirror of it" in page
    assert "1 pinned repository" in page
    answer = browser.post("/registries/lab/-/record/forget/", {"name": "lab"})
    assert answer.status_code == 422
    assert 'value="lab"' in answer.content.decode()
    answer = browser.post("/registries/lab/-/record/forget/", {"name": "Lab"})
    assert answer["Location"] == "/registries/"
    mirror.refresh_from_db()
    assert mirror.mirror_of is None


def test_people_without_the_role_see_records_and_change_none(viewer: User) -> None:
    lab = registry()
    client = make.session(Client(), viewer)
    page = client.get("/registries/lab/-/record/").content.decode()
    assert "Check again" not in page
    assert "Forget" not in page
    for path in ("edit/", "check/", "forget/"):
        assert client.post(f"/registries/lab/-/record/{path}", form()).status_code == 403
    assert client.post("/registries/-/new/", form()).status_code == 403
    assert client.get("/registries/none/-/record/").status_code == 404
    lab.refresh_from_db()


def test_the_record_shows_how_many_pulls_are_left(viewer: User) -> None:
    heard = {"limit": 100, "remaining": 20, "window_s": 21600, "source": "203.0.113.7"}
    registry(budget=heard | {"at": now().isoformat()})
    page = make.session(Client(), viewer).get("/registries/lab/-/record/").content.decode()
    assert "20 of 100 in 6h" in page
    assert '<progress class="tall warn" max="100" value="20"' in page
    assert "203.0.113.7" in page
    later = (now() + timedelta(minutes=10)).isoformat()
    Registry.objects.update(budget={"at": now().isoformat(), "retry_at": later})
    page = make.session(Client(), viewer).get("/registries/lab/-/record/").content.decode()
    assert "asked again in" in page


def test_a_mirror_becomes_the_first_choice_of_its_registry(browser: Client, viewer: User) -> None:
    lab = registry()
    for name in ("Alpha", "Beta"):
        registry(name, mirror_of=lab, mirror_kind="root")
    page = browser.get("/registries/lab/-/record/").content.decode()
    assert page.index("Alpha") < page.index("first choice") < page.index("Beta")
    answer = browser.post("/registries/beta/-/record/first/")
    assert answer["Location"] == "/registries/lab/-/record/"
    page = browser.get("/registries/lab/-/record/").content.decode()
    assert page.index("Beta") < page.index("first choice") < page.index("Alpha")
    assert AuditEntry.objects.filter(action="registry.mirror", target="beta").count() == 1
    assert browser.post("/registries/lab/-/record/first/").status_code == 409
    other = make.session(Client(), viewer)
    assert other.post("/registries/alpha/-/record/first/").status_code == 403
