"""The pages of builds: the form, its check, the list, and a build with its steps."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts_app.models import User
from hosts_app.models import Host
from images_app.building import builds
from images_app.building import spool as build_spool
from images_app.building.builds import Wanted
from images_app.building.context import tar_of
from images_app.building.history import step_lines
from images_app.models import Build
from jobs_app.models import Job, JobLine
from tests import make

DOCKERFILE = "FROM lab/busybox\nRUN echo hi\n"


@pytest.fixture
def client(operator: User) -> Client:
    return make.session(Client(), operator)


@pytest.fixture
def job(host: Host, operator: User) -> Job:
    """A build that failed in its second step."""
    wanted = Wanted(dockerfile=DOCKERFILE, tags=["lab/app:1"], build_args={"TOKEN": "secret-one"})
    made = builds.build(operator, "lab", wanted)
    texts = ["Step 1/2 : FROM lab/busybox", " ---> a", "Step 2/2 : RUN echo hi", "Step 9/9 : no"]
    for n, text in enumerate(texts, 10):
        JobLine.objects.create(job=made, n=n, text=text)
    steps = [
        {"n": 1, "text": "FROM lab/busybox", "state": "succeeded", "cached": True, "seconds": 0.1},
        {"n": 2, "text": "RUN echo hi", "state": "failed", "cached": False, "seconds": 2.0},
    ]
    Job.objects.filter(pk=made.pk).update(
        state="failed", error="code 1", detail={"total": 2, "steps": steps}
    )
    build_spool.forget(Build.objects.get(job=made))
    made.refresh_from_db()
    return made


def post(client: Client, **fields: object) -> object:
    return client.post("/builds/new/", {"host": "lab", "dockerfile": DOCKERFILE, **fields})


def test_a_typed_dockerfile_becomes_a_job_and_its_page(client: Client, host: Host) -> None:
    answer = post(client, tags="lab/app:1 lab/app:2", labels="team=sea", no_cache="on")
    job = Job.objects.get()
    assert answer["Location"] == f"/builds/{job.pk}/"  # type: ignore[index]
    assert job.params["tags"] == ["lab/app:1", "lab/app:2"]
    assert (job.params["labels"], job.params["no_cache"]) == ({"team": "sea"}, True)
    build_spool.forget(Build.objects.get())


def test_an_uploaded_tar_goes_along(client: Client, host: Host) -> None:
    tar = tar_of([("a", b"x")])
    post(client, dockerfile="FROM scratch\nCOPY a /\n", context=SimpleUploadedFile("c.tar", tar))
    assert Job.objects.get().params["context"] == {"files": 1, "bytes": 1}
    build_spool.forget(Build.objects.get())


def test_mistakes_are_shown_with_their_lines_and_values_stay(client: Client, host: Host) -> None:
    answer = post(client, dockerfile="FROM a\nRNU x\n", tags="lab/app")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    page = answer.content.decode()  # type: ignore[attr-defined]
    assert "Line 2: Unknown instruction: RNU" in page
    assert "lab/app" in page
    assert not Job.objects.exists()


def test_scripts_of_the_page_read_json(client: Client, host: Host) -> None:
    headers = {"Accept": "application/json"}
    fields = {"host": "lab", "dockerfile": "FROM a b\n"}
    refused = client.post("/builds/new/", fields, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    done = client.post("/builds/new/", fields | {"dockerfile": DOCKERFILE}, headers=headers)
    assert done.json() == {"url": f"/builds/{Job.objects.get().pk}/"}
    build_spool.forget(Build.objects.get())


def test_what_is_typed_is_checked_with_the_files_of_the_folder(client: Client, host: Host) -> None:
    def problems(**more: str) -> list[int]:
        text = "FROM lab/busybox\nCOPY src/a /\nCOPY gone /\n"
        answer = client.post("/builds/check/", {"dockerfile": text, **more})
        return [each["line"] for each in answer.json()["problems"]]

    assert problems() == []
    assert problems(paths=json.dumps(["src/a"])) == [3]
    assert problems(paths=json.dumps(["src/a"]), ignore="src") == [2, 3]


def test_a_build_shows_its_steps_and_opens_the_one_that_failed(client: Client, job: Job) -> None:
    page = client.get(f"/builds/{job.pk}/").content.decode()
    assert page.count("<details open>") == 1
    assert "code 1" in page
    assert [text for _n, _at, text in step_lines(job, 1) or ()] == [" ---> a"]
    told = client.get(f"/builds/{job.pk}/steps/2/").json()["lines"]
    assert [(n, text) for n, _at, text in told] == [(13, "Step 9/9 : no")]
    assert client.get(f"/builds/{job.pk}/steps/3/").status_code == 404


def test_a_build_links_to_its_image(client: Client, job: Job) -> None:
    image = f"sha256:{7:064x}"
    Job.objects.filter(pk=job.pk).update(state="succeeded", result={"id": image, "tags": []})
    assert f'href="/h/lab/i/{image.replace(":", "%3A")}/"' in (
        client.get(f"/builds/{job.pk}/").content.decode()
    )


def test_building_again_asks_for_values_again(client: Client, job: Job) -> None:
    page = client.get(f"/builds/new/?again={job.pk}").content.decode()
    assert "RUN echo hi" in page
    assert "TOKEN=" in page
    assert "secret-one" not in page


def test_the_list_has_builds_of_hosts_that_one_sees(
    client: Client, job: Job, stranger: User
) -> None:
    assert "lab/app:1" in client.get("/builds/").content.decode()
    other = make.session(Client(), stranger)
    assert "lab/app:1" not in other.get("/builds/").content.decode()
    assert other.get(f"/builds/{job.pk}/").status_code == 404


def test_a_viewer_may_look_and_not_build(job: Job, viewer: User) -> None:
    client = make.session(Client(), viewer)
    assert client.get(f"/builds/{job.pk}/").status_code == 200
    assert client.get("/builds/new/").status_code == 403
    assert b'/builds/new/"' not in client.get("/builds/").content
