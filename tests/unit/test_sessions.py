"""How long a session lives, and what ends it; whose request it is."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models import QuerySet
from django.test import Client
from django.utils.timezone import now

from accounts_app import signin
from accounts_app.models import ApiToken, AuditEntry, DeniedAttempt, User, UserSession
from accounts_app.services import end_own_session
from core.errors import NotFound
from hosts_app.people_tokens import create_token
from tests import make

FRESH = "a fresh long password"


@pytest.fixture
def page(client: Client, operator: User) -> Client:
    return make.session(client, operator)


def is_in(client: Client) -> bool:
    return client.get("/jobs/").status_code == 200


def test_eight_hours_without_use_end_it(page: Client) -> None:
    start = now()
    with time_machine.travel(start + timedelta(hours=7, minutes=59)):
        assert is_in(page)
    with time_machine.travel(
        start + timedelta(hours=7, minutes=59) + timedelta(hours=8, minutes=1)
    ):
        assert not is_in(page)


def test_a_day_ends_it_however_busy(page: Client) -> None:
    start = now()
    for hour in range(0, 24, 6):
        with time_machine.travel(start + timedelta(hours=hour)):
            assert is_in(page)
    with time_machine.travel(start + timedelta(hours=23, minutes=59)):
        assert is_in(page)
        page.session.save()  # with which Django would let it live a day longer
    with time_machine.travel(start + timedelta(hours=24, seconds=1)):
        assert not is_in(page)


def test_what_ended_by_age_is_forgotten(page: Client) -> None:
    with time_machine.travel(now() + timedelta(hours=25)):
        signin.forget_ended_sessions()
    assert not UserSession.objects.exists()
    assert not Session.objects.exists()


def test_one_of_ones_own_sessions_can_be_ended(page: Client, operator: User) -> None:
    other = make.session(Client(), operator)
    row = UserSession.objects.get(session_key=other.session.session_key)
    assert page.post(f"/settings/profile/sessions/{row.pk}/end/").status_code == 302
    assert not is_in(other)
    assert is_in(page)


def test_all_others_can_be_ended(page: Client, operator: User) -> None:
    others = [make.session(Client(), operator) for _number in range(2)]
    page.post("/settings/profile/sessions/end-others/")
    assert [is_in(other) for other in others] == [False, False]
    assert is_in(page)


def test_nobody_ends_a_session_of_somebody_else(page: Client, operator: User, admin: User) -> None:
    other = make.session(Client(), admin)
    row = UserSession.objects.get(session_key=other.session.session_key)
    assert page.post(f"/settings/profile/sessions/{row.pk}/end/").status_code == 404
    with pytest.raises(NotFound):
        end_own_session(operator, row.pk)
    assert is_in(other)


def test_a_new_password_ends_the_others_and_gives_this_one_a_new_key(
    page: Client, operator: User
) -> None:
    other = make.session(Client(), operator)
    before = page.session.session_key
    sent = {"old": make.PASSWORD, "new_password": FRESH}
    assert page.post("/settings/profile/password/", sent).status_code == 302
    assert is_in(page)
    assert page.session.session_key != before
    assert not is_in(other)
    assert not Session.objects.filter(session_key=before).exists()
    stolen = Client()
    stolen.cookies["quarterdeck_session"] = before or ""
    assert not is_in(stolen)


def test_a_full_disk_does_not_keep_a_reader_out(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    UserSession.objects.update(seen=now() - timedelta(minutes=5))
    update = QuerySet.update

    def full(rows: QuerySet[UserSession], **values: object) -> int:
        if rows.model is UserSession:
            raise OperationalError("database or disk is full")
        return update(rows, **values)

    monkeypatch.setattr(QuerySet, "update", full)
    assert is_in(page)


# -- Session and token are two ways, never mixed (A13) -------------------------------------


@pytest.fixture
def token(operator: User) -> str:
    return create_token(operator, "script", "operate")[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens_the_api(token: str) -> None:
    assert Client().get("/api/v1/me", headers=bearer(token)).status_code == 200


def test_a_token_and_a_cookie_together_are_refused(page: Client, token: str) -> None:
    answer = page.get("/api/v1/me", headers=bearer(token))
    assert answer.status_code == 400
    answer = page.get("/api/v1/me", headers=bearer("qd_nonsense"))
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["token", "access_token", "api_key"])
def test_a_token_in_the_address_or_body_is_ignored(token: str, name: str) -> None:
    assert Client().get(f"/api/v1/me?{name}={token}").status_code == 401
    answer = Client().post("/api/v1/tokens", {name: token}, content_type="application/json")
    assert answer.status_code in {401, 403}


def test_a_token_opens_no_page(token: str) -> None:
    assert Client().get("/jobs/", headers=bearer(token)).status_code == 400


@pytest.mark.parametrize(
    "header", ["Bearer qd_wrong", "Basic YTpi", "Bearer", "Token x", "Bearer \u00fc"]
)
def test_what_is_no_token_is_401_and_counted(db: None, header: str) -> None:
    answer = Client().get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] == "signed_out"
    assert DeniedAttempt.objects.get().action == "token"


def test_the_trail_tells_session_from_token(page: Client, token: str, operator: User) -> None:
    page.post("/settings/profile/sessions/end-others/")
    row = AuditEntry.objects.get(action="session.delete")
    assert row.auth == "session"
    assert row.session == signin.session_hash(page.session.session_key)
    assert row.ip == "127.0.0.1"
    assert row.request_id
    Client().delete(f"/api/v1/tokens/{ApiToken.objects.get().pk}", headers=bearer(token))
    row = AuditEntry.objects.get(action="token.delete")
    assert (row.auth, row.session) == ("token", "")
