"""Tokens of scripts: shown once, kept as a hash, and never more than their owner."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import ApiToken, AuditEntry, Role, User
from accounts_app.tokens import user_of
from core.errors import Forbidden, Invalid
from hosts_app import people
from hosts_app.models import Host
from hosts_app.people_tokens import create_token
from hosts_app.selectors import hosts_for
from tests import make


def call(token: str, path: str = "me") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return Client().get(f"/api/v1/{path}", headers=headers).status_code


def sent(**said: Any) -> dict[str, Any]:
    day = (now() + timedelta(days=30)).date().isoformat()
    return {"name": "script", "scope": "operate", "expires": day} | said


@pytest.fixture
def page(client: Client, operator: User) -> Client:
    return make.session(client, operator)


def test_it_is_shown_once_and_kept_nowhere(page: Client) -> None:
    answer = page.post("/settings/profile/tokens/", sent())
    token = answer.context["token"]
    assert token in answer.content.decode()
    assert token.startswith("qd_")
    assert len(token) >= 3 + 43
    assert token not in page.get("/settings/profile/").content.decode()
    everything = [*ApiToken.objects.values(), *AuditEntry.objects.values()]
    assert token not in str(everything)
    assert call(token) == 200


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": ""}, "name"),
        ({"scope": "root"}, "scope"),
        ({"expires": "2020-01-01"}, "expires"),
        ({"expires": "2999-01-01"}, "expires"),
        ({"hosts": ["elsewhere"]}, "hosts"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    page: Client, said: dict[str, Any], field: str
) -> None:
    answer = page.post("/settings/profile/tokens/", sent(**said))
    assert answer.status_code == 422
    assert list(answer.context["token_form"].errors) == [field]
    assert not ApiToken.objects.exists()


def test_it_lives_a_year_at_most(operator: User) -> None:
    row, token = create_token(operator, "script", "read")
    assert row.expires <= now() + timedelta(days=365)
    with pytest.raises(Invalid):
        create_token(operator, "script", "read", expires=now() + timedelta(days=366))
    with time_machine.travel(now() + timedelta(days=365, seconds=1)):
        assert call(token) == 401


def test_revoked_it_opens_nothing(page: Client, operator: User) -> None:
    row, token = create_token(operator, "script", "read")
    assert call(token) == 200
    page.post(f"/settings/profile/tokens/{row.pk}/revoke/")
    assert call(token) == 401
    assert AuditEntry.objects.get(action="token.delete").target == str(row.pk)


def test_nobody_revokes_the_token_of_somebody_else(page: Client, admin: User) -> None:
    row, token = create_token(admin, "script", "read")
    assert page.post(f"/settings/profile/tokens/{row.pk}/revoke/").status_code == 404
    assert call(token) == 200


def test_its_last_use_is_known(page: Client, operator: User) -> None:
    row, token = create_token(operator, "script", "read")
    call(token)
    row.refresh_from_db()
    assert row.last_used is not None


def test_of_a_disabled_owner_it_opens_nothing(admin: User, operator: User) -> None:
    _row, token = create_token(operator, "script", "read")
    people.set_active(admin, "operator", active=False)
    assert call(token) == 401


def test_it_loses_what_its_owner_loses(admin: User, operator: User) -> None:
    _row, token = create_token(operator, "script", "operate")
    people.set_roles(admin, "operator", {})
    user = user_of(token)
    assert user is not None
    assert not hosts_for(user).exists()


def test_it_is_cut_to_its_scope_and_hosts(admin: User, host: Host) -> None:
    make.host("other")
    _row, token = create_token(admin, "script", "operate", hosts=["lab"])
    user = user_of(token)
    assert user is not None
    assert [found.slug for found in hosts_for(user, Role.OPERATOR)] == ["lab"]
    assert not hosts_for(user, Role.ADMINISTRATOR).exists()
    assert not user.is_administrator
    assert call(token, "users") == 403


def test_a_token_makes_no_token_that_can_more_than_itself(admin: User, host: Host) -> None:
    make.host("other")
    soon = now() + timedelta(days=2)
    _row, token = create_token(admin, "script", "admin", hosts=["lab"], expires=soon)
    user = user_of(token)
    assert user is not None
    row, _token = create_token(user, "child", "admin")
    assert row.hosts == ["lab"]
    assert row.expires <= soon
    with pytest.raises(Invalid):
        create_token(user, "child", "read", hosts=["other"])
    with pytest.raises(Invalid):
        create_token(user, "child", "read", expires=soon + timedelta(seconds=1))


def test_only_an_admin_token_makes_tokens(admin: User) -> None:
    _row, token = create_token(admin, "script", "operate")
    user = user_of(token)
    assert user is not None
    with pytest.raises(Forbidden):
        create_token(user, "child", "read")


def test_the_command_prints_it_alone(operator: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("apitoken", "operator", scope="operate")
    token = capsys.readouterr().out.strip()
    assert call(token) == 200
    assert ApiToken.objects.get().scope == "operate"
