"""Load and import as jobs: an engine gets an archive from our disk, which then goes."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from accounts_app.models import Role
from core import spool
from engine.errors import EngineError, Unreachable
from engine.reference import Reference, parse
from engine.transfers import messages
from hosts_app.connections import connection_for, engine_for
from images_app.transferring.progress import Layers, Meter
from jobs_app.deeds import deed
from jobs_app.lifecycle import Failed, Interrupted
from jobs_app.models import Job
from jobs_app.streaming import Reporter, run_streaming

TAR = {"Content-Type": "application/x-tar"}
LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")


@deed("image.load", role=Role.OPERATOR, queue="transfers")
def load_images(job: Job) -> None:
    """Never repeated by itself: its archive is gone with its first attempt."""
    try:
        names = _sent(job, "/images/load", {"quiet": "0"}, LOADED)
        if not names:
            raise Failed(_("The engine found no image in the archive."))
        assert job.host, "a load has a host"
        engine = engine_for(job.host)
        images = [{"reference": name, "id": engine.image(name).id} for name in names]
        job.result = {"images": images}
    finally:
        spool.forget(str(job.params["upload"]))


@deed("image.import", role=Role.OPERATOR, queue="transfers")
def import_image(job: Job) -> None:
    params = job.params
    query: list[tuple[str, str]] = [("fromSrc", "-"), ("message", str(params.get("message", "")))]
    if name := str(params.get("reference") or ""):
        reference = parse(name).with_default_tag()
        repository = Reference(reference.domain, reference.path).familiar
        query += [("repo", repository), ("tag", reference.tag)]
    query += [("changes", str(each)) for each in params.get("changes", [])]
    try:
        found = _sent(job, f"/images/create?{urlencode(query)}", {}, re.compile(r"(sha256:\w+)"))
        if not found:
            raise Failed(_("The engine made no image of the archive."))
        job.result = {"id": found[-1], "reference": name}
    finally:
        spool.forget(str(job.params["upload"]))


def _sent(job: Job, path: str, params: dict[str, str], wanted: re.Pattern[str]) -> list[str]:
    """What the engine says of the archive where it matches `wanted`."""
    assert job.host, "an archive goes to a host"
    connection, meter, layers = connection_for(job.host), Meter(int(job.params["bytes"])), Layers()
    found: list[str] = []

    async def send(reporter: Reporter) -> None:
        async def counted() -> AsyncIterator[bytes]:
            async for piece in spool.pieces(str(job.params["upload"])):
                yield piece
                meter.add(len(piece))  # once the engine has room for the next one
                reporter.progress(meter.done, meter.total, meter.text, detail=layers.detail)

        async for message in messages(connection, path, params, headers=TAR, body=counted()):
            if line := layers.feed(message):
                reporter.line(line)
            found.extend(wanted.findall(_words(message)))
            reporter.progress(meter.done, meter.total, meter.text, detail=layers.detail)

    try:
        run_streaming(job, send)
    except Unreachable as error:
        raise Interrupted(str(error)) from error
    except FileNotFoundError as error:
        raise Failed(_("The archive is gone: send it again.")) from error
    except EngineError as error:
        raise Failed(str(error)) from error
    return list(dict.fromkeys(found))


def _words(message: dict[str, Any]) -> str:
    return str(message.get("stream") or message.get("status") or "")
