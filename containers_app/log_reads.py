"""A piece of a container's log, read once, for the API and for downloads."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from containers_app.live_reads import detail
from containers_app.models import Container
from core.errors import EngineFailed, NotFound, TooLarge
from engine.cursor import Accepted
from engine.errors import EngineError, NoSuchObject
from engine.frames import STDERR
from engine.logs import LogReader, log_chunks
from hosts_app.connections import connection_for

READ_S = 15.0  # for all of it
MOST_LINES = 100_000
LARGEST = 16 * 1024 * 1024  # characters


@dataclass(frozen=True, slots=True)
class Line:
    at: str  # UTC, nine digits, the engine's clock
    stream: str  # out | err
    text: str


def log_lines(
    container: Container,
    *,
    tail: int | None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Line]:
    """The last `tail` lines (None: all) between two moments of our clock, oldest first.

    Raises NotFound when it is gone, EngineFailed, and TooLarge beyond what we hold in memory.
    """
    tty = detail(container).tty
    skew = timedelta(seconds=container.host.skew_s)
    reader = log_chunks(
        connection_for(container.host),
        container.docker_id,
        tty=tty,
        follow=False,
        tail=tail,
        since_ns=_ns(since + skew) if since else None,
        until_ns=_ns(until + skew) if until else None,
    )
    try:
        return asyncio.run(_read(reader))
    except NoSuchObject as error:
        raise NotFound(str(error)) from error
    except EngineError as error:
        raise EngineFailed(str(error), code=error.code) from error


async def _read(reader: LogReader) -> list[Line]:
    lines, deadline = _Lines(), time.monotonic() + READ_S
    try:
        while True:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                batch = await anext(reader, None)
            if batch is None:
                break
            lines.take(batch)
            lines.check()
    except TimeoutError as error:
        raise EngineFailed(
            _("The engine did not send the log within %(seconds)d s.") % {"seconds": READ_S},
            code="timed_out",
        ) from error
    finally:
        await reader.aclose()
    if rest := reader.unfinished():
        lines.take(rest)
    return lines.found


class _Lines:
    """What has come, with the pieces of long lines put together again."""

    def __init__(self) -> None:
        self.found: list[Line] = []
        self.size = 0
        self._open: dict[str, int] = {}  # stream → index of its line of which more comes

    def take(self, batch: Accepted) -> None:
        for at, number, text, cursor in zip(
            batch.timestamps, batch.streams, batch.texts, batch.cursors, strict=True
        ):
            stream = "err" if number == STDERR else "out"
            index = self._open.pop(stream, None)
            if index is None:
                index = len(self.found)
                self.found.append(Line(at, stream, text))
            else:
                line = self.found[index]
                self.found[index] = Line(line.at, stream, line.text + text)
            if cursor.endswith("+"):
                self._open[stream] = index
            self.size += len(text) + 1

    def check(self) -> None:
        if len(self.found) > MOST_LINES or self.size > LARGEST:
            raise TooLarge(
                _("This is more of the log than fits into one answer."),
                hint=_("Ask for fewer lines by tail, since or until."),
            )


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 10**6) * 1000
