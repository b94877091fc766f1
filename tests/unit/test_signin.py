"""Signing in: wrong passwords are counted, and nobody is locked out from elsewhere."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.core.handlers.asgi import ASGIRequest
from django.test import Client, override_settings
from django.utils.timezone import now

from accounts_app import signin
from accounts_app.models import AuditEntry, SignInFailure, User, UserSession
from core.http import client_ip
from dashboard import settings as site
from tests import make

HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


def try_in(
    name: str,
    password: str = "wrong",
    *,
    ip: str = HERE,
    forwarded: str | None = None,
    client: Client | None = None,
) -> int:
    sent = {"username": name, "password": password}
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    answer = (client or Client()).post("/login/", sent, REMOTE_ADDR=ip, headers=headers)
    return answer.status_code


def lock(name: str, *, ip: str = HERE) -> None:
    for _attempt in range(signin.FAILURES):
        assert try_in(name, ip=ip) == 422


def test_the_right_password_opens(admin: User) -> None:
    assert try_in("admin", make.PASSWORD) == 302
    assert AuditEntry.objects.get(action="session.create").outcome == "succeeded"


def test_name_and_password_are_told_apart_from_neither(admin: User) -> None:
    answers = [
        Client().post("/login/", {"username": name, "password": "wrong"}).content
        for name in ("admin", "nobody")
    ]
    words = [b"The user name or the password is wrong." in answer for answer in answers]
    assert words == [True, True]


def test_ten_wrong_passwords_close_even_for_the_right_one(admin: User) -> None:
    lock("admin")
    answer = Client().post(
        "/login/", {"username": "admin", "password": make.PASSWORD}, REMOTE_ADDR=HERE
    )
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60 + 1
    assert AuditEntry.objects.filter(action="session.create", outcome="denied").count() == 10


def test_a_closed_name_costs_no_hash(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    lock("admin")
    monkeypatch.setattr(signin, "authenticate", lambda *_a, **_k: pytest.fail("it hashed"))
    assert try_in("admin", make.PASSWORD) == 429


def test_the_door_opens_again_after_a_quarter_of_an_hour(admin: User) -> None:
    lock("admin")
    with time_machine.travel(now() + timedelta(minutes=15, seconds=2)):
        assert try_in("admin", make.PASSWORD) == 302


@pytest.mark.parametrize("spelling", ["ADMIN", "admín", " admin ", "ａｄｍｉｎ", "Ádmin"])
def test_all_spellings_of_a_name_share_one_counter(admin: User, spelling: str) -> None:
    for attempt in range(signin.FAILURES):
        assert try_in(spelling, ip=f"10.1.0.{attempt}") == 422
    assert try_in("admin", make.PASSWORD, ip="10.9.9.9") == 429


def test_one_address_may_not_try_many_names(admin: User) -> None:
    for attempt in range(signin.FAILURES):
        try_in(f"someone{attempt}")
    assert try_in("admin", make.PASSWORD) == 429
    assert try_in("admin", make.PASSWORD, ip=ELSEWHERE) == 302


def test_a_known_browser_is_not_locked_out_from_elsewhere(admin: User) -> None:
    known = Client()
    assert try_in("admin", make.PASSWORD, ip=ELSEWHERE, client=known) == 302
    lock("admin", ip=HERE)
    assert try_in("admin", make.PASSWORD, ip="10.0.0.3") == 429
    assert try_in("admin", make.PASSWORD, ip=ELSEWHERE, client=known) == 302


def test_a_known_browser_that_guesses_is_locked_all_the_same(admin: User) -> None:
    known = Client()
    assert try_in("admin", make.PASSWORD, ip=ELSEWHERE, client=known) == 302
    for _attempt in range(signin.FAILURES):
        assert try_in("admin", ip=ELSEWHERE, client=known) == 422
    assert try_in("admin", make.PASSWORD, ip=ELSEWHERE, client=known) == 429


def test_nobody_sends_us_a_known_browser_of_his_own_making(admin: User) -> None:
    lock("admin", ip=ELSEWHERE)
    forged = Client()
    forged.cookies["known"] = "admin:1abc:forged"
    assert try_in("admin", make.PASSWORD, client=forged) == 429


def test_success_forgets_what_was_wrong_before(admin: User) -> None:
    for _attempt in range(signin.FAILURES - 1):
        try_in("admin")
    assert try_in("admin", make.PASSWORD) == 302
    assert not SignInFailure.objects.exists()


def test_a_wrong_name_is_kept_in_the_trail_with_its_address(admin: User) -> None:
    try_in("nobody", ip=ELSEWHERE)
    row = AuditEntry.objects.get(action="session.create")
    assert (row.outcome, row.target_name, row.actor, row.ip) == (
        "denied", "nobody", "", ELSEWHERE,
    )  # fmt: skip


# -- Whose address it is -------------------------------------------------------------------


def test_an_invented_address_does_not_reset_the_limit(admin: User) -> None:
    for attempt in range(signin.FAILURES):
        try_in("admin", forwarded=f"10.2.0.{attempt}")
    assert set(SignInFailure.objects.values_list("ip", flat=True)) == {HERE}


@override_settings(TRUSTED_PROXIES=1)
def test_behind_one_proxy_the_last_hop_is_the_client(admin: User) -> None:
    try_in("admin", forwarded="1.1.1.1, 10.3.0.1")
    assert SignInFailure.objects.get().ip == "10.3.0.1"


@override_settings(TRUSTED_PROXIES=1)
@pytest.mark.parametrize("hops", ["", "unknown", "10.0.0.1; DROP", "1.2.3.4, "])
def test_a_hop_that_is_no_address_counts_as_none(admin: User, hops: str) -> None:
    try_in("admin", ip=ELSEWHERE, forwarded=hops)
    assert SignInFailure.objects.get().ip == ELSEWHERE


@override_settings(TRUSTED_PROXIES=1)
def test_a_header_with_underscores_is_not_the_proxys() -> None:
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"",
        "client": (HERE, 1), "server": ("testserver", 80),
        "headers": [(b"host", b"testserver"), (b"x_forwarded_for", b"10.6.6.6")],
    }  # fmt: skip
    assert client_ip(ASGIRequest(scope, SimpleNamespace())) == HERE  # type: ignore[arg-type]


# -- The session it makes ------------------------------------------------------------------


@pytest.fixture
def anonymous() -> Client:
    return Client()


def test_the_session_gets_a_new_key(admin: User, anonymous: Client) -> None:
    session = anonymous.session
    session["before"] = "planted"
    session.save()
    planted = session.session_key
    anonymous.cookies["quarterdeck_session"] = planted or ""
    assert try_in("admin", make.PASSWORD, client=anonymous) == 302
    assert anonymous.session.session_key != planted
    assert UserSession.objects.get().session_key == anonymous.session.session_key


def test_signing_in_again_changes_the_key_too(admin: User, anonymous: Client) -> None:
    try_in("admin", make.PASSWORD, client=anonymous)
    before = anonymous.session.session_key
    assert try_in("admin", make.PASSWORD, client=anonymous) == 302
    assert anonymous.session.session_key != before
    assert UserSession.objects.count() == 1


def test_its_cookie_is_for_this_site_alone(admin: User, anonymous: Client) -> None:
    try_in("admin", make.PASSWORD, client=anonymous)
    cookie = anonymous.cookies["quarterdeck_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert int(cookie["max-age"]) <= 24 * 3600


def test_signing_out_ends_it_and_clears_what_the_browser_kept(
    admin: User, anonymous: Client
) -> None:
    try_in("admin", make.PASSWORD, client=anonymous)
    key = anonymous.session.session_key or ""
    answer = anonymous.post("/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert not UserSession.objects.exists()
    stolen = Client()
    stolen.cookies["quarterdeck_session"] = key
    assert stolen.get("/jobs/").status_code == 302


def test_signing_out_by_a_link_is_impossible(admin: User, anonymous: Client) -> None:
    try_in("admin", make.PASSWORD, client=anonymous)
    assert anonymous.get("/logout/").status_code == 405
    assert UserSession.objects.exists()


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_nobody_is_sent_elsewhere_after_signing_in(admin: User, wanted: str) -> None:
    answer = Client().post(
        "/login/", {"username": "admin", "password": make.PASSWORD, "next": wanted}
    )
    assert answer["Location"] == "/"


def test_passwords_are_kept_as_argon2() -> None:
    with override_settings(PASSWORD_HASHERS=site.PASSWORD_HASHERS):
        assert make_password(make.PASSWORD).startswith("argon2")
