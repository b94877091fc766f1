"""The only writer of the audit trail: an append-only chain, and who is acting right now."""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from math import isfinite
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from accounts_app.models import AuditEntry, AuditHead, DeniedAttempt, User
from core.sealed import derived_key, keyring

logger = logging.getLogger(__name__)

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


@transaction.atomic(savepoint=False)
def record_many(
    actor: User | None, deeds: Sequence[Deed], *, outcome: str = "requested"
) -> list[AuditEntry]:
    """As `record` for each of `deeds`, in their order."""
    end, _new = AuditHead.objects.select_for_update().get_or_create(pk=1)
    place = origin.get()
    entries: list[AuditEntry] = []
    mac = end.mac
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
            target=plain(deed.target)[:255],
            target_name=plain(deed.target_name)[:255],
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
    said = {"actor": actor[:60], "ip": origin.get().ip, "action": action, "target": target}
    if DeniedAttempt.objects.filter(hour=hour).count() >= DENIED_ROWS_PER_HOUR:
        said = {"actor": "*", "ip": "", "action": "*", "target": ""}
    row, new = DeniedAttempt.objects.get_or_create(
        hour=hour,
        actor=said["actor"],
        ip=said["ip"],
        action=plain(said["action"])[:60],
        target=plain(said["target"])[:255],
        defaults={"last": at},
    )
    if not new:
        DeniedAttempt.objects.filter(pk=row.pk).update(count=F("count") + 1, last=at)


def forget_denied(*, older_than: timedelta) -> None:
    DeniedAttempt.objects.filter(last__lt=now() - older_than).delete()


def redacted(params: dict[str, Any]) -> dict[str, Any]:
    """`params` without values under names that sound secret; names themselves stay (F8)."""
    return {plain(name): _without_secrets(name, value) for name, value in params.items()}


def _without_secrets(name: str, value: Any) -> Any:
    secret = any(word in name.lower() for word in SECRET_WORDS)
    if isinstance(value, dict):
        if secret:
            return {plain(key): REDACTED for key in value}
        return redacted({str(key): each for key, each in value.items()})
    if isinstance(value, list | tuple) and not secret:
        return [_without_secrets(name, each) for each in value]
    return REDACTED if secret and value and not isinstance(value, bool) else storable(value)


def storable(value: Any) -> Any:
    """`value` as every database gives it back, so that a row's MAC holds: PostgreSQL rewrites
    whole floats in JSON and takes neither NUL nor half a surrogate pair."""
    if isinstance(value, dict):
        return {plain(str(key)): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [storable(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value if isfinite(value) else str(value)
    return plain(str(value))


def plain(text: str) -> str:
    """`text` without what no database stores as text."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def first_broken(*, newest: int | None = None) -> int | None:
    """The number of the first row that was altered, inserted or follows a deleted one.

    With `newest`, only of that many newest rows.
    """
    mac, last, rows = "", 0, AuditEntry.objects.order_by("pk")
    if newest is not None:
        before = list(AuditEntry.objects.order_by("-pk")[newest : newest + 1])
        if before:
            mac, last = before[0].mac, before[0].pk
            rows = rows.filter(pk__gt=last)
    end = AuditHead.objects.filter(pk=1).first()  # first: rows may be added while we read
    reached = end is None or end.last <= last
    for entry in rows.iterator():
        if not _is_linked(mac, entry):
            return entry.pk
        mac, last = entry.mac, entry.pk
        if end is None:
            return entry.pk
        if last == end.last:
            reached = mac == end.mac
    return None if reached else last + 1


def head() -> str:
    """`number:mac` of the newest row: kept elsewhere, it shows when the end is cut off (I3)."""
    newest = AuditHead.objects.filter(pk=1).first()
    return f"{newest.last}:{newest.mac}" if newest else "0:"


def announce_head() -> None:
    """Write the head to our log, which the database's owner cannot reach."""
    logger.info("audit trail: head %s", head())


def holds(anchor: str) -> bool:
    """Whether the trail still contains the row that `head` once gave."""
    number, _colon, mac = anchor.partition(":")
    if not mac:
        return True
    return number.isdigit() and AuditEntry.objects.filter(pk=int(number), mac=mac).exists()


def _is_linked(previous: str, entry: AuditEntry) -> bool:
    try:
        return hmac.compare_digest(entry.mac, _mac(previous, entry))
    except KeyError:  # its key id was altered, or the key is gone: nobody can vouch for it
        return False


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
