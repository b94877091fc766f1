"""One image by page and API: what its engine tells of it, who uses it, and what stays hidden."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, User, UserSession
from hosts_app.models import Host
from images_app.models import Image
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, is_problem

HOSTILE = "<img src=x onerror=alert(1)>"
SECRET = "hunter2-canary"
BASE, TOP = "sha256:" + "b" * 64, "sha256:" + "c" * 64
DIGEST = "registry.lab:5000/shop/web@sha256:" + "d" * 64
TAG = "registry.lab:5000/shop/web:1.0"


@pytest.fixture
def fake(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        Host.objects.filter(pk=host.pk).update(url=engine.url)
        host.refresh_from_db()
        yield engine


@pytest.fixture
def web(fake: FakeEngine, host: Host) -> Image:
    layers = [
        (BASE, "/bin/sh -c #(nop) ADD file:5bae in / ", 4_000_000),
        ("", f"/bin/sh -c #(nop)  ENV TOKEN={SECRET}", 0),
        (TOP, f"|1 KEY={SECRET} /bin/sh -c make {HOSTILE}", 1_000_000),
    ]
    config = {
        "Env": [f"TOKEN={SECRET}", "EMPTY="],
        "Entrypoint": ["/entry.sh"],
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "User": "1000",
        "WorkingDir": "/app",
        "StopSignal": "SIGQUIT",
    }
    made = fake.add_image(TAG, layers=layers, config=config, labels={HOSTILE: "\u202e"})
    made.digests.append(DIGEST)
    return make.image(
        host, TAG, docker_id=made.id, digests=[DIGEST], size_bytes=5_000_000, labels={}
    )


@pytest.fixture
def script(viewer: User) -> Script:
    return Script(viewer, "read")


def look(client: Client, user: User, path: str, **headers: str) -> HttpResponse:
    make.session(client, user)
    return client.get(path, headers=headers)  # type: ignore[return-value]


def text(answer: Any) -> str:
    page: str = answer.content.decode()
    return page


PAGE = f"/h/lab/i/{TAG}/"
API = f"hosts/lab/images/{TAG}"


# -- The page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["", "-/inspect/"])
def test_every_tab_has_one_heading_and_the_same_head(
    web: Image, viewer: User, client: Client, tab: str
) -> None:
    answer = look(client, viewer, PAGE + tab)
    assert answer.status_code == 200
    assert text(answer).count("<h1>") == 1
    assert f'data-id="{web.docker_id}"' in text(answer)


def test_the_overview_shows_the_template_that_an_image_is(
    web: Image, viewer: User, client: Client
) -> None:
    page = text(look(client, viewer, PAGE))
    for said in (
        "/entry.sh", "80/tcp", "/data", "1000", "/app", "SIGQUIT", "linux/amd64", DIGEST,
        "<b>ADD</b> file:5bae in /", "<b>RUN</b> make", "TOKEN=***", "KEY=***",
        "2 layers", "no layer", BASE, TOP,
    ):  # fmt: skip
        assert said in page, said
    assert page.count('<rect class="s') == 2


@pytest.mark.parametrize("tab", ["", "-/inspect/"])
def test_nobody_sees_a_value_and_hostile_texts_are_texts(
    web: Image, admin: User, client: Client, tab: str
) -> None:
    page = text(look(client, admin, PAGE + tab))
    assert "TOKEN" in page
    assert SECRET not in page
    assert HOSTILE not in page
    assert "\u202e" not in page


def test_who_uses_it_is_drawn_without_asking_the_engine(
    web: Image, fake: FakeEngine, host: Host, viewer: User, client: Client
) -> None:
    make.container(host, "front", image_row=web)
    make.container(host, "other")
    attic = make.host("attic")
    make.image(attic, TAG, docker_id=web.docker_id)
    part = text(look(client, viewer, PAGE, **{"HX-Request": "true", "HX-Target": "users"}))
    assert "/h/lab/c/front/" in part
    assert "other" not in part
    assert "<h1>" not in part
    assert "attic" not in part  # a host that he does not see
    assert not fake.requests


@pytest.mark.parametrize("reference", ["ID", "BARE", "PREFIX", DIGEST, DIGEST.partition("@")[2]])
@pytest.mark.parametrize("tab", ["", "-/inspect/"])
def test_an_id_or_digest_in_the_address_becomes_the_name(
    web: Image, viewer: User, client: Client, reference: str, tab: str
) -> None:
    bare = web.docker_id.removeprefix("sha256:")
    named = {"ID": web.docker_id, "BARE": bare, "PREFIX": bare[:12]}.get(reference, reference)
    answer = look(client, viewer, f"/h/lab/i/{named}/{tab}")
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE + tab)


def test_an_image_without_a_tag_has_its_id_as_address(
    fake: FakeEngine, host: Host, viewer: User, client: Client
) -> None:
    made = fake.add_image("")
    image = make.image(host, docker_id=made.id)
    page = look(client, viewer, f"/h/lab/i/{image.short_id}/")
    assert page.status_code == 200
    assert "No tag names it" in text(page)
    assert client.get(f"/h/lab/i/{image.docker_id}/").status_code == 302


def test_a_name_without_its_tag_finds_latest(
    host: Host, fake: FakeEngine, viewer: User, client: Client
) -> None:
    made = fake.add_image("shop/db:latest")
    make.image(host, "shop/db:latest", docker_id=made.id)
    answer = look(client, viewer, "/h/lab/i/docker.io/shop/db/")
    assert answer.headers["Location"] == "/h/lab/i/shop/db:latest/"


def test_an_engine_that_is_away_leaves_what_the_inventory_knows(
    web: Image, host: Host, viewer: User, client: Client
) -> None:
    make.container(host, "front", image_row=web)
    Host.objects.update(state=Host.State.DOWN, error="connection refused")
    page = text(look(client, viewer, PAGE))
    assert "connection refused" in page
    assert "as of" in page
    assert "4.8" in page  # its size
    assert "front" in page


def test_an_image_made_a_moment_ago_has_a_page_before_it_has_a_row(
    fake: FakeEngine, host: Host, viewer: User, client: Client
) -> None:
    fake.add_image("just/made:1")
    page = look(client, viewer, "/h/lab/i/just/made:1/")
    assert page.status_code == 200
    assert "just/" in text(page)


def test_an_image_of_several_names_is_called_as_it_was_asked_for(
    web: Image, fake: FakeEngine, operator: User, client: Client
) -> None:
    Image.objects.update(tags=["127.0.0.1:5000/shop/web:1.0", TAG])
    page = text(look(client, operator, PAGE))
    assert f"<title>{TAG} · lab" in page
    assert f'href="{PAGE}-/inspect/"' in page
    assert "image=registry.lab%3A5000%2Fshop%2Fweb%3A1.0" in page


@pytest.mark.parametrize("reference", ["no/such", "e" * 64, "..", "a" * 3000, "-"])
def test_what_is_not_there_is_404(
    web: Image, viewer: User, client: Client, reference: str
) -> None:
    assert look(client, viewer, f"/h/lab/i/{reference}/").status_code == 404


def test_an_open_page_keeps_what_it_shows_of_an_image_that_went(
    fake: FakeEngine, host: Host, viewer: User, client: Client
) -> None:
    answer = look(client, viewer, PAGE, **{"HX-Request": "true", "HX-Target": "users"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_stranger_sees_no_image(web: Image, stranger: User, client: Client) -> None:
    assert look(client, stranger, PAGE).status_code == 404


def test_only_who_may_change_is_offered_verbs(
    web: Image, viewer: User, operator: User, client: Client
) -> None:
    run = "/containers/new/?host=lab&amp;image=registry.lab%3A5000%2Fshop%2Fweb%3A1.0"
    assert run not in text(look(client, viewer, PAGE))
    assert run in text(look(client, operator, PAGE))


def test_its_head_is_a_row_with_the_verbs_of_the_list(
    web: Image, host: Host, viewer: User, operator: User, client: Client
) -> None:
    make.container(host, "front", image_row=web)
    seen = text(look(client, viewer, PAGE))
    assert 'data-do="remove"' not in seen
    assert " data-ro" in seen
    page = text(look(client, operator, PAGE))
    for verb in ("tag", "untag", "remove"):
        assert f'data-do="{verb}"' in page, verb
    assert f'data-tags="{TAG}"' in page
    assert " s-used" in page
    assert " data-ro" not in page
    assert "/images/pull/?host=lab&amp;reference=registry.lab%3A5000%2Fshop%2Fweb%3A1.0" in page


def test_an_image_without_a_tag_cannot_be_pulled_again(
    fake: FakeEngine, host: Host, operator: User, client: Client
) -> None:
    image = make.image(host, docker_id=fake.add_image("").id)
    page = text(look(client, operator, f"/h/lab/i/{image.short_id}/"))
    assert 'data-do="remove"' in page
    assert "/images/pull/?host" not in page


# -- Its environment --------------------------------------------------------------------------


def reveal(client: Client, web: Image, *names: str, **more: str) -> HttpResponse:
    path = f"/h/lab/i/{web.docker_id}/-/reveal/"
    headers = {"accept": "application/json"}
    return client.post(path, {"names": names, **more}, headers=headers)  # type: ignore[return-value]


def test_an_administrator_reveals_a_variable_and_the_trail_has_its_name_only(
    web: Image, host_admin: User, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert f"/h/lab/i/{web.docker_id}/-/reveal/" in text(look(client, host_admin, PAGE))
    with caplog.at_level(logging.DEBUG):
        answer = reveal(client, web, "TOKEN")
    assert json.loads(answer.content) == {"values": {"TOKEN": SECRET}}
    assert answer["Cache-Control"] == "no-store"
    entry = AuditEntry.objects.get(action="image.reveal")
    assert (entry.target, entry.params) == (web.docker_id, {"names": ["TOKEN"]})
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 403), ("operator", 403), ("stranger", 404)]
)
def test_nobody_else_reveals(
    web: Image, client: Client, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    make.session(client, request.getfixturevalue(who))
    answer = reveal(client, web, "TOKEN", password=make.PASSWORD)
    assert answer.status_code == status
    assert SECRET not in answer.content.decode()


def test_revealing_needs_the_password_again_and_a_name_that_is_there(
    web: Image, host_admin: User, client: Client
) -> None:
    make.session(client, host_admin)
    UserSession.objects.update(confirmed=now().replace(year=2020))
    refused = reveal(client, web, "TOKEN")
    assert (refused.status_code, json.loads(refused.content)["code"]) == (403, "step_up_required")
    assert reveal(client, web, "NOPE", password=make.PASSWORD).status_code == 404
    assert not AuditEntry.objects.filter(action="image.reveal").exists()


# -- The API ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", [TAG, "ID", DIGEST])
def test_the_api_tells_one_image_with_its_configuration(
    script: Script, web: Image, reference: str
) -> None:
    name = web.docker_id if reference == "ID" else reference
    answer = script.get(f"hosts/lab/images/{name}")
    assert answer.status == 200
    assert (answer.body["id"], answer.body["tags"]) == (web.docker_id, [TAG])
    assert answer.body["config"]["environment"] == {"TOKEN": "***", "EMPTY": ""}
    assert answer.body["config"]["platform"] == "linux/amd64"
    assert answer.body["config"]["layers"] == [BASE, TOP]
    assert SECRET.encode() not in answer.content


def test_its_history_comes_newest_first_with_layers(script: Script, web: Image) -> None:
    answer = script.get(f"{API}/history")
    assert [(each["size"], each["layer"], each["empty"]) for each in answer.body["items"]] == [
        (1_000_000, TOP, False),
        (0, None, True),
        (4_000_000, BASE, False),
    ]
    assert answer.body["bytes"] == 5_000_000
    assert SECRET.encode() not in answer.content


def test_a_failing_engine_keeps_its_words(script: Script, web: Image, fake: FakeEngine) -> None:
    fake.fail("GET .*/images/", 500, "the disk fell off")
    answer = script.get(f"{API}/history")
    assert is_problem(answer, 502, "refused")
    assert "the disk fell off" in answer.body["detail"]
    whole = script.get(API)
    assert (whole.status, whole.body["config"]) == (200, None)
    assert "the disk fell off" in whole.body["error"]
    assert whole.body["size"] == 5_000_000


def test_an_image_that_has_just_gone_is_404(script: Script, web: Image, fake: FakeEngine) -> None:
    fake.daemon.images.clear()
    assert is_problem(script.get(f"{API}/history"), 404, "not_found")
    assert is_problem(script.get(API), 404, "not_found")
