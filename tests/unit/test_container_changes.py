"""What a container changed against its image: the tree, its page, the API."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts_app.models import User
from containers_app.changes import counts, level, meaningful, narrowed, parents
from containers_app.live_reads import WALKS
from containers_app.models import Container
from engine.types import FileChange
from hosts_app.models import Host
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.script import Script, fields, is_problem

HOSTILE = "/srv/<img src=x onerror=alert(1)>\u202e"
CHANGED, ADDED, DELETED = 0, 1, 2
LISTED = [
    (CHANGED, "/var"),
    (CHANGED, "/var/lib"),
    (CHANGED, "/var/lib/app"),
    (ADDED, "/var/lib/app/data.db"),
    (ADDED, "/var/lib/app/wal"),
    (CHANGED, "/etc"),
    (CHANGED, "/etc/app.conf"),
    (DELETED, "/etc/motd"),
    (ADDED, HOSTILE),
]
MANY = 2500
KINDS = {CHANGED: "changed", ADDED: "added", DELETED: "deleted"}
names = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


def told(*said: tuple[int, str]) -> list[FileChange]:
    return meaningful(FileChange(path, KINDS[kind]) for kind, path in sorted(said))


def lines(found: list[FileChange], folder: str = "") -> list[tuple[str, str, int]]:
    return [(each.name, each.kind, each.below.total) for each in level(found, folder)]


# -- The tree -----------------------------------------------------------------------------------


def test_folders_around_a_change_are_no_change() -> None:
    assert [each.path for each in told(*LISTED[:5])] == [
        "/var/lib/app/data.db",
        "/var/lib/app/wal",
    ]
    assert [each.path for each in told((CHANGED, "/tmp"))] == ["/tmp"]
    assert len(told((ADDED, "/new"), (ADDED, "/new/file"))) == 2


def test_a_level_has_folders_first_and_lone_ones_in_one_line() -> None:
    found = told(*LISTED)
    assert lines(found)[:2] == [("etc", "", 2), ("srv", "", 1)]
    assert lines(found)[2] == ("var/lib/app", "", 2)
    assert lines(found, "/etc") == [("app.conf", "changed", 0), ("motd", "deleted", 0)]
    assert lines(found, "/var/lib/app/")[0] == ("data.db", "added", 0)
    assert lines(found, "/nowhere") == []


def test_a_deleted_folder_and_an_added_one_keep_their_kind() -> None:
    found = told((ADDED, "/new"), (ADDED, "/new/file"), (DELETED, "/old"))
    assert lines(found) == [("new", "added", 1), ("old", "deleted", 0)]


def test_changes_are_found_by_words_and_kind() -> None:
    found = told(*LISTED)
    assert [each.path for each in narrowed(found, words="APP data")] == ["/var/lib/app/data.db"]
    assert [each.path for each in narrowed(found, kind="deleted")] == ["/etc/motd"]
    assert parents("/var/lib") == [("var", "/var"), ("lib", "/var/lib")]


@given(st.dictionaries(names, st.sampled_from([ADDED, CHANGED, DELETED]), max_size=30))
def test_walking_the_tree_meets_each_change_once(said: dict[str, int]) -> None:
    found = told(*((kind, f"/{name}") for name, kind in said.items()))
    met: list[str] = []
    left = [""]
    while left:
        folder = left.pop()
        for entry in level(found, folder):
            met += [entry.path] if entry.kind else []
            left += [entry.path] if entry.is_folder else []
            assert entry.kind or entry.is_folder
            assert entry.below.total == sum(
                each.path.startswith(f"{entry.path}/") for each in found
            )
    assert sorted(met) == sorted(each.path for each in found)
    assert counts(found).total == len(found)


# -- Page and API -------------------------------------------------------------------------------


@pytest.fixture
def fake(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        Host.objects.filter(pk=host.pk).update(url=engine.url)
        host.refresh_from_db()
        yield engine


@pytest.fixture
def web(fake: FakeEngine, host: Host) -> Container:
    docker_id = fake.add_container("web")
    made = fake.daemon.containers[docker_id]
    made.changes = list(LISTED)
    made.files = {"/var/lib/app/data.db": 2048, "/etc/app.conf": 7, "/var/lib/app": -1}
    return make.container(host, "web", docker_id=docker_id)


@pytest.fixture
def script(viewer: User) -> Script:
    return Script(viewer, "read")


def look(client: Client, user: User, query: str = "", **headers: str) -> Any:
    make.session(client, user)
    return client.get(f"/h/lab/c/web/changes/{query}", headers=headers)


def test_the_page_shows_one_level_with_counts(
    web: Container, viewer: User, client: Client
) -> None:
    page = look(client, viewer).content.decode()
    assert page.count("<h1>") == 1
    assert "var/lib/app/</code>" in page
    assert "data.db" not in page
    assert "?folder=%2Fvar%2Flib%2Fapp" in page
    assert "/h/lab/c/web/commit/" not in page  # a viewer makes no image
    inside = client.get("/h/lab/c/web/changes/?folder=/var/lib/app").content.decode()
    assert "data.db" in inside
    assert "motd" not in inside


def test_hostile_paths_are_texts(web: Container, viewer: User, client: Client) -> None:
    page = look(client, viewer, "?kind=added").content.decode()
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_thousands_of_changes_never_come_in_one_page(
    web: Container, fake: FakeEngine, viewer: User, client: Client
) -> None:
    made = fake.daemon.containers[web.docker_id]
    made.changes = [(ADDED, f"/data/{n:05}") for n in range(MANY)]
    for query in ("", "?folder=/data", "?kind=added", "?q=data&page=25"):
        page = look(client, viewer, query).content.decode()
        assert page.count("<li>") <= 130, query
        client.logout()
    assert "02499" in look(client, viewer, "?kind=added&page=25").content.decode()


def test_sizes_are_asked_for_on_demand_only(
    web: Container, fake: FakeEngine, viewer: User, client: Client
) -> None:
    page = look(client, viewer, "?folder=/var/lib/app").content.decode()
    assert not fake.asked("HEAD")
    assert "sizes=1" in page
    measured = client.get("/h/lab/c/web/changes/?folder=/var/lib/app&sizes=1").content.decode()
    assert "2.0" in measured  # KB, with the space that does not break
    assert len(fake.asked("HEAD")) == 2


def test_a_page_whose_container_changed_asks_no_engine(
    web: Container, fake: FakeEngine, viewer: User, client: Client
) -> None:
    head = look(client, viewer, **{"HX-Request": "true", "HX-Target": f"c-{web.pk}"})
    assert f'id="c-{web.pk}"' in head.content.decode()
    assert not fake.requests
    part = client.get(
        "/h/lab/c/web/changes/", headers={"HX-Request": "true", "HX-Target": "changes"}
    ).content.decode()
    assert part.count('id="changes"') == 1
    assert "<h1>" not in part


@pytest.mark.parametrize("query", ["?kind=moved", "?page=x", "?page=0"])
def test_a_wrong_address_is_refused(
    web: Container, viewer: User, client: Client, query: str
) -> None:
    assert look(client, viewer, query).status_code == 422


def test_the_engine_s_words_are_on_the_page(
    web: Container, fake: FakeEngine, viewer: User, client: Client
) -> None:
    fake.fail("GET .*/changes", 500, "the disk fell off")
    answer = look(client, viewer)
    assert answer.status_code == 200
    assert "the disk fell off" in answer.content.decode()


def test_a_container_without_changes_says_so(
    web: Container, fake: FakeEngine, viewer: User, client: Client
) -> None:
    fake.daemon.containers[web.docker_id].changes = []
    assert "It changed nothing" in look(client, viewer).content.decode()


PATH = "hosts/lab/containers/web/changes"


def test_the_api_lists_changes_by_pages(script: Script, web: Container) -> None:
    answer = script.get(f"{PATH}?page_size=2&page=2")
    assert (answer.body["total"], len(answer.body["items"])) == (5, 2)
    assert answer.body["items"][0] == {"path": HOSTILE, "kind": "added", "size": None}
    below = script.get(f"{PATH}?path=/etc&kind=deleted").body
    assert [each["path"] for each in below["items"]] == ["/etc/motd"]
    falling = script.get(f"{PATH}?sort=-path&q=app").body["items"]
    assert falling[0]["path"] == "/var/lib/app/wal"


def test_the_api_tells_sizes_where_they_are_asked_for(script: Script, web: Container) -> None:
    items = script.get(f"{PATH}?sizes=true&q=app").body["items"]
    assert {each["path"]: each["size"] for each in items} == {
        "/etc/app.conf": 7,
        "/var/lib/app/data.db": 2048,
        "/var/lib/app/wal": None,  # gone meanwhile
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [("kind=moved", "kind"), ("sort=size", "sort"), ("sizes=true&page_size=101", "page_size")],
)
def test_what_makes_no_sense_is_named(
    script: Script, web: Container, query: str, field: str
) -> None:
    assert fields(script.get(f"{PATH}?{query}")) == {field}


def test_the_engine_s_words_are_in_the_problem(
    script: Script, web: Container, fake: FakeEngine
) -> None:
    fake.fail("GET .*/changes", 500, "the disk fell off")
    answer = script.get(PATH)
    assert is_problem(answer, 502, "refused")
    assert "the disk fell off" in answer.body["detail"]


def test_one_person_keeps_no_engine_s_disk_busy(
    script: Script, viewer: User, web: Container
) -> None:
    with WALKS.place(viewer.pk), WALKS.place(viewer.pk):
        assert is_problem(script.get(PATH), 429, "rate_limited")
    assert script.get(PATH).status == 200
