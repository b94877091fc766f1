"""Everybody's own page."""

import pytest
from django.test import Client

from accounts_app.models import AuditEntry, User
from hosts_app.people_rows import device
from hosts_app.people_tokens import create_token
from tests import make

FRESH = "a fresh long password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"


@pytest.fixture
def page(client: Client, viewer: User) -> Client:
    return make.session(client, viewer)


def test_it_shows_who_one_is_and_where_one_is_signed_in(page: Client, viewer: User) -> None:
    make.session(Client(headers={"User-Agent": FIREFOX}), viewer)
    text = page.get("/settings/profile/").content.decode()
    assert "lab: Viewer" in text
    assert text.count("This one") == 1
    assert text.count("/end/") == 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [(FIREFOX, "Firefox, Linux"), (PHONE, "Safari, iPhone"), ("curl/8.1", "curl"), ("x", "x")],
)
def test_a_browser_is_named_in_two_words(agent: str, words: str) -> None:
    assert device(agent) == words


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({"old": "wrong", "new_password": FRESH}, "This is not your password."),
        ({"old": make.PASSWORD, "new_password": "short"}, "at least 12 characters"),
        ({"old": make.PASSWORD, "new_password": "password1234"}, "too common"),
    ],
)
def test_a_password_is_changed_only_for_a_good_one_and_by_its_owner(
    page: Client, viewer: User, sent: dict[str, str], complaint: str
) -> None:
    answer = page.post("/settings/profile/password/", sent)
    assert answer.status_code == 422
    assert complaint in answer.content.decode()
    viewer.refresh_from_db()
    assert viewer.check_password(make.PASSWORD)


def test_a_new_password_can_take_the_tokens_with_it(page: Client, viewer: User) -> None:
    create_token(viewer, "script", "read")
    sent = {"old": make.PASSWORD, "new_password": FRESH, "revoke_tokens": "on"}
    page.post("/settings/profile/password/", sent)
    assert not viewer.tokens.exists()
    row = AuditEntry.objects.get(action="user.password")
    assert row.params == {"also_tokens": True}


def test_the_language_holds_from_the_next_page_on(page: Client, viewer: User) -> None:
    page.post("/settings/profile/preferences/", {"language": "zh-hans", "shortcuts": "on"})
    viewer.refresh_from_db()
    assert (viewer.language, viewer.shortcuts) == ("zh-hans", True)
    assert '<html lang="zh-hans"' in page.get("/settings/profile/").content.decode()
    page.post("/settings/profile/preferences/", {"language": "auto"})
    viewer.refresh_from_db()
    assert (viewer.language, viewer.shortcuts) == ("", False)


def test_a_language_that_we_do_not_have_is_refused(page: Client) -> None:
    answer = page.post("/settings/profile/preferences/", {"language": "tlh"})
    assert answer.status_code == 422


def test_switched_off_shortcuts_are_off_on_every_page(page: Client) -> None:
    assert 'data-keys="on"' in page.get("/jobs/").content.decode()
    page.post("/settings/profile/preferences/", {"language": "auto"})
    assert 'data-keys="off"' in page.get("/jobs/").content.decode()


def test_what_changed_is_told_once(page: Client) -> None:
    page.post("/settings/profile/preferences/", {"language": "auto"})
    assert "Saved." in page.get("/settings/profile/").content.decode()
    assert "Saved." not in page.get("/settings/profile/").content.decode()


def test_strangers_have_a_page_too(client: Client, stranger: User) -> None:
    text = make.session(client, stranger).get("/settings/profile/").content.decode()
    assert "No role" in text
