"""People, tokens and the trail over the API."""

import pytest
from django.test import Client

from accounts_app.models import ApiToken, Role, User
from hosts_app.models import Host
from tests import make
from tests.unit.script import ROOT, Answer, Script, fields, is_problem

PASSWORD = "another long passphrase"


@pytest.fixture
def script(admin: User) -> Script:
    return Script(admin)


def test_me_says_who_is_asking_and_with_what(viewer: User, host: Host) -> None:
    me = Script(viewer, "read").get("me").body
    assert me["username"] == "viewer"
    assert me["grants"] == [{"host": "lab", "role": "viewer"}]
    assert not me["administrator"]
    assert me["token"]["scope"] == "read"


def test_an_account_is_made_with_its_roles(script: Script, host: Host) -> None:
    grants = [{"host": "lab", "role": "operator"}]
    body = {"username": "mia", "password": PASSWORD, "grants": grants}
    answer = script.post("users", body)
    assert answer.status == 201
    assert answer.body["grants"] == grants
    assert PASSWORD not in str(answer.content)
    assert User.objects.get(username="mia").check_password(PASSWORD)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"username": "mia"}, {"password"}),
        ({"username": "mia", "password": "short"}, {"password"}),
        ({"username": "a b", "password": PASSWORD}, {"username"}),
        ({"username": "admin", "password": PASSWORD}, {"username"}),
        ({"username": "mia", "password": PASSWORD, "is_active": True}, {"is_active"}),
        (
            {"username": "mia", "password": PASSWORD, "grants": [{"host": "lab", "role": "god"}]},
            {"grants.0.role"},
        ),
        (
            {"username": "mia", "password": PASSWORD, "grants": [{"host": "x", "role": "viewer"}]},
            {"grants"},
        ),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(
    script: Script, body: object, wrong: set[str]
) -> None:
    assert fields(script.post("users", body)) == wrong


def test_roles_and_activity_change_together(script: Script, viewer: User, host: Host) -> None:
    body = {"grants": [{"host": "*", "role": "operator"}], "active": False}
    answer = script.ask("PATCH", "users/viewer", body)
    assert answer.body["grants"] == body["grants"]
    assert not answer.body["active"]
    viewer.refresh_from_db()
    assert (viewer.fleet_role, viewer.is_active) == (Role.OPERATOR, False)


def test_the_last_administrator_stays(script: Script) -> None:
    assert is_problem(script.ask("DELETE", "users/admin"), 409, "conflict")


def test_an_account_is_removed(script: Script, viewer: User) -> None:
    assert script.ask("DELETE", "users/viewer").status == 204
    assert is_problem(script.get("users/viewer"), 404, "not_found")


def test_a_token_is_told_once_and_works(script: Script, host: Host) -> None:
    answer = script.post("tokens", {"name": "ci", "scope": "read", "hosts": ["lab"]})
    assert answer.status == 201
    assert answer.body["token"].startswith("qd_")
    assert answer.body["token"].encode() not in script.get("tokens").content
    used = Script(None)
    used.headers["Authorization"] = f"Bearer {answer.body['token']}"
    assert used.get("hosts").body["total"] == 1
    assert script.ask("DELETE", f"tokens/{answer.body['id']}").status == 204
    assert is_problem(used.get("hosts"), 401, "signed_out")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"name": "ci", "scope": "root"}, {"scope"}),
        ({"name": "", "scope": "read"}, {"name"}),
        ({"name": "ci", "scope": "read", "hosts": ["nowhere"]}, {"hosts"}),
        ({"name": "ci", "scope": "read", "hosts": "lab"}, {"hosts"}),
        ({"name": "ci", "scope": "read", "expires": "tomorrow"}, {"expires"}),
        ({"name": "ci", "scope": "read", "expires": "2999-01-01T00:00:00Z"}, {"expires"}),
        ({"name": "ci", "scope": "read", "expires": 5}, {"expires"}),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    script: Script, host: Host, body: object, wrong: set[str]
) -> None:
    assert fields(script.post("tokens", body)) == wrong


def test_a_token_below_admin_makes_none_and_ends_only_itself(operator: User) -> None:
    script = Script(operator, "operate")
    other, own = make_token(operator), ApiToken.objects.get(name="tests")
    assert script.post("tokens", {"name": "x", "scope": "read"}).status == 403
    assert is_problem(script.ask("DELETE", f"tokens/{other}"), 403, "forbidden")
    assert script.ask("DELETE", f"tokens/{own.pk}").status == 204


def test_a_token_that_may_read_changes_nothing_not_even_itself(viewer: User) -> None:
    script = Script(viewer, "read")
    own = ApiToken.objects.get(name="tests")
    assert is_problem(script.ask("DELETE", f"tokens/{own.pk}"), 403, "forbidden")
    assert ApiToken.objects.exists()


def test_a_token_of_somebody_else_does_not_exist(script: Script, viewer: User) -> None:
    answer = script.ask("DELETE", f"tokens/{make_token(viewer)}")
    assert is_problem(answer, 404, "not_found")


def make_token(user: User) -> int:
    Script(user)
    row = ApiToken.objects.filter(user=user).latest("pk")
    ApiToken.objects.filter(pk=row.pk).update(name="another")
    return row.pk


# -- A browser's session -------------------------------------------------------------------


def test_a_session_needs_its_csrf_token(operator: User, host: Host) -> None:
    container = make.container(host)
    browser = make.session(Client(enforce_csrf_checks=True), operator)
    path = f"{ROOT}hosts/lab/containers/{container.docker_id}/start"
    refused = Answer(browser.post(path, "{}", content_type="application/json"))
    assert is_problem(refused, 403, "forbidden")
    browser.get("/containers/")
    token = browser.get("/containers/").context["csrf_token"]
    allowed = browser.post(
        path, "{}", content_type="application/json", headers={"X-CSRFToken": str(token)}
    )
    assert allowed.status_code == 202


@pytest.mark.parametrize("deed", ["start", "stop"])
def test_a_form_whose_body_was_read_already_is_400(operator: User, host: Host, deed: str) -> None:
    """The CSRF check looks into a form for its token, and then the body is gone."""
    container = make.container(host)
    browser = make.session(Client(enforce_csrf_checks=True), operator)
    token = str(browser.get("/containers/").context["csrf_token"])
    path = f"{ROOT}hosts/lab/containers/{container.docker_id}/{deed}"
    answer = browser.post(path, {"timeout": "3", "csrfmiddlewaretoken": token})
    assert is_problem(Answer(answer), 400, "malformed")


def test_a_session_that_gave_its_password_long_ago_is_asked_again(admin: User, host: Host) -> None:
    browser = make.session(Client(), admin)
    admin.sessions.update(confirmed=None)
    answer = browser.delete(f"{ROOT}hosts/lab")
    assert is_problem(Answer(answer), 403, "step_up_required")
    wrong = browser.delete(
        f"{ROOT}hosts/lab", '{"password": "wrong"}', content_type="application/json"
    )
    assert is_problem(Answer(wrong), 403, "step_up_required")
    body = f'{{"password": "{make.PASSWORD}"}}'
    right = browser.delete(f"{ROOT}hosts/lab", body, content_type="application/json")
    assert right.status_code == 204


def test_cookie_and_token_together_are_400(admin: User) -> None:
    browser = make.session(Client(), admin)
    token = Script(admin).headers
    assert is_problem(Answer(browser.get(f"{ROOT}me", headers=token)), 400, "malformed")


@pytest.mark.parametrize("place", ["?token=", "?access_token=", "?Authorization=Bearer "])
def test_a_token_in_the_address_is_no_token(admin: User, place: str) -> None:
    token = Script(admin).headers["Authorization"].removeprefix("Bearer ")
    assert is_problem(Script(None).get(f"me{place}{token}"), 401, "signed_out")


# -- The trail -----------------------------------------------------------------------------


def test_the_trail_tells_what_was_done(script: Script, host: Host) -> None:
    container = make.container(host)
    script.post(f"hosts/lab/containers/{container.docker_id}/stop")
    row = script.get("audit?action=container.stop").body["items"][0]
    assert set(row) >= {"at", "actor", "action", "host", "target", "outcome", "job"}
    assert (row["actor"], row["host"], row["target"]) == ("admin", "lab", container.docker_id)
    assert (row["outcome"], row["auth"]) == ("requested", "token")


@pytest.mark.parametrize(
    "query", ["outcome=odd", "since=yesterday", "sort=mac", "actor__username=a", "page_size=0"]
)
def test_a_filter_of_the_trail_that_makes_no_sense_is_named(script: Script, query: str) -> None:
    assert fields(script.get(f"audit?{query}")) == {query.partition("=")[0]}
