"""Jobs over the API: the list, one, its log, cancelling and asking again."""

from ninja import Query, Router

from accounts_app.http import Request
from core.api import ListOf, as_of_now, idempotency_key, listed
from core.gate import signed_in
from core.listing import sort_field
from jobs_app import services
from jobs_app.listing import wanted
from jobs_app.schemas import JobFilters, JobOut, LogLines, job_out, jobs_out
from jobs_app.selectors import job_for, lines_after

router = Router(tags=["jobs"])
COLUMNS = {"id": "pk", "created": "created", "finished": "finished", "state": "state"}


@router.get("jobs", response=ListOf[JobOut])
@signed_in
def list_jobs(request: Request, filters: Query[JobFilters]) -> ListOf[JobOut]:
    """Jobs, newest first; the items of a bulk job only when `parent` names it."""
    column, descending = sort_field(filters.sort, COLUMNS, "-id")
    jobs = wanted(request.user, request.GET)
    page = filters.page_of(jobs.count())
    order = f"-{COLUMNS[column]}" if descending else COLUMNS[column]
    rows = list(jobs.order_by(order, "-pk")[page.start : page.stop])
    return listed(JobOut, jobs_out(rows), page, as_of_now())


@router.get("jobs/{int:job_id}", response=JobOut)
@signed_in
def get_job(request: Request, job_id: int) -> JobOut:
    """One job."""
    return job_out(job_for(request.user, job_id))


@router.get("jobs/{int:job_id}/log", response=LogLines)
@signed_in
def get_job_log(request: Request, job_id: int, after: int = 0) -> LogLines:
    """Its lines after line `after`, at most 1,000 at a time."""
    job = job_for(request.user, job_id)
    lines = lines_after(job, after)
    return LogLines(items=[line.text for line in lines], next=lines[-1].n if lines else after)


@router.post("jobs/{int:job_id}/cancel", response={202: JobOut})
@signed_in
def cancel_job(request: Request, job_id: int) -> JobOut:
    """End it if it has not begun; else tell its worker to stop, where it can. Operators."""
    return job_out(services.cancel(request.user, job_id))


@router.post("jobs/{int:job_id}/retry", response={202: JobOut})
@signed_in
def retry_job(request: Request, job_id: int) -> JobOut:
    """The same once more, as a new job with `retry_of`. Operators."""
    key = idempotency_key(request)
    return job_out(services.retry(request.user, job_id, idempotency_key=key))
