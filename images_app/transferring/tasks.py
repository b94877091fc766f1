"""Pull, push and sending host to host as jobs: engines do them, we follow their streams."""

import base64
import json

from django.utils.translation import gettext as _

from accounts_app.models import Role
from engine.errors import Broken, EngineError, Unreachable
from engine.reference import Reference, parse
from engine.transfers import messages
from hosts_app.connections import connection_for, engine_for
from images_app.transferring.mirrored import by_mirror
from images_app.transferring.progress import Layers
from jobs_app.bulk import run_children
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, Interrupted, say
from jobs_app.models import Job
from jobs_app.settle import await_engine
from jobs_app.streaming import Reporter, run_streaming
from registries_app.checking import check_before_engine
from registries_app.credentials import engine_auth, target_of
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import RegistryFailed
from registries_app.selectors import registry_for_reference

TAR = {"Content-Type": "application/x-tar"}
PULLS = 2  # attempts of one job; what an engine had before a break it fetches again


@deed("image.pull", role=Role.OPERATOR, repeatable=True, queue="transfers")
def pull_image(job: Job) -> None:
    """Repeated once where the connection broke: a pull does no harm twice (R45)."""
    reference = parse(str(job.params["reference"])).with_default_tag()
    for attempt in range(1, PULLS + 1):
        try:
            found = by_mirror(job, reference, pull_from)
            layers = found[1] if found else pull_from(job, reference)
            break
        except Unreachable as error:
            if attempt == PULLS:
                raise Interrupted(str(error)) from error
            say(job, _("broken off: %(error)s; once more") % {"error": error})
            if isinstance(error, Broken):  # it was at work, so it may be back in a moment
                await_engine(job)
    assert job.host, "a pull has a host"
    image = engine_for(job.host).image(reference.familiar)
    job.result = {"id": image.id, "digest": layers.digest}
    if found:
        job.result["mirror"] = found[0].slug


def pull_from(job: Job, at: Reference) -> Layers:
    """Have the engine pull `at`. Raises Failed, and Unreachable where the connection broke."""
    params = {"fromImage": repository_of(at), "tag": at.digest or at.tag}
    if platform := str(job.params.get("platform") or ""):
        params["platform"] = platform
    return follow(job, "/images/create", params, at.familiar)


@deed("image.push", role=Role.OPERATOR, queue="transfers")
def push_image(job: Job) -> None:
    """Never repeated by itself. What the registry answered is compared with what it then has."""
    assert job.host, "a push has a host"
    reference = parse(str(job.params["reference"])).with_default_tag()
    name = repository_of(reference)
    try:
        if source := str(job.params.get("source") or ""):
            engine_for(job.host).tag_image(source, name, reference.tag)
            say(job, _("tagged %(name)s") % {"name": reference.familiar})
        layers = follow(job, f"/images/{name}/push", {"tag": reference.tag}, reference.familiar)
    except Unreachable as error:
        raise Interrupted(str(error)) from error
    if not layers.digest:
        raise Failed(_("The registry answered no digest."))
    job.result = {"digest": layers.digest, "confirmed": None}
    there = _digest_at(job, reference)
    if there:
        job.result["confirmed"] = there == layers.digest
    if there not in {"", layers.digest}:
        raise Failed(
            _("Pushed as %(pushed)s, but the registry now has %(there)s under this name.")
            % {"pushed": layers.digest, "there": there}
        )


def _digest_at(job: Job, reference: Reference) -> str:
    """What the registry itself has under this name; "" where we cannot ask it.

    Only a registry that an administrator has entered is asked (E1): its engine may be able to
    reach others that we may not.
    """
    registry = registry_for_reference(str(reference))
    if registry is None:
        say(job, _("digest not compared: the registry has no record here"))
        return ""
    try:
        with Client(target_of(registry)) as client:
            digest = client.head(reference.path, reference.tag)
    except RegistryFailed as error:
        say(job, _("digest not compared: %(error)s") % {"error": error.message})
        return ""
    say(job, _("the registry has %(digest)s") % {"digest": digest})
    return digest


@deed("image.pull.bulk", role=Role.OPERATOR, repeatable=True, queue="transfers")
def pull_on_several(job: Job) -> None:
    run_children(job)


def follow(job: Job, path: str, params: dict[str, str], reference: str) -> Layers:
    """Have the engine transfer `reference`, signed in, and tell its layers as they go.

    Raises Failed, and Unreachable where the connection broke.
    """
    assert job.host, "a transfer has a host"
    connection, layers = connection_for(job.host), Layers()
    headers = {"X-Registry-Auth": _sign_in(reference)}

    async def listen(reporter: Reporter) -> None:
        async for message in messages(connection, path, params, headers=headers):
            if line := layers.feed(message):
                reporter.line(line)
            reporter.progress(layers.share, 1.0, layers.text, detail=layers.detail)

    try:
        run_streaming(job, listen)
    except Unreachable:
        raise
    except EngineError as error:
        raise Failed(str(error)) from error
    return layers


def _sign_in(reference: str) -> str:
    """What the engine signs in with, by the exact registry; first seen where it would go (E3)."""
    try:
        check_before_engine(reference)
    except RegistryFailed as error:
        raise Failed(error.message) from error
    said = json.dumps(engine_auth(reference) or {})
    return base64.urlsafe_b64encode(said.encode()).decode()


def repository_of(reference: Reference) -> str:
    return Reference(reference.domain, reference.path).familiar
