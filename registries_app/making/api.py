"""Private registries made on hosts over the API, and what engines think of a registry."""

from ninja import Router
from pydantic import Field

from accounts_app.http import Request
from core.api import Body, Out, idempotency_key
from core.gate import administrator, signed_in
from jobs_app.schemas import JobOut, job_out
from jobs_app.services import asked_before
from registries_app.making import making
from registries_app.making.making import Made
from registries_app.making.trust import Trust, ca_file, daemon_json
from registries_app.schemas import YOUR_PASSWORD

router = Router(tags=["registries"])


class MakeBody(Body):
    name: str
    image: str = Field(making.IMAGE, description="One that is there, or is pulled first")
    volume: str = Field("", description="Made where it is not there; registry-{slug} unless given")
    port: int = 5000
    delete_enabled: bool = True
    username: str = Field("", description="Without one, everybody who reaches it may use it")
    password: str = Field("", description="Never told again")
    address: str = Field("", description="Where others reach the host; its own unless given")
    confirmation: str = Field("", description=YOUR_PASSWORD)


class TrustOut(Out):
    host: str
    state: str = Field(
        description="trusts, plain (it wants encryption), ca (it does not know the CA), "
        "unreachable (from there), silent (the engine does not answer)"
    )
    words: str = Field(description="The engine's own")
    listed: bool = Field(description="In the engine's insecure-registries")


class TrustsOut(Out):
    items: list[TrustOut]
    daemon_json: str = Field(description="What an engine needs that wants encryption")
    ca_file: str = Field(description="Where an engine looks for the CA")


def trust_out(trust: Trust) -> TrustOut:
    return TrustOut(
        host=trust.host.slug, state=trust.state, words=trust.words, listed=trust.listed
    )


@router.post("hosts/{host}/registries", response={202: JobOut})
@administrator
def make_registry(request: Request, host: str, wanted: MakeBody) -> JobOut:
    """Run a registry on this host, wait until it answers, and add it as a record."""
    key = idempotency_key(request)
    said = wanted.model_dump(exclude={"confirmation"})
    job = asked_before(request.user, key, "registry.make", host=host) or making.make(
        request.user,
        host,
        Made(**said),
        confirmation=wanted.confirmation,
        idempotency_key=key,
    )
    return job_out(job)


@router.get("registries/{registry}/trust", response=TrustsOut)
@signed_in
def get_trust(request: Request, registry: str) -> TrustsOut:
    """Whether the engine of each host that you see trusts this registry, asked now."""
    found, trusts = making.trust(request.user, registry)
    return TrustsOut(
        items=[trust_out(each) for each in trusts],
        daemon_json=daemon_json(found),
        ca_file=ca_file(found),
    )
