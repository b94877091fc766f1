"""The trail shows whatever was done to it behind its back; every database keeps it alike."""
# ruff: noqa: S608 - the statements here are an attacker's, on a scratch database

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils.timezone import now

from accounts_app import audit
from accounts_app.models import AuditEntry, AuditHead, DeniedAttempt, User
from core.sealed import keyring

TABLE = "accounts_app_auditentry"


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def trail(operator: User) -> list[AuditEntry]:
    """Five rows, and a database whose owner has dropped our triggers."""
    with audit.acting_from(audit.Origin("session", "abc", "10.0.0.1", "req")):
        rows = [
            audit.record(operator, "container.stop", host="lab", target=str(number), grace_s=10)
            for number in range(5)
        ]
    on = "" if connection.vendor == "sqlite" else f" ON {TABLE}"
    for deed in ("update", "delete"):
        sql(f"DROP TRIGGER audit_no_{deed}{on}")
    return rows


def test_rows_can_be_neither_changed_nor_deleted(operator: User) -> None:
    row = audit.record(operator, "container.stop")
    for statement in (
        f"UPDATE {TABLE} SET actor = 'x'",
        f"DELETE FROM {TABLE}",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            sql(statement)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()
    assert audit.first_broken() is None


def test_an_untouched_trail_is_whole(trail: list[AuditEntry], capsys: Any) -> None:
    assert audit.first_broken() is None
    call_command("verify_audit")
    assert "whole" in capsys.readouterr().out


@pytest.mark.parametrize(
    "column",
    ["actor", "auth", "session", "ip", "action", "host", "target", "target_name", "outcome",
     "request_id", "key_id", "mac"],
)  # fmt: skip
def test_every_edited_column_shows(trail: list[AuditEntry], column: str) -> None:
    sql(f"UPDATE {TABLE} SET {column} = 'k0' WHERE id = {trail[2].pk}")
    assert audit.first_broken() == trail[2].pk
    with pytest.raises(CommandError, match=f"altered at row {trail[2].pk}"):
        call_command("verify_audit")


def test_an_edited_time_parameter_or_number_shows(trail: list[AuditEntry]) -> None:
    for column, value in {
        "params": "'{}'",
        "at": "'2020-01-01 00:00:00+00:00'",
        "job": "7",
        "actor_id": "7",
    }.items():
        with transaction.atomic():
            sql(f"UPDATE {TABLE} SET {column} = {value} WHERE id = {trail[1].pk}")
            assert audit.first_broken() == trail[1].pk
            transaction.set_rollback(True)


def test_a_deleted_row_shows_at_the_next(trail: list[AuditEntry]) -> None:
    sql(f"DELETE FROM {TABLE} WHERE id = {trail[2].pk}")
    assert audit.first_broken() == trail[3].pk


def test_an_inserted_row_shows(trail: list[AuditEntry]) -> None:
    copied = AuditEntry.objects.get(pk=trail[4].pk)
    copied.pk, copied.actor = None, "somebody"
    copied.save(force_insert=True)
    assert audit.first_broken() == copied.pk


def test_rows_that_changed_places_show(trail: list[AuditEntry]) -> None:
    first, second = trail[1].pk, trail[2].pk
    for old, new in ((first, -1), (second, first), (-1, second)):
        sql(f"UPDATE {TABLE} SET id = {new} WHERE id = {old}")
    assert audit.first_broken() == first


def test_a_cut_end_shows(trail: list[AuditEntry]) -> None:
    sql(f"DELETE FROM {TABLE} WHERE id >= {trail[3].pk}")
    assert audit.first_broken() == trail[2].pk + 1


def test_a_cut_end_with_a_forged_head_shows_by_its_anchor(
    trail: list[AuditEntry], capsys: Any
) -> None:
    anchor = audit.head()
    sql(f"DELETE FROM {TABLE} WHERE id >= {trail[3].pk}")
    AuditHead.objects.update(last=trail[2].pk, mac=trail[2].mac)
    assert audit.first_broken() is None
    with pytest.raises(CommandError, match="was cut"):
        call_command("verify_audit", anchor=anchor)
    call_command("verify_audit", anchor=f"{trail[2].pk}:{trail[2].mac}")


def test_a_removed_head_shows(trail: list[AuditEntry]) -> None:
    AuditHead.objects.all().delete()
    assert audit.first_broken() == trail[0].pk


def test_an_emptied_trail_shows(trail: list[AuditEntry]) -> None:
    sql(f"DELETE FROM {TABLE}")
    assert audit.first_broken() == 1


def test_the_newest_rows_can_be_checked_alone(trail: list[AuditEntry]) -> None:
    sql(f"UPDATE {TABLE} SET actor = 'x' WHERE id = {trail[1].pk}")
    assert audit.first_broken(newest=2) is None
    assert audit.first_broken(newest=4) == trail[1].pk
    assert audit.first_broken(newest=50) == trail[1].pk


def test_without_its_key_nobody_vouches_for_a_row(
    trail: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"k9": b"9" * 32}
    monkeypatch.setattr(audit, "keyring", lambda: other)
    monkeypatch.setattr("core.sealed.keyring", lambda: other)
    assert audit.first_broken() == trail[0].pk


def test_a_new_key_in_front_leaves_old_rows_whole(
    trail: list[AuditEntry], operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"k9": b"9" * 32, **keyring()}
    monkeypatch.setattr(audit, "keyring", lambda: keys)
    monkeypatch.setattr("core.sealed.keyring", lambda: keys)
    assert audit.record(operator, "container.start").key_id == "k9"
    assert audit.first_broken() is None


def test_its_head_is_written_to_the_log(
    trail: list[AuditEntry], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="accounts_app.audit"):
        audit.announce_head()
    assert f"{trail[4].pk}:{trail[4].mac}" in caplog.text


@pytest.mark.parametrize(
    "value",
    [1.0, 1e22, 1e-7, 0.1, float("inf"), float("nan"), "a\x00b", "\ud800", "容器", ["a", (1, 2)],
     {"b": 1, "a": {"x\x00": 2.0}}, None, True, 10**30, {1: "one"}],
)  # fmt: skip
def test_whatever_is_written_down_reads_back_whole(operator: User, value: Any) -> None:
    audit.record(operator, "test.deed", target="a\x00b", target_name="\ud800", value=value)
    assert audit.first_broken() is None
    json.dumps(AuditEntry.objects.get().params, allow_nan=False)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("password", "hunter2", audit.REDACTED),
        ("registry_token", "hunter2", audit.REDACTED),
        ("environment", {"DB": "hunter2"}, {"DB": audit.REDACTED}),
        ("build_args", {"A": "hunter2"}, {"A": audit.REDACTED}),
        ("options", {"tls_key": "hunter2", "ca": "public"}, {"tls_key": "***", "ca": "public"}),
        ("steps", [{"password": "hunter2"}], [{"password": audit.REDACTED}]),
        ("password", "", ""),
        ("also_tokens", True, True),
    ],
)
def test_secrets_are_struck_out_and_their_names_stay(
    operator: User, name: str, value: Any, kept: Any
) -> None:
    audit.record(operator, "test.deed", **{name: value})
    assert AuditEntry.objects.get().params == {name: kept}


# -- Denied attempts (I4) ------------------------------------------------------------------


def test_ten_thousand_denied_attempts_are_a_handful_of_rows(db: None) -> None:
    for number in range(700):
        with audit.acting_from(audit.Origin("none", ip=f"10.0.{number % 256}.{number // 256}")):
            audit.denied(f"user{number}", f"M{number}", f"/path/{number}")
    for _number in range(50):
        audit.denied("mallory", "POST", "/containers/act/")
    assert DeniedAttempt.objects.count() == audit.DENIED_ROWS_PER_HOUR + 1
    rest = DeniedAttempt.objects.get(actor="*")
    assert rest.count == 750 - audit.DENIED_ROWS_PER_HOUR


def test_the_same_attempt_is_counted_by_the_hour(db: None) -> None:
    start = now().replace(minute=1)
    for moment in (start, start + timedelta(minutes=3), start + timedelta(hours=1)):
        with time_machine.travel(moment):
            audit.denied("mallory", "POST", "/users/")
    assert sorted(DeniedAttempt.objects.values_list("count", flat=True)) == [1, 2]


def test_denied_attempts_are_forgotten_in_time(db: None) -> None:
    with time_machine.travel(now() - timedelta(days=91)):
        audit.denied("mallory", "POST", "/users/")
    audit.forget_denied(older_than=timedelta(days=90))
    assert not DeniedAttempt.objects.exists()
