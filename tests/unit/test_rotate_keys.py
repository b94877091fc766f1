"""A new key is put in front, and every stored secret is sealed with it (F1)."""

import base64

import pytest
from django.core.management import CommandError, call_command

from accounts_app.models import AuditEntry, User
from core.sealed import CannotUnseal, keyring, seal, unseal
from dashboard.management.commands.rotate_keys import sealed_columns
from hosts_app.models import Host
from jobs_app.models import Job
from registries_app.models import Registry
from tests import make

FRESH = {"fresh": b"n" * 32}
SECRET = "a canary of the key"
Stored = list[tuple[Host | Registry | Job, str]]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The key that sealed what is stored, behind a fresh one."""
    keys = FRESH | keyring()
    monkeypatch.setattr("core.sealed.keyring", lambda: keys)
    monkeypatch.setattr("dashboard.management.commands.rotate_keys.keyring", lambda: keys)
    return keys


@pytest.fixture
def stored(host: Host, operator: User) -> Stored:
    """A row of each kind that holds a secret."""
    registry = Registry.objects.create(
        slug="near", name="near", url="http://127.0.0.1:9", domain="127.0.0.1:9"
    )
    kept: Stored = [
        (host, "key_sealed"), (registry, "password_sealed"), (make.job(operator, host), "sealed"),
    ]  # fmt: skip
    for row, column in kept:
        setattr(row, column, seal(row, column, SECRET))
        row.save()
    return kept


def test_all_are_readable_with_the_new_key_only(
    stored: Stored,
    ring: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("rotate_keys")
    assert capsys.readouterr().out == "3 secrets were sealed anew with fresh.\n"
    assert AuditEntry.objects.get(action="keys.rotate").params == {"sealed": 3}
    monkeypatch.setattr("core.sealed.keyring", lambda: FRESH)
    for row, column in stored:
        row.refresh_from_db()
        assert unseal(row, column) == SECRET
    monkeypatch.setattr("core.sealed.keyring", lambda: ring)
    call_command("rotate_keys")
    assert capsys.readouterr().out.startswith("0 secrets")


def test_what_no_key_reads_is_named_and_the_others_are_done(
    stored: Stored, ring: dict[str, bytes]
) -> None:
    Host.objects.update(key_sealed=f"v1:lost:{base64.b64encode(b'x' * 40).decode()}")
    with pytest.raises(CommandError, match="key_sealed of hosts_app_host"):
        call_command("rotate_keys")
    assert Registry.objects.get().password_sealed.startswith("v1:fresh:")


def test_two_that_changed_places_cannot_be_read(host: Host) -> None:
    other = make.host("other")
    for row in (host, other):
        row.key_sealed = seal(row, "key_sealed", SECRET)
    host.key_sealed, other.key_sealed = other.key_sealed, host.key_sealed
    for row in (host, other):
        with pytest.raises(CannotUnseal):
            unseal(row, "key_sealed")


def test_every_column_that_holds_a_secret_is_known() -> None:
    assert {(model.__name__, column) for model, column in sealed_columns()} == {
        ("Host", "cert_sealed"), ("Host", "key_sealed"), ("Job", "sealed"),
        ("Registry", "password_sealed"), ("Registry", "cert_sealed"), ("Registry", "key_sealed"),
    }  # fmt: skip
