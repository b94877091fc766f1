"""The only writer of the audit trail: an append-only chain, and who is acting right now."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from accounts_app.models import AuditEntry, AuditHead, DeniedAttempt, User
from core.sealed import derived_key, keyring

PURPOSE = "audit chain"
DENIED_ROWS_PER_HOUR = 500  # beyond that one row counts them all (I4)
REDACTED = "***"
ROWS_AT_ONCE = 200  # of one INSERT
SECRET_WORDS = ("password", "secret", "token", "key", "environment", "build_args")


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a deed is asked: filled by PersonMiddleware, sockets and workers."""

    auth: str = "system"
    session: str = ""
    ip: str = ""
    request_id: str = ""
    session_key: str = field(default="", repr=False)  # for step-up; the trail has its hash only


@dataclass(frozen=True, slots=True)
class Deed:
    """What a row of the trail says was done, and to what."""

    action: str
    host: str = ""
    target: str = ""
    target_name: str = ""
    job: int | None = None
    params: dict[str, Any] = field(default_factory=dict)


SYSTEM = Origin()
origin: ContextVar[Origin] = ContextVar("origin", default=SYSTEM)


@contextmanager
def acting_from(place: Origin) -> Iterator[None]:
    token = origin.set(place)
    try:
        yield
    finally:
        origin.reset(token)


@transaction.atomic
def record(
    actor: User | None,
    action: str,
    *,
    host: str = "",
    target: str = "",
    target_name: str = "",
    outcome: str = "requested",
    job: int | None = None,
    **params: Any,
) -> AuditEntry:
    """Append one row. Commits with the caller's transaction, so before any engine call (I2)."""
    deed = Deed(action, host, target, target_name, job, params)
    return record_many(actor, [deed], outcome=outcome)[0]


@transaction.atomic
def record_many(
    actor: User | None, deeds: Sequence[Deed], *, outcome: str = "requested"
) -> list[AuditEntry]:
    """As `record` for each of `deeds`, in their order."""
    head, _new = AuditHead.objects.select_for_update().get_or_create(pk=1)
    place = origin.get()
    entries: list[AuditEntry] = []
    mac = head.mac
    for deed in deeds:
        entry = AuditEntry(
            at=now(),
            actor=actor.username if actor else "",
            actor_id=actor.pk if actor else None,
            auth=place.auth,
            session=place.session,
            ip=place.ip,
            action=deed.action,
            host=deed.host,
            target=deed.target[:255],
            target_name=deed.target_name[:255],
            params=redacted(deed.params),
            outcome=outcome,
            request_id=place.request_id,
            job=deed.job,
            key_id=next(iter(keyring())),
        )
        mac = entry.mac = _mac(mac, entry)
        entries.append(entry)
    written = AuditEntry.objects.bulk_create(entries, batch_size=ROWS_AT_ONCE)
    if written:
        AuditHead.objects.filter(pk=1).update(last=written[-1].pk, mac=mac)
    return written


def denied(actor: str, action: str, target: str = "") -> None:
    """Count an attempt that was refused."""
    at = now()
    hour = at.replace(minute=0, second=0, microsecond=0)
    if DeniedAttempt.objects.filter(hour=hour).count() >= DENIED_ROWS_PER_HOUR:
        actor, target = "*", ""
    place = origin.get()
    row, new = DeniedAttempt.objects.get_or_create(
        hour=hour,
        actor=actor[:60],
        ip=place.ip,
        action=action[:60],
        target=target[:255],
        defaults={"last": at},
    )
    if not new:
        DeniedAttempt.objects.filter(pk=row.pk).update(count=F("count") + 1, last=at)


def forget_denied(*, older_than: timedelta) -> None:
    DeniedAttempt.objects.filter(last__lt=now() - older_than).delete()


def redacted(params: dict[str, Any]) -> dict[str, Any]:
    """`params` without values under names that sound secret; names themselves stay (F8)."""
    return {name: _without_secrets(name, value) for name, value in params.items()}


def _without_secrets(name: str, value: Any) -> Any:
    secret = any(word in name.lower() for word in SECRET_WORDS)
    if isinstance(value, dict):
        if secret:
            return dict.fromkeys(value, REDACTED)
        return redacted(value)
    return REDACTED if secret and value else value


def first_broken() -> int | None:
    """The number of the first row that was altered, inserted or follows a deleted one."""
    mac, last = "", 0
    for entry in AuditEntry.objects.order_by("pk").iterator():
        if not hmac.compare_digest(entry.mac, _mac(mac, entry)):
            return entry.pk
        mac, last = entry.mac, entry.pk
    head = AuditHead.objects.filter(pk=1).first()
    if head and (head.last, head.mac) != (last, mac):
        return last + 1
    return None


def _mac(previous: str, entry: AuditEntry) -> str:
    """HMAC-SHA256 over the link before and everything this row says (I3)."""
    said = {
        name: getattr(entry, name)
        for name in (
            "actor", "actor_id", "auth", "session", "ip", "action", "host", "target",
            "target_name", "params", "outcome", "request_id", "job",
        )
    }  # fmt: skip
    text = json.dumps([previous, entry.at.isoformat(), said], sort_keys=True)
    return hmac.new(derived_key(entry.key_id, PURPOSE), text.encode(), hashlib.sha256).hexdigest()
