"""The palette finds any container and any host that its user may see."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client

from accounts_app.models import User
from hosts_app.models import Host
from registries_app.models import Registry, Repository, Tag
from tests import make

Found = Callable[[str], list[tuple[str, str]]]


@pytest.fixture
def found(client: Client, viewer: User, host: Host) -> Found:
    make.container(host, "shop-web", project="shop")
    make.container(make.host("hidden"), "shop-secret")
    make.session(client, viewer)

    def ask(query: str) -> list[tuple[str, str]]:
        items = client.get(f"/palette/?{query}").json()["items"]
        return [(item["kind"], item["label"]) for item in items]

    return ask


def test_every_word_must_be_found_somewhere(found: Found) -> None:
    assert found("q=web+lab") == [("container", "shop-web")]
    assert found("q=web+nowhere") == []


def test_hosts_alone(found: Found) -> None:
    assert found("q=&kind=host") == [("host", "lab")]


def test_nothing_of_other_peoples_hosts(found: Found) -> None:
    assert found("q=shop") == [("container", "shop-web")]
    assert found("q=hidden") == []


def test_an_id_is_found_by_its_beginning(found: Found) -> None:
    assert ("container", "shop-web") in found("q=00000")


@pytest.fixture
def stored(found: Found) -> Found:
    """What registries hold, as far as it was read."""
    registry = Registry.objects.create(
        slug="kept", name="Kept", url="http://127.0.0.1:9", domain="127.0.0.1:9"
    )
    for name in ("team/api", "infra/proxy"):
        row = Repository.objects.create(registry=registry, name=name, listed=True, tag_count=1)
        Tag.objects.create(
            repository=row, name="2.1-rc", digest=f"sha256:{name[0] * 2}" + "a" * 62
        )
    return found


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ("team", ["team/api"]),
        ("api", ["team/api"]),
        ("2.1", ["infra/proxy:2.1-rc", "team/api:2.1-rc"]),
        ("api 2.1", ["team/api:2.1-rc"]),
        ("team/api:2", ["team/api:2.1-rc"]),
        ("proxy api", []),
        ("t", []),
    ],
)
def test_repositories_and_tags_of_registries_are_found(
    stored: Found, words: str, labels: list[str]
) -> None:
    found = stored(f"q={quote(words)}")
    assert [label for kind, label in found if kind == "repository"] == labels
    assert [kind for kind, _label in found if kind == "page"] == ["page"] * bool(labels)


def test_an_image_in_a_registry_is_found_by_its_digest(stored: Found) -> None:
    Tag.objects.filter(repository__name="team/api").update(digest=f"sha256:{'c' * 64}")
    assert ("repository", "team/api:2.1-rc") in stored("q=cccccc")
    assert ("repository", "team/api:2.1-rc") in stored("q=sha256:cccccc")
