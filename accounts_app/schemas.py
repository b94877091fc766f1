"""The audit trail as the API tells it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field

from accounts_app.models import AuditEntry
from core.api import Filters, Out


class AuditOut(Out):
    """One line of the trail: written before the deed, and after it with its outcome."""

    id: int
    at: datetime
    actor: str
    action: str = Field(description="container.stop, user.create, …")
    host: str
    target: str = Field(description="Docker's own id or reference")
    target_name: str
    outcome: str = Field(description="requested, succeeded, failed, denied, …")
    job: int | None
    auth: str = Field(description="session, token, system or none")
    ip: str
    params: dict[str, Any] = Field(description="Without secrets")


class AuditFilters(Filters):
    actor: str = ""
    action: str = ""
    host: str = ""
    target: str = Field("", description="The beginning of its id, or a part of its name.")
    outcome: str = ""
    since: str = Field("", description="ISO 8601; in UTC unless it says otherwise.")
    until: str = ""


def audit_out(rows: Iterable[AuditEntry]) -> list[AuditOut]:
    return [
        AuditOut(
            id=row.pk,
            at=row.at,
            actor=row.actor,
            action=row.action,
            host=row.host,
            target=row.target,
            target_name=row.target_name,
            outcome=row.outcome,
            job=row.job,
            auth=row.auth,
            ip=row.ip,
            params=row.params,
        )
        for row in rows
    ]
