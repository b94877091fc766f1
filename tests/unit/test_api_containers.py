"""Containers and images over the API."""

import pytest

from accounts_app.models import User
from containers_app.models import Container
from hosts_app.models import Host
from jobs_app.models import Job
from tests import make
from tests.unit.script import Script, fields, is_problem


@pytest.fixture
def script(operator: User) -> Script:
    return Script(operator, "operate")


def at(container: Container, deed: str = "") -> str:
    return f"hosts/{container.host.slug}/containers/{container.docker_id}{deed and '/'}{deed}"


def test_the_list_has_exactly_the_promised_fields(script: Script, container: Container) -> None:
    answer = script.get("containers").body
    assert set(answer) == {"items", "total", "page", "page_size", "as_of"}
    assert answer["as_of"].endswith("Z")
    assert set(answer["items"][0]) == {
        "host", "id", "name", "image", "image_id", "state", "busy", "status", "health",
        "exit_code", "project", "labels", "ports", "created", "started", "seen", "stale",
        "locked", "version",
    }  # fmt: skip
    assert answer["items"][0]["id"] == container.docker_id


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["db", "job", "web"]),
        ("?sort=-name", ["web", "job", "db"]),
        ("?state=running", ["web"]),
        ("?state=exited", ["db", "job"]),
        ("?state=failed", ["job"]),
        ("?project=shop", ["web"]),
        ("?image=postgres:16", ["db"]),
        ("?host=lab&q=-web", ["db", "job"]),
        ("?q=label:tier=front", ["web"]),
        ("?host=elsewhere", []),
        ("?page_size=2&page=2", ["web"]),
        ("?page_size=2&page=9", []),
    ],
)
def test_it_filters_sorts_and_pages(
    script: Script, host: Host, query: str, names: list[str]
) -> None:
    make.container(host, "web", project="shop", labels={"tier": "front"})
    make.container(host, "db", state="exited", exit_code=0, image_ref="postgres:16")
    make.container(host, "job", state="exited", exit_code=1)
    answer = script.get(f"containers{query}").body
    assert [item["name"] for item in answer["items"]] == names


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?colour=red", "colour"),
        ("?state=sleepy", "state"),
        ("?sort=colour", "sort"),
        ("?q=colour:red", "q"),
        ("?q=state:sleepy", "q"),
        ("?page=0", "page"),
        ("?page=x", "page"),
        ("?page_size=501", "page_size"),
        ("?page_size=99999999999999999999999", "page_size"),
        ("?host=%00", "host"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(script: Script, query: str, field: str) -> None:
    answer = script.get(f"containers{query}")
    assert is_problem(answer, 422, "invalid")
    assert fields(answer) == {field}


@pytest.mark.parametrize("how", ["docker_id", "prefix", "name"])
def test_one_is_found_by_id_prefix_or_name(script: Script, host: Host, how: str) -> None:
    container = make.container(host, "web", docker_id="ab12cd" + "0" * 58)
    reference = {"docker_id": container.docker_id, "prefix": "ab12cd", "name": "web"}[how]
    assert script.get(f"hosts/lab/containers/{reference}").body["name"] == "web"


def test_a_beginning_that_two_share_finds_nothing(script: Script, host: Host) -> None:
    make.container(host, "web", docker_id="ab12cd" + "0" * 58)
    make.container(host, "db", docker_id="ab12cd" + "1" * 58)
    assert is_problem(script.get("hosts/lab/containers/ab12cd"), 404, "not_found")


@pytest.mark.parametrize(
    ("deed", "body", "params"),
    [
        ("start", None, {}),
        ("stop", {"timeout": 3}, {"timeout": 3}),
        ("stop", None, {}),
        ("restart", {"timeout": 0}, {"timeout": 0}),
        ("pause", {}, {}),
        ("unpause", None, {}),
        ("kill", {"signal": "SIGUSR1"}, {"signal": "SIGUSR1"}),
        ("rename", {"name": "web2"}, {"name": "web2"}),
    ],
)
def test_a_deed_answers_with_its_job(
    script: Script, container: Container, deed: str, body: object, params: object
) -> None:
    answer = script.post(at(container, deed), body)
    assert answer.status == 202
    assert set(answer.body) >= {
        "id", "kind", "state", "host", "target", "actor", "progress", "text", "result", "error",
        "created", "started", "finished", "parent", "retry_of", "position",
    }  # fmt: skip
    assert answer.body["kind"] == f"container.{deed}"
    assert (answer.body["state"], answer.body["target"]) == ("queued", container.docker_id)
    assert Job.objects.get(pk=answer.body["id"]).params == params
    assert script.get("containers").body["items"][0]["busy"] == deed


@pytest.mark.parametrize(
    ("deed", "body", "field"),
    [
        ("stop", {"timeout": "3"}, "timeout"),
        ("stop", {"timeout": 3.5}, "timeout"),
        ("stop", {"timeout": -1}, "timeout"),
        ("stop", {"timeout": True}, "timeout"),
        ("stop", {"timeout": 10**30}, "timeout"),
        ("stop", {"grace": 3}, "grace"),
        ("start", {"HostConfig": {"Privileged": True}}, "HostConfig"),
        ("kill", {"signal": "SIGNOSUCH"}, "signal"),
        ("kill", {"signal": ["SIGKILL"]}, "signal"),
        ("rename", {}, "name"),
        ("rename", {"name": "a/b"}, "name"),
        ("rename", {"name": None}, "name"),
        ("rename", [], "body"),
        ("start", [], "body"),
        ("start", "x", "body"),
    ],
)
def test_what_is_wrong_in_itself_is_refused_at_once(
    script: Script, container: Container, deed: str, body: object, field: str
) -> None:
    answer = script.post(at(container, deed), body)
    assert is_problem(answer, 422, "invalid")
    assert field in fields(answer)
    assert not Job.objects.exists()


@pytest.mark.parametrize("deed", ["start", "stop", "kill", "restart", "pause"])
def test_a_name_is_refused_on_everything_that_changes(
    script: Script, container: Container, deed: str
) -> None:
    answer = script.post(f"hosts/lab/containers/{container.name}/{deed}")
    assert is_problem(answer, 409, "conflict")
    assert container.docker_id in answer.body["detail"]
    assert not Job.objects.exists()


def test_removing_takes_its_options_from_the_address(script: Script, container: Container) -> None:
    answer = script.ask("DELETE", f"{at(container)}?force=true&volumes=1")
    assert answer.status == 202
    assert Job.objects.get().params == {"force": True, "volumes": True}


def test_a_locked_container_is_not_removed(script: Script, container: Container) -> None:
    assert script.ask("PUT", at(container, "lock")).body["locked"]
    assert is_problem(script.ask("DELETE", at(container)), 409, "locked")
    assert is_problem(script.ask("DELETE", f"{at(container)}?force=1"), 409, "locked")
    assert is_problem(script.ask("DELETE", at(container, "lock")), 403, "forbidden")
    assert not Job.objects.exists()


def test_an_administrator_lifts_the_lock(
    script: Script, host_admin: User, container: Container
) -> None:
    script.ask("PUT", at(container, "lock"))
    assert not Script(host_admin).ask("DELETE", at(container, "lock")).body["locked"]
    assert script.ask("DELETE", at(container)).status == 202


def test_a_repeat_with_the_same_key_is_the_same_job(script: Script, container: Container) -> None:
    first = script.post(at(container, "stop"), Idempotency_Key="k1").body
    again = script.post(at(container, "stop"), Idempotency_Key="k1").body
    other = script.post(at(container, "stop"), Idempotency_Key="k2").body
    assert first["id"] == again["id"] != other["id"]


def test_a_repeat_is_the_same_job_even_once_the_first_has_changed_things(
    script: Script, host: Host
) -> None:
    make.image(host, "nginx:1.27")
    body = {"image": "nginx:1.27", "name": "web"}
    first = script.post("hosts/lab/containers", body, Idempotency_Key="k1").body
    web = make.container(host, "web")  # as the first one made it
    again = script.post("hosts/lab/containers", body, Idempotency_Key="k1")
    assert (again.status, again.body["id"]) == (202, first["id"])
    stopped = script.post(at(web, "stop"), Idempotency_Key="k2").body
    web.delete()
    assert script.post(at(web, "stop"), Idempotency_Key="k2").body["id"] == stopped["id"]


def test_a_key_is_for_one_wish(script: Script, container: Container) -> None:
    other = make.container(container.host, "other")
    script.post(at(container, "stop"), Idempotency_Key="k1")
    for deed in (at(container, "start"), at(other, "stop")):
        assert is_problem(script.post(deed, Idempotency_Key="k1"), 409, "conflict")
    assert Job.objects.count() == 1


def test_a_key_is_nobody_else_s(script: Script, admin: User, container: Container) -> None:
    mine = script.post(at(container, "stop"), Idempotency_Key="k1").body
    theirs = Script(admin).post(at(container, "stop"), Idempotency_Key="k1").body
    assert mine["id"] != theirs["id"]


def test_a_key_beyond_measure_is_refused(script: Script, container: Container) -> None:
    answer = script.post(at(container, "stop"), Idempotency_Key="k" * 201)
    assert fields(answer) == {"Idempotency-Key"}


def test_bulk_is_one_job_with_one_item_each(script: Script, host: Host) -> None:
    targets = [
        {"host": "lab", "id": make.container(host, name).docker_id} for name in ("web", "db")
    ]
    body = {"action": "stop", "targets": targets, "options": {"timeout": 1}}
    job = script.post("containers/bulk", body)
    assert job.status == 202
    children = script.get(f"jobs?parent={job.body['id']}").body
    assert children["total"] == 2
    assert {child["parent"] for child in children["items"]} == {job.body["id"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "explode", "targets": []}, "action"),
        ({"action": "rename", "targets": []}, "action"),
        ({"action": "stop", "targets": []}, "targets"),
        ({"action": "stop", "targets": "all"}, "targets"),
        ({"action": "stop", "targets": [{"host": "lab"}]}, "targets.0.id"),
        ({"action": "stop", "targets": [{"host": "lab", "id": "x", "n": 1}]}, "targets.0.n"),
        ({"action": "stop", "targets": [{"host": "lab", "id": "x"}], "options": 1}, "options"),
        ({"action": "remove", "targets": [], "options": {"force": []}}, "force"),
        ({"action": "remove", "targets": [], "options": {"force": {"a": 1}}}, "force"),
        ({}, "targets"),
    ],
)
def test_a_bulk_that_makes_no_sense_is_refused_whole(
    script: Script, container: Container, body: object, field: str
) -> None:
    assert field in fields(script.post("containers/bulk", body))
    assert not Job.objects.exists()


def test_a_bulk_that_names_one_that_is_gone_is_refused_whole(
    script: Script, container: Container
) -> None:
    targets = [{"host": "lab", "id": container.docker_id}, {"host": "lab", "id": "e" * 64}]
    answer = script.post("containers/bulk", {"action": "stop", "targets": targets})
    assert is_problem(answer, 404, "not_found")
    assert not Job.objects.exists()


def test_run_asks_for_a_new_container_and_keeps_its_secrets(script: Script, host: Host) -> None:
    make.image(host, "nginx:1.27")
    body = {"image": "nginx:1.27", "name": "web", "environment": {"TOKEN": "hunter2"}}
    answer = script.post("hosts/lab/containers", body)
    assert answer.status == 202
    assert answer.body["kind"] == "container.run"
    job = Job.objects.get()
    assert "hunter2" not in f"{job.params}{job.sealed}{answer.content!r}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "image"),
        ({"image": "nginx:1.27", "Privileged": True}, "Privileged"),
        ({"image": "nginx:1.27", "ports": [{"container": "80"}]}, "ports.0.container"),
        ({"image": "nginx:1.27", "ports": [{"container": 80, "x": 1}]}, "ports.0.x"),
        ({"image": "nginx:1.27", "mounts": [{"type": "npipe", "target": "/x"}]}, "mounts.0.type"),
        ({"image": "nginx:1.27", "environment": {"A": 1}}, "environment.A"),
        ({"image": "nginx:1.27", "command": "sleep 1"}, "command"),
        ({"image": "nginx:1.27", "name": "web"}, "name"),
        ({"image": "missing:1"}, "image"),
        ({"image": "NGINX::"}, "image"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(
    script: Script, host: Host, body: object, field: str
) -> None:
    make.image(host, "nginx:1.27")
    make.container(host, "web")
    assert field in fields(script.post("hosts/lab/containers", body))
    assert not Job.objects.exists()


def test_prune_removes_what_its_preview_listed(host_admin: User, host: Host) -> None:
    host_script = Script(host_admin)
    old = make.container(host, "old", state="exited", exit_code=0)
    make.container(host, "running")
    Host.objects.update(state=Host.State.REACHABLE)
    preview = host_script.post("hosts/lab/containers/prune", {"preview": True})
    assert preview.status == 200
    assert [item["id"] for item in preview.body["items"]] == [old.docker_id]
    answer = host_script.post("hosts/lab/containers/prune", {"ids": [old.docker_id]})
    assert answer.status == 202
    assert answer.body["kind"] == "container.prune"


@pytest.mark.parametrize("body", [{}, {"preview": True, "ids": []}, {"preview": False}])
def test_prune_wants_either_preview_or_ids(script: Script, host: Host, body: object) -> None:
    assert "preview" in fields(script.post("hosts/lab/containers/prune", body))


def test_prune_wants_a_token_that_may_administer(script: Script, host: Host) -> None:
    old = make.container(host, "old", state="exited")
    answer = script.post("hosts/lab/containers/prune", {"ids": [old.docker_id]})
    assert answer.status == 403


def test_images_name_the_containers_made_from_them(script: Script, host: Host) -> None:
    used = make.image(host, "nginx:1.27")
    dangling = make.image(host)
    web = make.container(host, "web", image_row=used)
    answer = script.get("images?sort=-size").body
    by_id = {item["id"]: item for item in answer["items"]}
    assert set(by_id[used.docker_id]) == {
        "host", "id", "tags", "digests", "size", "created", "dangling", "used_by", "seen", "stale",
    }  # fmt: skip
    assert by_id[used.docker_id]["used_by"] == [
        {"host": "lab", "id": web.docker_id, "name": "web"}
    ]
    assert by_id[dangling.docker_id]["dangling"]


@pytest.mark.parametrize(
    ("query", "total"),
    [("dangling=true", 1), ("dangling=0", 2), ("used=1", 1), ("used=false", 2), ("q=nginx", 1)],
)
def test_images_are_filtered(script: Script, host: Host, query: str, total: int) -> None:
    used = make.image(host, "nginx:1.27")
    make.image(host, "redis:7")
    make.image(host)
    make.container(host, "web", image_row=used)
    assert script.get(f"images?{query}").body["total"] == total
