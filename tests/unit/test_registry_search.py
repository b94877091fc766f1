"""Search everywhere: where is it stored, on which hosts, and where does it run."""

import pytest
from django.test import Client

from accounts_app.models import User
from hosts_app.models import Host
from registries_app.content.index import repository
from registries_app.models import Registry, Tag
from tests import make
from tests.unit.script import Script
from tests.unit.test_registry_deletion import record

DIGEST, OTHER = f"sha256:{'ab12' * 16}", f"sha256:{'cd34' * 16}"


@pytest.fixture
def near(db: None) -> Registry:
    registry = record("http://registry.example:5000")
    for name, tag, digest in (
        ("team/shop", "4.18.0", DIGEST),
        ("team/shop", "latest", DIGEST),
        ("team/shop", "4.17", OTHER),
    ):
        Tag.objects.create(repository=repository(registry, name), name=tag, digest=digest)
    repository(registry, "team/unread")
    return registry


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("shop", {("team/shop", "4.18.0 latest"), ("team/shop", "4.17")}),
        ("shop 4.18", {("team/shop", "4.18.0")}),
        ("team/shop:4.17", {("team/shop", "4.17")}),
        (DIGEST[:19], {("team/shop", "4.18.0 latest")}),
        ("AB12AB", {("team/shop", "4.18.0 latest")}),
        ("unread", {("team/unread", "")}),
        ("nothing", set()),
        ("", set()),
    ],
)
def test_names_tags_and_digests_are_found(
    near: Registry, admin: User, q: str, expected: set[tuple[str, str]]
) -> None:
    items = Script(admin).get(f"registries/search?q={q}").body["items"]
    assert {(each["repository"], " ".join(each["tags"])) for each in items} == expected


def test_hosts_that_have_it_and_containers_that_run_it_are_named(
    near: Registry, viewer: User, host: Host
) -> None:
    attic = make.host("attic")  # which the viewer does not see
    for place in (host, attic):
        make.image(
            place, f"{near.domain}/team/shop:4.18.0", digests=[f"{near.domain}/team/shop@{DIGEST}"]
        )
        make.container(place, "web", image_ref=f"{near.domain}/team/shop:latest")
    items = Script(viewer, "read").get("registries/search?q=shop:4.18").body["items"]
    [found] = [each for each in items if each["digest"] == DIGEST]
    assert [each["host"] for each in found["hosts"]] == ["lab"]
    again = Script(viewer, "read").get("registries/search?q=shop").body["items"]
    [found] = [each for each in again if each["digest"] == DIGEST]
    assert [(each["host"], each["name"]) for each in found["containers"]] == [("lab", "web")]


def test_an_image_that_only_a_host_has_is_found(admin: User, host: Host) -> None:
    make.image(host, "shop/local:1")
    [found] = Script(admin).get("registries/search?q=shop/local").body["items"]
    assert (found["registry"], found["repository"]) == (None, "shop/local:1")
    assert [each["host"] for each in found["hosts"]] == ["lab"]


def test_what_runs_an_image_that_only_hosts_have_is_named(admin: User, host: Host) -> None:
    local = make.image(host, "shop/local:1")
    attic = make.host("attic")
    make.image(attic, "shop/local:1", docker_id=local.docker_id)
    make.image(attic, "shop/local:2")
    for place, name in ((host, "web"), (attic, "old")):
        make.container(place, name, image_ref="shop/local:1", image_id=local.docker_id)
    items = Script(admin).get("registries/search?q=shop/local").body["items"]
    running = {
        each["repository"]: sorted(one["name"] for one in each["containers"]) for each in items
    }
    assert running == {"shop/local:1": ["old", "web"], "shop/local:2": []}


def test_the_page_leads_to_registry_host_and_container(
    client: Client, near: Registry, viewer: User, host: Host
) -> None:
    make.container(host, "web", image_ref=f"{near.domain}/team/shop:latest")
    make.session(client, viewer)
    text = client.get("/registries/-/search/?q=shop").content.decode()
    assert f"/registries/near/team/shop/-/{DIGEST}/" in text
    assert "/h/lab/c/web/" in text
    assert client.get("/registries/-/search/").status_code == 200
