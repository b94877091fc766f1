"""The first administrator: whoever holds the one-time token, and nobody else."""

import stat
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import AuditEntry, DeniedAttempt, Role, SetupToken, User
from accounts_app.services import ensure_admin, new_setup_token

FRESH = "a fresh long password"
FILE = Path(settings.DATA_DIR) / "setup-token"


def set_up(token: str, username: str = "ada", password: str = FRESH) -> int:
    sent = {"token": token, "username": username, "password": password}
    return Client().post("/setup/", sent).status_code


@pytest.fixture
def token(db: None) -> Iterator[str]:
    yield new_setup_token()
    FILE.unlink(missing_ok=True)


def test_the_token_makes_one_administrator_who_is_signed_in(token: str) -> None:
    client = Client()
    sent = {"token": f" {token} ", "username": "ada", "password": FRESH}
    assert client.post("/setup/", sent).status_code == 302
    assert User.objects.get().fleet_role == Role.ADMINISTRATOR
    assert client.get("/jobs/").status_code == 200
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["user.create", "session.create"]


@pytest.mark.parametrize("wrong", ["wrong", "ü", " "])
def test_a_wrong_token_is_refused(token: str, wrong: str) -> None:
    assert set_up(wrong) in {403, 422}
    assert not User.objects.exists()


def test_no_token_is_refused(token: str) -> None:
    assert Client().post("/setup/", {"username": "ada", "password": FRESH}).status_code == 422


def test_guessing_is_in_the_list_of_denied_attempts(token: str) -> None:
    set_up("wrong")
    assert DeniedAttempt.objects.get().action == "setup"


def test_guesses_are_limited(token: str) -> None:
    answers = [set_up("wrong") for _attempt in range(12)]
    assert answers == [403] * 10 + [429] * 2
    assert set_up(token) == 429


def test_a_bad_password_costs_nothing_but_another_try(token: str) -> None:
    assert set_up(token, password="short") == 422
    assert set_up(token) == 302


def test_an_hour_later_it_is_worth_nothing(token: str) -> None:
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert set_up(token) == 403


def test_the_command_prints_a_new_one(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    with time_machine.travel(now() + timedelta(minutes=61)):
        call_command("setup_token")
        fresh = capsys.readouterr().out.strip()
        assert set_up(token) == 403
        assert set_up(fresh) == 302


def test_the_command_is_closed_once_there_is_an_administrator(admin: User) -> None:
    with pytest.raises(CommandError, match="administrator already"):
        call_command("setup_token")


def test_afterwards_the_page_does_not_exist(admin: User) -> None:
    assert Client().get("/setup/").status_code == 404
    assert set_up("anything") == 404


def test_before_it_every_page_leads_to_it(token: str) -> None:
    assert Client().get("/login/")["Location"] == "/setup/"


def test_its_file_is_for_us_alone_and_goes_with_it(token: str) -> None:
    assert FILE.read_text().strip() == token
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600
    set_up(token)
    assert not FILE.exists()


def test_only_its_hash_is_in_the_database(token: str) -> None:
    assert token not in str(list(SetupToken.objects.values()))


def test_no_account_exists_by_default(db: None) -> None:
    assert not User.objects.exists()


def test_the_environment_can_name_the_first_administrator(db: None) -> None:
    ensure_admin("ada", FRESH)
    ensure_admin("ADA", "another long password")
    assert User.objects.get().check_password(FRESH)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_one_becomes_administrator() -> None:
    token = new_setup_token()
    answers: list[int] = []
    ready = threading.Barrier(20)

    def post(number: int) -> None:
        try:
            ready.wait()
            answers.append(set_up(token, username=f"ada{number}"))
        finally:
            connection.close()

    threads = [threading.Thread(target=post, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(302) == 1
    assert set(answers) == {302, 404}
    assert User.objects.count() == 1
