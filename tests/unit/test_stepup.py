"""What decides who may do what asks for the password again, unless it was given just now."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, DeniedAttempt, SignInFailure, User, UserSession
from hosts_app.people_tokens import create_token
from tests import make

FRESH = "a fresh long password"
DISABLE = "/settings/users/operator/disable/"


@pytest.fixture
def page(client: Client, admin: User, operator: User) -> Client:
    """An administrator whose password is eleven minutes old."""
    make.session(client, admin)
    UserSession.objects.update(confirmed=now() - timedelta(minutes=11))
    return client


def is_active() -> bool:
    return User.objects.get(username="operator").is_active


def test_a_button_leads_to_a_page_that_asks_and_repeats(page: Client) -> None:
    answer = page.post(DISABLE, {"reason": "<left>"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert is_active()
    assert f'action="{DISABLE}"' in text
    assert '<input type="hidden" name="reason" value="&lt;left&gt;">' in text
    assert 'name="password"' in text
    assert page.post(DISABLE, {"reason": "<left>", "password": make.PASSWORD}).status_code == 302
    assert not is_active()


def test_a_wrong_password_is_told_at_the_field_and_counted(page: Client) -> None:
    answer = page.post(DISABLE, {"password": "wrong"})
    assert answer.status_code == 403
    assert "This is not your password." in answer.content.decode()
    assert is_active()
    assert SignInFailure.objects.get().name == "admin"
    assert AuditEntry.objects.get(action="session.confirm").outcome == "denied"


def test_guessing_it_ends_like_guessing_at_the_door(page: Client) -> None:
    for _attempt in range(10):
        page.post(DISABLE, {"password": "wrong"})
    answer = page.post(DISABLE, {"password": make.PASSWORD})
    assert answer.status_code == 429
    assert is_active()


def test_given_once_it_holds_for_ten_minutes(page: Client) -> None:
    page.post(DISABLE, {"password": make.PASSWORD})
    assert page.post("/settings/users/operator/enable/").status_code == 302
    UserSession.objects.update(confirmed=now() - timedelta(minutes=10, seconds=1))
    assert page.post(DISABLE).status_code == 403


def test_given_in_one_browser_it_does_not_hold_in_another(page: Client, admin: User) -> None:
    make.session(Client(), admin)  # signed in this minute
    assert page.post(DISABLE).status_code == 403


def test_scripts_of_the_page_are_told_by_a_code(page: Client) -> None:
    answer = page.post(DISABLE, headers={"Accept": "application/json"})
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "step_up_required"


def test_being_asked_is_no_denied_attempt(page: Client) -> None:
    page.post(DISABLE)
    assert not DeniedAttempt.objects.exists()


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/settings/users/new/", {"username": "bea", "new_password": FRESH, "everywhere": "0"}),
        ("/settings/users/operator/roles/", {"everywhere": "1"}),
        ("/settings/users/operator/password/", {"new_password": FRESH}),
        ("/settings/profile/tokens/", {"name": "script", "scope": "read", "expires": "soon"}),
    ],
)
def test_a_form_shows_the_field_with_the_error_and_keeps_the_rest(
    page: Client, address: str, sent: dict[str, str]
) -> None:
    rows = {"grants-TOTAL_FORMS": "0", "grants-INITIAL_FORMS": "0"}
    if "expires" in sent:
        sent = sent | {"expires": (now() + timedelta(days=9)).date().isoformat()}
    answer = page.post(address, sent | rows)
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "This needs your password again." in text
    assert 'name="password"' in text
    assert FRESH not in text
    for name in ("username", "name", "expires"):
        assert name not in sent or f'value="{sent[name]}"' in text
    done = page.post(address, sent | rows | {"password": make.PASSWORD})
    assert done.status_code in {200, 302}


def test_a_form_asks_at_once_when_it_will_have_to(page: Client) -> None:
    assert 'name="password"' in page.get("/settings/users/new/").content.decode()
    UserSession.objects.update(confirmed=now())
    assert 'name="password"' not in page.get("/settings/users/new/").content.decode()


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("operate", 403), ("admin", 200)])
def test_a_token_needs_the_scope_admin_instead(
    admin: User, operator: User, scope: str, status: int
) -> None:
    _row, token = create_token(admin, "script", scope)
    answer = Client().patch(
        "/api/v1/users/operator",
        {"active": False},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == status
    assert is_active() is (status == 403)
