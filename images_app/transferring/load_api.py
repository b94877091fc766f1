"""Archives over the API: load images, import a root file system."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts_app.http import Request
from accounts_app.models import Role
from core.api import Body, StrictParser, idempotency_key, reads_body, validated
from core.errors import Invalid
from core.gate import signed_in
from core.spool import READY, Upload
from hosts_app.selectors import host_for
from images_app.transferring import loads
from jobs_app.models import Job
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before

router = Router(tags=["images"])
DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Nothing(Body):
    """What JSON may say in place of an archive."""


class ImportOptions(BaseModel):
    reference: str = Field("", description="The image's name; it has none unless given")
    message: str = Field("", description="For its history")
    changes: list[str] = Field([], description="Lines of a Dockerfile: CMD, ENV, …; repeated")


@router.post("hosts/{host}/images/load", response={202: JobOut}, openapi_extra=DOCUMENT)
@signed_in
@reads_body
def load(request: Request, host: str) -> JobOut | HttpResponse:
    """Load the images of an archive that docker save made. Operators."""
    host_for(request.user, host, Role.OPERATOR)
    upload, key = _upload(request), idempotency_key(request)
    job = asked_before(request.user, key, "image.load", host=host) or loads.load(
        request.user, host, upload, idempotency_key=key
    )
    return _answer(job)


@router.post("hosts/{host}/images/import", response={202: JobOut}, openapi_extra=DOCUMENT)
@signed_in
@reads_body
def import_image(
    request: Request, host: str, asked: Query[ImportOptions]
) -> JobOut | HttpResponse:
    """Make an image from an archive of its files. Operators."""
    host_for(request.user, host, Role.OPERATOR)
    upload, key = _upload(request), idempotency_key(request)
    job = asked_before(request.user, key, "image.import", host=host) or loads.import_(
        request.user,
        host,
        upload,
        reference=asked.reference,
        message=asked.message,
        changes=asked.changes,
        idempotency_key=key,
    )
    return _answer(job)


def _upload(request: Request) -> Upload:
    """The archive that goes past Django. Raises Invalid and Malformed for any other body."""
    upload = getattr(request, "scope", {}).get("upload")
    if isinstance(upload, Upload):
        return upload
    if request.body:
        validated(Nothing, StrictParser().parse_body(request))
    raise Invalid.field("body", _("An archive is sent as application/x-tar."))


def _answer(job: Job | None) -> JobOut | HttpResponse:
    return job_out(job) if job else HttpResponse(status=READY)
