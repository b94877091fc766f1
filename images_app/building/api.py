"""Building images over the API."""

from typing import IO, Any

from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from accounts_app.http import Request
from core.api import Body, StrictParser, idempotency_key, reads_body, said, validated
from core.errors import FieldError, Invalid
from core.gate import signed_in
from images_app.building import builds
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before

router = Router(tags=["images"])
OPTIONS, CONTEXT = "options", "context"


class BuildBody(Body):
    """A build by the engine's classic builder. Values of arguments are never kept nor told."""

    dockerfile: str = Field("", description="Its text, or where it is in the context")
    tags: list[str] = []
    build_args: dict[str, str] = {}
    target: str | None = Field(None, description="A stage; the last one unless given")
    labels: dict[str, str] = {}
    no_cache: bool = False
    pull: bool = Field(default=False, description="Ask the registry for newer base images")
    remote: str | None = Field(None, description="A git address; for administrators of the host")
    network: str = Field("", description="Of RUN: none, host (administrators), or the default")


_SCHEMA = BuildBody.model_json_schema()
DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _SCHEMA},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        OPTIONS: _SCHEMA | {"description": "As JSON"},
                        CONTEXT: {
                            "type": "string",
                            "format": "binary",
                            "description": "A plain tar: at most 2 GiB and 10,000 entries",
                        },
                    },
                }
            },
        },
    }
}


@router.post("hosts/{host}/images/build", response={202: JobOut}, openapi_extra=DOCUMENT)
@signed_in
@reads_body
def build(request: Request, host: str) -> JobOut:
    """Build an image from a Dockerfile, a context, or a git repository. Operators."""
    key = idempotency_key(request)
    if earlier := asked_before(request.user, key, "image.build", host=host):
        return job_out(earlier)
    body, context = _parts(request)
    wanted = builds.Wanted(**said(body))
    return job_out(builds.build(request.user, host, wanted, context, idempotency_key=key))


def _parts(request: Request) -> tuple[BuildBody, IO[bytes] | None]:
    """JSON alone, or multipart with the parts `options` and `context`. Raises Invalid."""
    parse = StrictParser().parse
    if request.content_type != "multipart/form-data":
        return validated(BuildBody, parse(request.body)), None
    unknown = [name for name in (*request.POST, *request.FILES) if name not in {OPTIONS, CONTEXT}]
    if unknown:
        wrong = [FieldError(name, _("There is no such field.")) for name in unknown]
        raise Invalid(f"{wrong[0].field}: {wrong[0].message}", errors=wrong)
    options: Any = request.POST.get(OPTIONS) or _text_part(request) or "{}"
    context: Any = request.FILES.get(CONTEXT)
    return validated(BuildBody, parse(options)), context


def _text_part(request: Request) -> str:
    """Some clients send JSON parts as files."""
    part: Any = request.FILES.get(OPTIONS)
    return part.read(1024 * 1024).decode("utf-8", "replace") if part else ""
