"""What administrators do with accounts, and what the site refuses them."""

import threading

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from accounts_app.models import AuditEntry, Role, User, UserSession
from core.errors import Conflict, Forbidden, Invalid
from hosts_app import people
from hosts_app.models import Grant, Host
from hosts_app.people_tokens import create_token
from tests import make

FRESH = "a fresh long password"


def roles_form(everywhere: str = "0", *rows: tuple[str, str]) -> dict[str, str]:
    sent = {
        "everywhere": everywhere,
        "grants-TOTAL_FORMS": str(len(rows)),
        "grants-INITIAL_FORMS": "0",
    }
    for number, (host, role) in enumerate(rows):
        sent |= {f"grants-{number}-host": host, f"grants-{number}-role": role}
    return sent


@pytest.fixture
def page(client: Client, admin: User) -> Client:
    return make.session(client, admin)


def test_an_administrator_makes_an_account_with_roles(page: Client, host: Host) -> None:
    sent = roles_form("1", ("lab", "2")) | {"username": "bea", "new_password": FRESH}
    answer = page.post("/settings/users/new/", sent)
    assert answer.status_code == 302
    bea = User.objects.get(username="bea")
    assert bea.check_password(FRESH)
    assert people.roles_of(bea) == {"*": Role.VIEWER, "lab": Role.OPERATOR}


def test_the_list_names_roles_and_who_is_disabled(
    page: Client, operator: User, stranger: User
) -> None:
    User.objects.filter(pk=stranger.pk).update(is_active=False)
    text = page.get("/settings/users/").content.decode()
    assert "lab: Operator" in text
    assert "All hosts: Administrator" in text
    assert "Disabled" in text


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"username": "ADMIN"}, "This name is taken."),
        ({"username": "a b"}, "Letters, digits"),
        ({"username": "new"}, "This name is reserved."),
        ({"username": ".."}, "A name needs a letter or a digit."),
        ({"new_password": "short"}, "at least 12 characters"),
        ({"new_password": "password1234"}, "too common"),
        ({"grants-0-host": ""}, "On which host?"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(
    page: Client, host: Host, said: dict[str, str], complaint: str
) -> None:
    sent = roles_form("0", ("lab", "2")) | {"username": "bea", "new_password": FRESH} | said
    answer = page.post("/settings/users/new/", sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert complaint in text
    assert f'value="{sent["username"]}"' in text
    assert '<option value="2" selected>' in text
    assert FRESH not in text
    assert not User.objects.filter(username="bea").exists()


def test_the_same_host_twice_is_refused(page: Client, host: Host) -> None:
    sent = roles_form("0", ("lab", "1"), ("lab", "2")) | {"username": "bea", "new_password": FRESH}
    answer = page.post("/settings/users/new/", sent)
    assert answer.status_code == 422
    assert "in another row already" in answer.content.decode()


def test_a_password_of_128_characters_is_taken(admin: User) -> None:
    assert people.create(admin, "bea", "ab3$" * 32, {}).check_password("ab3$" * 32)


def test_changed_roles_hold_at_once_and_end_the_sessions(
    page: Client, operator: User, host: Host
) -> None:
    theirs = make.session(Client(), operator)
    assert theirs.get("/jobs/").status_code == 200
    page.post(f"/settings/users/{operator.username}/roles/", roles_form("0", ("lab", "1")))
    assert people.roles_of(operator) == {"lab": Role.VIEWER}
    assert theirs.get("/jobs/").status_code == 302
    assert not UserSession.objects.filter(user=operator).exists()


def test_saving_the_same_roles_ends_nothing(admin: User, operator: User) -> None:
    make.session(Client(), operator)
    people.set_roles(admin, "operator", people.roles_of(operator))
    assert UserSession.objects.filter(user=operator).exists()


def test_a_row_without_a_role_takes_it_away(page: Client, operator: User) -> None:
    page.post("/settings/users/operator/roles/", roles_form("0", ("lab", "")))
    assert not Grant.objects.filter(user=operator).exists()


def test_a_disabled_person_is_out_at_once_and_stays_out(
    page: Client, operator: User, client: Client
) -> None:
    theirs = make.session(Client(), operator)
    page.post("/settings/users/operator/disable/")
    assert theirs.get("/jobs/").status_code == 302
    sent = {"username": "operator", "password": make.PASSWORD}
    assert Client().post("/login/", sent).status_code == 422
    page.post("/settings/users/operator/enable/")
    assert Client().post("/login/", sent).status_code == 302


def test_a_set_password_ends_their_sessions(page: Client, operator: User) -> None:
    make.session(Client(), operator)
    page.post("/settings/users/operator/password/", {"new_password": FRESH})
    assert not UserSession.objects.filter(user=operator).exists()
    operator.refresh_from_db()
    assert operator.check_password(FRESH)


def test_set_password_can_take_the_tokens_with_it(
    admin: User, operator: User, token_of: object
) -> None:
    people.set_password(admin, "operator", FRESH)
    assert operator.tokens.count() == 1
    people.set_password(admin, "operator", FRESH + "2", revoke_tokens=True)
    assert operator.tokens.count() == 0


@pytest.fixture
def token_of(operator: User) -> None:
    create_token(operator, "script", "read")


def test_ending_all_sessions_leaves_no_trace_of_them(page: Client, operator: User) -> None:
    theirs = make.session(Client(), operator)
    key = theirs.session.session_key
    page.post("/settings/users/operator/end-sessions/")
    assert not Session.objects.filter(session_key=key).exists()
    assert theirs.get("/jobs/").status_code == 302


def test_a_deleted_account_is_gone_and_its_deeds_stay_in_the_trail(
    page: Client, operator: User
) -> None:
    page.post("/settings/users/operator/delete/")
    assert not User.objects.filter(username="operator").exists()
    row = AuditEntry.objects.filter(action="user.delete").get()
    assert (row.actor, row.target, row.target_name) == ("admin", str(operator.pk), "operator")


# -- The last administrator, and oneself ---------------------------------------------------


@pytest.mark.parametrize("deed", ["roles", "disable", "delete"])
def test_nobody_takes_his_own_rights_by_accident(page: Client, admin: User, deed: str) -> None:
    make.user("second", role=Role.ADMINISTRATOR, everywhere=True)
    answer = page.post(f"/settings/users/admin/{deed}/", roles_form("1"))
    assert answer.status_code == 409
    assert "your own" in answer.content.decode()
    admin.refresh_from_db()
    assert admin.is_administrator


@pytest.mark.parametrize("change", [{"roles": {"*": Role.OPERATOR}}, {"active": False}])
def test_the_last_administrator_stays(admin: User, host: Host, change: dict[str, object]) -> None:
    second = make.user("second", role=Role.ADMINISTRATOR, everywhere=True)
    User.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(Conflict, match="last administrator"):
        people.change(second, "admin", **change)  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="last administrator"):
        people.delete(second, "admin")
    admin.refresh_from_db()
    assert admin.is_administrator


def test_of_two_administrators_one_may_go(admin: User) -> None:
    make.user("second", role=Role.ADMINISTRATOR, everywhere=True)
    people.set_roles(admin, "second", {"*": Role.VIEWER})
    assert people.is_last_administrator(admin)


def test_all_or_nothing(admin: User, operator: User) -> None:
    with pytest.raises(Invalid):
        people.change(admin, "operator", roles={"*": Role.VIEWER}, password="short", active=False)
    operator.refresh_from_db()
    assert operator.is_active
    assert people.roles_of(operator) == {"lab": Role.OPERATOR}


# -- Who may -------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["viewer", "operator", "host_admin", "stranger"])
def test_only_administrators_of_all_hosts_manage_people(
    who: str, request: pytest.FixtureRequest, admin: User
) -> None:
    actor = request.getfixturevalue(who)
    page = make.session(Client(), actor)
    for address in ("/settings/users/", "/settings/users/new/", "/settings/users/admin/"):
        assert page.get(address).status_code == 403
    for deed in ("roles", "password", "disable", "enable", "end-sessions", "delete"):
        assert page.post(f"/settings/users/admin/{deed}/").status_code == 403
    with pytest.raises(Forbidden):
        people.users(actor)
    with pytest.raises(Forbidden):
        people.delete(actor, "admin")
    assert "/settings/users/" not in page.get("/jobs/").content.decode()


def test_an_unknown_person_is_not_found(page: Client) -> None:
    assert page.get("/settings/users/nobody/").status_code == 404
    assert page.post("/settings/users/nobody/disable/").status_code == 404


def test_every_change_of_a_person_is_in_the_trail(page: Client, operator: User) -> None:
    page.post("/settings/users/operator/roles/", roles_form("1"))
    page.post("/settings/users/operator/password/", {"new_password": FRESH})
    page.post("/settings/users/operator/disable/")
    page.post("/settings/users/operator/enable/")
    page.post("/settings/users/operator/end-sessions/")
    page.post("/settings/users/operator/delete/")
    actions = (
        AuditEntry.objects.filter(actor="admin").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == [
        "user.roles", "user.password", "user.disable", "user.enable", "session.delete",
        "user.delete",
    ]  # fmt: skip
    changed = AuditEntry.objects.get(action="user.roles")
    assert changed.params == {"before": {"lab": "operator"}, "after": {"*": "viewer"}}
    assert FRESH not in "".join(str(row.params) for row in AuditEntry.objects.all())


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_demote_each_other_at_once_one_stays() -> None:
    pair = [make.user(name, role=Role.ADMINISTRATOR, everywhere=True) for name in ("ada", "bea")]
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def demote(actor: User, other: User) -> None:
        try:
            ready.wait()
            people.set_roles(actor, other.username, {"*": Role.VIEWER})
            outcomes.append("done")
        except Conflict:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=two) for two in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert User.objects.filter(fleet_role=Role.ADMINISTRATOR).count() == 1
