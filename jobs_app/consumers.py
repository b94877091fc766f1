"""The socket that follows one job: its state, its progress and the lines of its log."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from django.core.serializers.json import DjangoJSONEncoder

from accounts_app.consumers import BAD_MESSAGE, NO_SUCH_OBJECT, Socket
from core.errors import NotFound
from core.live import group_for_host
from jobs_app.models import Job, JobLine
from jobs_app.schemas import job_out
from jobs_app.selectors import job_for, lines_after

LOOK_S = 1.0  # hints may be lost, and a line of the log has none of its own
LONGEST_NUMBER = 9  # digits
ENDED = 1000


class JobSocket(Socket):
    """/ws/jobs/<id>/?after=<line>: {"t": "job", "d": a Job} whenever it is different, {"t":
    "lines", "d": [texts], "at": [times], "next": n} as they come; closes by itself once the job
    has ended.
    """

    async def opened(self) -> None:
        self.told = ""
        self.stirred = asyncio.Event()
        after = self.query().get("after", ["0"])[-1]
        if not (after.isascii() and after.isdigit() and len(after) <= LONGEST_NUMBER):
            await self.close(code=BAD_MESSAGE)
            return
        self.after = int(after)
        job = await self._job()
        if job is None:
            await self.close(code=NO_SUCH_OBJECT)
            return
        await self.join(group_for_host(job.host_id))  # before reading
        self.spawn(self._follow())

    async def allowed(self) -> bool:
        return await self._job() is not None

    async def changed_event(self, message: dict[str, Any]) -> None:
        """Channel layer: something of this host is different now; perhaps it is this job."""
        pks = message["pks"]
        if message["kind"] == "job" and (pks is None or self._number() in pks):
            self.stirred.set()

    async def _follow(self) -> None:
        while True:
            self.stirred.clear()
            job = await self._job()
            if job is None:
                await self.close(code=NO_SUCH_OBJECT)
                return
            more = await self._tell(job)
            if not job.is_open and not more:
                await self.close(code=ENDED)
                return
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stirred.wait(), LOOK_S)

    async def _tell(self, job: Job) -> bool:
        """Send what is new; whether there may be more lines at once."""
        text, lines = await _seen(job, self.after)
        if text != self.told:
            self.told = text
            await self.tell_text(f'{{"t": "job", "d": {text}}}')
        if not lines:
            return False
        self.after = lines[-1].n
        said = {"t": "lines", "d": [line.text for line in lines], "next": self.after}
        await self.tell(said | {"at": [line.at.isoformat() for line in lines]})
        return True

    async def _job(self) -> Job | None:
        with suppress(NotFound):
            return await database_sync_to_async(job_for)(self.user, self._number())
        return None

    def _number(self) -> int:
        return int(self.scope["url_route"]["kwargs"]["job_id"])


@database_sync_to_async
def _seen(job: Job, after: int) -> tuple[str, list[JobLine]]:
    """The job as the API tells it, and its lines; of one that has ended, all of them."""
    told = json.dumps(job_out(job).model_dump(), cls=DjangoJSONEncoder)
    return told, lines_after(job, after)
