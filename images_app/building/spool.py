"""Build contexts on our disk: one file each, ours alone, gone when their job has ended."""

import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Unavailable
from images_app.models import Build
from jobs_app.models import Job

FRESH = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
PIECE = 256 * 1024  # bytes
ROOM_LEFT = 256 * 1024 * 1024  # bytes that must stay free, for the database first of all
FORGOTTEN_S = 3600  # a file that no build names after so long is nobody's


def folder() -> Path:
    found = Path(settings.DATA_DIR) / "builds"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


@contextmanager
def new_file(size_bytes: int) -> Iterator[tuple[str, IO[bytes]]]:
    """(name, file) of a new context (0600); removed again if the block fails.

    Raises Unavailable where the disk has no room for `size_bytes` more.
    """
    if shutil.disk_usage(folder()).free < size_bytes + ROOM_LEFT:
        raise Unavailable(
            _("There is no room on the dashboard's disk for this build context."),
            hint=_("Make room, or leave files out with .dockerignore."),
        )
    name = f"{uuid.uuid4().hex}.tar"
    path = folder() / name
    try:
        with os.fdopen(os.open(path, FRESH, 0o600), "w+b") as file:
            yield name, file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def pieces(name: str) -> AsyncIterator[bytes]:
    """A context from the disk; reading a page cache does not keep the loop waiting for long."""
    with (folder() / name).open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def forget(build: Build) -> None:
    """Its context and the values of its arguments: nobody needs them after its end (F4)."""
    if build.spool:
        (folder() / build.spool).unlink(missing_ok=True)
        Build.objects.filter(pk=build.pk).update(spool="")
    Job.objects.filter(pk=build.job_id).exclude(sealed="").update(sealed="")


def sweep() -> None:
    """The same for builds whose worker died or that never began, and for files of no build."""
    ended = Build.objects.filter(job__state__in=Job.FINAL).exclude(spool="", job__sealed="")
    for build in ended:
        forget(build)
    named = set(Build.objects.exclude(spool="").values_list("spool", flat=True))
    for path in folder().glob("*.tar"):
        if path.name not in named and path.stat().st_mtime < time.time() - FORGOTTEN_S:
            path.unlink(missing_ok=True)
