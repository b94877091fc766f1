"""Archives on a real engine: what was saved loads again, and files become an image."""

import io
import tarfile
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import async_to_sync
from celery import current_app

from accounts_app.models import User
from core.spool import Upload, Writer, place_of
from engine.client import Engine
from engine.transfers import download
from hosts_app.models import Host
from images_app.transferring import loads
from jobs_app.models import Job
from jobs_app.selectors import lines_after
from tests.lab.dockerd import IMAGE, Dockerd

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@async_to_sync
async def spooled(pieces: AsyncIterator[bytes]) -> Upload:
    writer = Writer()
    async for piece in pieces:
        await writer.write(piece)
    await writer.flush()
    writer.close()
    return Upload(writer.name, writer.size_bytes)


async def one(body: bytes) -> AsyncIterator[bytes]:
    yield body


def worked(job: Job | None) -> Job:
    assert job
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


@pytest.fixture
def lab(host: Host, docker: Dockerd) -> Host:
    host.url = docker.url
    host.save()
    return host


def test_what_was_saved_loads_again(docker: Dockerd, lab: Host, operator: User) -> None:
    docker.api("POST", f"/images/{IMAGE}/tag?repo=loaded/box&tag=1")
    with Engine(docker.connection) as engine:
        image_id = engine.image("loaded/box:1").id
        upload = spooled(download(docker.connection, "/images/get", {"names": "loaded/box:1"}))
        docker.api("DELETE", "/images/loaded/box:1")
        job = worked(loads.load(operator, "lab", upload))
        assert (job.state, job.error) == ("succeeded", "")
        assert job.result == {"images": [{"reference": "loaded/box:1", "id": image_id}]}
        assert engine.image("loaded/box:1").id == image_id
    docker.api("DELETE", "/images/loaded/box:1")
    assert not place_of(upload.name).exists()
    assert "Loaded image: loaded/box:1" in [line.text for line in lines_after(job, 0)]


def test_files_become_an_image(docker: Dockerd, lab: Host, operator: User) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("etc/issue")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    upload = spooled(one(out.getvalue()))
    job = loads.import_(
        operator, "lab", upload, reference="made/base:1", changes=['CMD ["sh"]', "ENV A=1"]
    )
    job = worked(job)
    assert (job.state, job.error) == ("succeeded", "")
    assert job.result
    found = docker.api("GET", "/images/made/base:1/json")
    assert found["Id"] == job.result["id"]
    assert found["Config"]["Cmd"] == ["sh"]
    assert "A=1" in found["Config"]["Env"]
    docker.api("DELETE", "/images/made/base:1")


def test_what_is_no_archive_of_images_fails_in_the_engines_words(
    docker: Dockerd, lab: Host, operator: User
) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    upload = spooled(one(out.getvalue()))
    job = worked(loads.load(operator, "lab", upload))
    assert job.state == "failed"
    assert job.error
    assert not place_of(upload.name).exists()
