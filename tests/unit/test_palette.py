"""The palette finds any container and any host that its user may see."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts_app.models import User
from hosts_app.models import Host
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
