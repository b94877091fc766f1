"""The audit trail over the API."""

from ninja import Query, Router

from accounts_app.audit_listing import wanted
from accounts_app.http import Request
from accounts_app.schemas import AuditFilters, AuditOut, audit_out
from core.api import ListOf, as_of_now, listed
from core.gate import administrator

router = Router(tags=["audit"])


@router.get("audit", response=ListOf[AuditOut])
@administrator
def list_audit(request: Request, filters: Query[AuditFilters]) -> ListOf[AuditOut]:
    """What was done, newest first."""
    rows = wanted(request.GET)
    page = filters.page_of(rows.count())
    found = audit_out(rows[page.start : page.stop])
    return listed(AuditOut, found, page, as_of_now())
