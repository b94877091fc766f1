"""Remove, tag and untag images: what is asked for, and what is refused before any engine hears."""

from typing import Any

import pytest
from django.utils.timezone import now

from accounts_app.models import AuditEntry, User
from hosts_app.models import Host
from images_app.models import Image
from jobs_app.models import Job
from tests import make
from tests.unit.script import Script, is_problem

NEVER = "sha256:" + "f" * 64


@pytest.fixture
def script(operator: User) -> Script:
    return Script(operator, "operate")


@pytest.fixture
def image(host: Host) -> Image:
    return make.image(host, "shop/web:1", "shop/web:2")


def targets(*images: Image) -> list[dict[str, str]]:
    return [{"host": image.host.slug, "id": image.docker_id} for image in images]


def test_a_removal_is_a_job_with_its_row_in_the_trail(script: Script, image: Image) -> None:
    answer = script.ask("DELETE", f"hosts/lab/images/{image.docker_id}?force=true")
    assert answer.status == 202
    job = Job.objects.get(pk=answer.body["id"])
    assert (job.kind, job.target, job.target_name) == (
        "image.remove",
        image.docker_id,
        "shop/web:1",
    )
    assert job.params == {"force": True}
    assert AuditEntry.objects.get(action="image.remove").target == image.docker_id


@pytest.mark.parametrize("name", ["shop%2Fweb:1", NEVER, "sha256:00"])
def test_only_the_full_id_names_what_goes(script: Script, image: Image, name: str) -> None:
    assert script.ask("DELETE", f"hosts/lab/images/{name}").status == 404
    assert not Job.objects.exists()


def test_what_a_locked_container_uses_stays(script: Script, host: Host, image: Image) -> None:
    other = make.image(host, "shop/db:1")
    make.container(host, "web", image_row=image, locked_at=now())
    single = script.ask("DELETE", f"hosts/lab/images/{image.docker_id}?force=true")
    many = script.ask(
        "POST", "images/bulk", {"action": "remove", "targets": targets(other, image)}
    )
    for answer in (single, many):
        assert is_problem(answer, 409, "locked")
        assert "web" in answer.body["detail"]
    assert not Job.objects.exists()


def test_a_lock_of_a_container_that_is_gone_holds_nothing(
    script: Script, host: Host, image: Image
) -> None:
    make.container(host, "web", image_row=image, locked_at=now(), gone=now())
    assert script.ask("DELETE", f"hosts/lab/images/{image.docker_id}").status == 202


def test_several_go_as_one_job(script: Script, host: Host, image: Image) -> None:
    other = make.image(host, "shop/db:1")
    body = {"action": "remove", "targets": targets(image, other, image)}
    answer = script.ask("POST", "images/bulk", body)
    assert answer.status == 202
    parent = Job.objects.get(pk=answer.body["id"])
    assert parent.kind == "image.bulk"
    assert sorted(parent.children.values_list("target_name", flat=True)) == [
        "shop/db:1",
        "shop/web:1",
    ]


def test_one_that_is_not_there_stops_all(script: Script, image: Image) -> None:
    wanted = [*targets(image), {"host": "lab", "id": NEVER}]
    assert script.ask("POST", "images/bulk", {"action": "remove", "targets": wanted}).status == 404
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"action": "remove", "targets": []},
        {"action": "remove", "targets": [{"host": "lab", "id": NEVER}] * 2001},
        {"action": "stop", "targets": [{"host": "lab", "id": NEVER}]},
        {"action": "remove", "targets": [], "options": {"volumes": True}},
    ],
)
def test_a_bulk_removal_that_makes_no_sense(script: Script, body: dict[str, Any]) -> None:
    assert script.ask("POST", "images/bulk", body).status == 422


def test_a_tag_is_kept_as_the_engine_lists_it(script: Script, image: Image) -> None:
    body = {"source": image.docker_id, "reference": "docker.io/library/web"}
    answer = script.ask("POST", "hosts/lab/images/tag", body)
    assert answer.status == 202
    job = Job.objects.get(pk=answer.body["id"])
    assert (job.target, job.params) == (image.docker_id, {"reference": "web:latest"})


@pytest.mark.parametrize("name", ["", "Shop/Web", f"shop/web@sha256:{'0' * 64}", "a" * 64])
def test_no_tag_of_a_bad_name(script: Script, image: Image, name: str) -> None:
    for path, body in (("tag", {"source": "shop/web:1"}), ("untag", {})):
        answer = script.ask("POST", f"hosts/lab/images/{path}", body | {"reference": name})
        assert answer.status == 422


def test_a_tag_goes_but_never_the_only_one(script: Script, host: Host, image: Image) -> None:
    make.image(host, "alone:latest")
    answer = script.ask("POST", "hosts/lab/images/untag", {"reference": "shop/web:2"})
    assert Job.objects.get(pk=answer.body["id"]).target == image.docker_id
    refused = script.ask("POST", "hosts/lab/images/untag", {"reference": "alone"})
    assert is_problem(refused, 409, "conflict")
