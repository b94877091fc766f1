"""Images from host to host as jobs: streamed straight, or pushed to a registry and pulled."""

from collections.abc import AsyncIterator

from django.utils.translation import gettext as _

from accounts_app.models import Role
from engine.errors import Unreachable
from engine.reference import parse
from engine.transfers import download, messages
from hosts_app.connections import connection_for, engine_for
from hosts_app.models import Host
from hosts_app.selectors import may
from images_app.transferring.progress import Meter
from images_app.transferring.tasks import follow, repository_of
from jobs_app.bulk import end_waiting, run_children
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, Interrupted
from jobs_app.models import Job
from jobs_app.streaming import Reporter, run_streaming

TAR = {"Content-Type": "application/x-tar"}
PUSH, ARRIVE = "image.push", "image.distribute"


@deed("image.distribute.bulk", role=Role.OPERATOR, repeatable=True, queue="transfers")
def send_to_several(job: Job) -> None:
    """By way of a registry every image is pushed first; hosts pull only what has arrived there."""
    if job.children.filter(kind=PUSH).exists():
        run_children(job, kind=PUSH)
        for push in job.children.filter(kind=PUSH):
            _hand_on(job, push)
    run_children(job)


def _hand_on(job: Job, push: Job) -> None:
    """Tell those that wait for this push which digest to pull; or that there is none."""
    there = push.params["reference"]
    waiting = [
        child
        for child in job.children.filter(kind=ARRIVE, state=Job.State.QUEUED)
        if child.params.get("there") == there
    ]
    if push.state == Job.State.SUCCEEDED and push.result:
        for child in waiting:
            child.params["digest"] = push.result["digest"]
        Job.objects.bulk_update(waiting, ["params"], batch_size=200)
    else:
        end_waiting(waiting, _("Not pulled: the push to the registry did not succeed."))


@deed(ARRIVE, role=Role.OPERATOR, queue="transfers")
def send_image(job: Job) -> None:
    """It must be the same image that arrives, by its id."""
    assert job.host, "an image is sent to a host"
    try:
        sent = _pulled(job) if job.params.get("via") else _streamed(job)
        arrived = engine_for(job.host).image(str(job.params["reference"])).id
    except Unreachable as error:
        raise Interrupted(str(error)) from error
    job.result = {"id": arrived} | ({"digest": digest} if (digest := _digest(job)) else {})
    if arrived != sent:
        raise Failed(
            _("Another image arrived: %(sent)s was sent, %(arrived)s is there.")
            % {"sent": sent, "arrived": arrived}
        )


def _digest(job: Job) -> str:
    return str(job.params.get("digest") or "")


def _pulled(job: Job) -> str:
    """The id that it has where it comes from, after a pull by digest and under its own name."""
    assert job.host, "an image is sent to a host"
    if not _digest(job):
        raise Failed(_("Not pulled: the push to the registry did not succeed."))
    there = repository_of(parse(str(job.params["there"])))
    name = f"{there}@{_digest(job)}"
    follow(job, "/images/create", {"fromImage": there, "tag": _digest(job)}, name)
    own = parse(str(job.params["reference"])).with_default_tag()
    engine_for(job.host).tag_image(name, repository_of(own), own.tag)
    return str(job.params["image"])


def _streamed(job: Job) -> str:
    """The id that was saved on one host and loaded on another, without a file on our disk."""
    source, reference = _source(job), str(job.params["reference"])
    sent = engine_for(source).image(reference)
    _stream(job, source, reference, sent.size_bytes)
    return sent.id


def _source(job: Job) -> Host:
    """The host that has it, where the actor may still take it from (B10). Raises Failed."""
    source = Host.objects.filter(slug=job.params["source"]).first()
    if source is None or job.actor is None or not may(job.actor, source, Role.OPERATOR):
        raise Failed(_("Rights changed: the account that asked for this may no longer do it."))
    return source


def _stream(job: Job, source: Host, reference: str, size_bytes: int) -> None:
    assert job.host, "an image is sent to a host"
    giver, taker = connection_for(source), connection_for(job.host)

    async def send(reporter: Reporter) -> None:
        meter = Meter(size_bytes)

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in download(giver, "/images/get", {"names": reference}):
                meter.add(len(piece))
                reporter.progress(meter.done, meter.total, meter.text)
                yield piece

        told = messages(taker, "/images/load", {"quiet": "1"}, headers=TAR, body=pieces())
        async for message in told:
            if words := str(message.get("stream") or "").strip():
                reporter.line(words)

    run_streaming(job, send)
