"""Archives that are sent: past Django onto the disk, refused early, and gone with their job."""

import io
import json
import stat
import tarfile
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from celery import current_app
from channels.db import database_sync_to_async
from django.conf import LazySettings

from accounts_app.models import User
from accounts_app.tokens import new_token
from core import spool
from core.spool import Writer, folder, sweep
from dashboard.asgi import application
from hosts_app.models import Host
from images_app.transferring import loads
from jobs_app import services
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine
from tests.lab.dockerd import until

pytestmark = pytest.mark.django_db(transaction=True)
LOAD = "/api/v1/hosts/lab/images/load"
IMPORT = "/api/v1/hosts/lab/images/import"


def archive(size: int = 20_000) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = size
        tar.addfile(member, io.BytesIO(b"x" * size))
    return out.getvalue()


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    for path in folder().iterdir():
        path.unlink()
    yield
    for path in folder().iterdir():
        path.unlink()


@pytest.fixture
def fake(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        Host.objects.update(url=fake.url)
        yield fake


class Sender:
    """Somebody who sends a body in pieces; `left` are those that nobody took."""

    def __init__(self, user: User, path: str = LOAD, *, length: int = 0, **headers: str) -> None:
        token = new_token(user, "tests", "admin", hosts=None, expires=None)[1]
        path, _mark, query = path.partition("?")
        said = {"host": "127.0.0.1", "authorization": f"Bearer {token}"}
        said |= {"content-type": "application/x-tar"} | (
            {"content-length": str(length)} if length else {}
        )
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in said.items()],
        }
        self.client = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]

    async def say(self, body: bytes, *, more: bool = True) -> None:
        message = {"type": "http.request", "body": body, "more_body": more}
        await self.client.send_input(message)  # type: ignore[no-untyped-call]

    async def leave(self) -> None:
        await self.client.send_input({"type": "http.disconnect"})  # type: ignore[no-untyped-call]
        await self.client.wait(5)  # type: ignore[no-untyped-call]

    async def answer(self) -> tuple[int, Any]:
        start = await self.client.receive_output(10)  # type: ignore[no-untyped-call]
        said = await self.client.receive_output(10)  # type: ignore[no-untyped-call]
        await self.say(b"", more=False)  # it reads on a little after a refusal
        await self.client.wait(10)  # type: ignore[no-untyped-call]
        return start["status"], json.loads(said["body"])

    async def sent(self, body: bytes, piece: int = 8192) -> tuple[int, Any]:
        for start in range(0, len(body), piece):
            await self.say(body[start : start + piece])
        await self.say(b"", more=False)
        return await self.answer()


sender = database_sync_to_async(Sender)


def waiting() -> list[str]:
    return sorted(path.name for path in folder().iterdir())


def worked(job_id: int) -> Job:
    job = Job.objects.get(pk=job_id)
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


async def test_an_archive_goes_to_the_disk_then_to_the_engine_and_is_gone(
    operator: User, fake: FakeEngine
) -> None:
    body = archive()
    status, said = await (await sender(operator)).sent(body)
    assert (status, said["kind"], said["state"]) == (202, "image.load", "queued")
    (name,) = waiting()
    path = folder() / name
    assert path.read_bytes() == body
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    job = await database_sync_to_async(worked)(said["id"])
    assert (job.state, job.error) == ("succeeded", "")
    image = fake.daemon.find_image("lab/loaded:1")
    assert job.result == {"images": [{"reference": "lab/loaded:1", "id": image.id}]}
    assert fake.transfers.received == len(body)
    assert waiting() == []


async def test_files_become_an_image_with_what_was_said_of_it(
    operator: User, fake: FakeEngine
) -> None:
    query = "?reference=shop/base:2&message=by%20hand&changes=CMD%20[%22sh%22]&changes=env%20A=1"
    status, said = await (await sender(operator, IMPORT + query)).sent(archive())
    assert (status, said["target"]) == (202, "shop/base:2")
    job = await database_sync_to_async(worked)(said["id"])
    image = fake.daemon.find_image("shop/base:2")
    assert job.result == {"id": image.id, "reference": "shop/base:2"}
    asked = fake.asked("POST /images/create")[0]
    assert asked.query["fromSrc"] == "-"
    assert asked.query["message"] == "by hand"
    assert waiting() == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?reference=a%20b", "reference"),
        ("?reference=shop/base@sha256:" + "1" * 64, "reference"),
        ("?changes=RUN%20sh", "changes"),
        ("?message=" + "x" * 2001, "message"),
        ("?colour=red", "colour"),
    ],
    ids=["name", "digest", "change", "message", "unknown"],
)
async def test_what_is_wrong_is_said_before_the_archive_is_sent(
    operator: User, query: str, field: str
) -> None:
    status, said = await (await sender(operator, IMPORT + query, length=10**9)).answer()
    assert (status, said["errors"][0]["field"]) == (422, field)


async def test_who_may_not_is_told_before_the_archive_is_sent(viewer: User) -> None:
    status, said = await (await sender(viewer, length=10**9)).answer()
    assert (status, said["code"]) == (403, "forbidden")


@pytest.mark.parametrize("body", [b"", b"<html>", b"x" * 5000], ids=["nothing", "short", "long"])
async def test_what_is_no_archive_is_refused_and_gone(operator: User, body: bytes) -> None:
    status, said = await (await sender(operator)).sent(body)
    assert (status, said["errors"][0]["field"]) == (422, "body")
    assert waiting() == []


async def test_nothing_is_left_of_an_upload_that_breaks_off(operator: User) -> None:
    sending = await sender(operator)
    await sending.say(archive())
    await sending.leave()
    assert waiting() == []
    assert not await database_sync_to_async(Job.objects.exists)()


async def test_too_large_an_archive_is_cut_off(operator: User, settings: LazySettings) -> None:
    settings.IMAGE_UPLOAD_LIMIT = 3_000_000
    status, said = await (await sender(operator)).sent(archive(4_000_000), piece=500_000)
    assert (status, said["code"]) == (413, "too_large")
    assert waiting() == []


async def test_a_full_disk_is_told_before_the_archive_is_sent(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "ROOM_LEFT", 10**18)
    status, said = await (await sender(operator, length=1000)).answer()
    assert (status, said["code"]) == (503, "unavailable")
    assert waiting() == []


@pytest.mark.parametrize(
    ("size", "status"), [("1000", 204), ("99999999999999", 413)], ids=["fits", "too large"]
)
async def test_a_page_asks_first_whether_so_much_may_be_sent(
    operator: User, size: str, status: int
) -> None:
    sending = await sender(operator, x_upload_size=size)
    start = await sending.client.receive_output(10)  # type: ignore[no-untyped-call]
    assert start["status"] == status
    await sending.say(b"", more=False)
    await sending.client.wait(10)  # type: ignore[no-untyped-call]
    assert waiting() == []
    assert not await database_sync_to_async(Job.objects.exists)()


async def test_one_key_is_one_job_with_one_archive(operator: User, host: Host) -> None:
    first = await (await sender(operator, idempotency_key="k1")).sent(archive())
    assert (await (await sender(operator, idempotency_key="k1")).answer())[1] == first[1]
    assert len(waiting()) == 1


async def test_memory_stays_flat_while_much_arrives(operator: User) -> None:
    sending, piece = await sender(operator), bytes(256 * 1024)
    tracemalloc.start()
    for _number in range(100):  # 25 MiB
        await sending.say(piece)
        await sending.client.receive_nothing(0.001)  # type: ignore[no-untyped-call]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    await sending.leave()
    assert peak < 10 * 1024 * 1024


def test_what_was_in_use_stays_and_the_rest_is_swept(operator: User, host: Host) -> None:
    writing = Writer()
    names = {}
    for state in ("queued", "running", "cancelled"):
        writer = Writer()
        names[state] = writer.name
        make.job(operator, host, "image.load", state=state, params={"upload": writer.name})
        writer.close()
    Writer().close()  # by somebody who died
    sweep(loads.needed)
    assert waiting() == sorted([writing.name, names["queued"], names["running"]])
    writing.close()
    sweep(loads.needed)
    assert waiting() == sorted([names["queued"], names["running"]])


async def test_a_cancelled_load_stops_a_silent_engine_and_leaves_nothing(
    operator: User, fake: FakeEngine
) -> None:
    fake.transfers.silent_after = 1
    status, said = await (await sender(operator)).sent(archive())
    assert status == 202

    def cancelled() -> Job:
        working = threading.Thread(target=worked, args=[said["id"]])
        working.start()
        until(lambda: fake.streams == 1, "the engine loads")
        services.cancel(operator, said["id"])
        working.join(20)
        return Job.objects.get(pk=said["id"])

    assert (await database_sync_to_async(cancelled)()).state == "cancelled"
    assert waiting() == []


async def test_a_spooled_file_is_read_piece_by_piece() -> None:
    writer = Writer()
    await writer.write(b"a" * (spool.PIECE + 1))
    await writer.flush()
    writer.close()

    async def sizes() -> AsyncIterator[int]:
        async for piece in spool.pieces(writer.name):
            yield len(piece)

    assert [size async for size in sizes()] == [spool.PIECE, 1]
