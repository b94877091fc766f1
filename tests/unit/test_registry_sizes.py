"""Bytes of a repository and of an image, and those that are theirs alone."""

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import User
from registries_app.content import sizes
from registries_app.content.sizes import Stored
from registries_app.models import Index, Manifest, Registry, Repository, Tag
from tests import make

pytestmark = pytest.mark.django_db


def image(registry: Registry, name: str, tag: str, digit: str, **layers: int) -> str:
    """An image with these layers, under that tag."""
    digest = f"sha256:{digit * 64}"
    row, _new = Repository.objects.get_or_create(registry=registry, name=name)
    Tag.objects.create(repository=row, name=tag, digest=digest)
    platform = {"platform": "linux/amd64", "digest": digest, "size": 1, "missing": False}
    platforms = [platform | {"layers": list(layers.items())}]
    Manifest.objects.get_or_create(
        digest=digest, defaults={"kind": "image", "raw": b"{}", "platforms": platforms}
    )
    return digest


@pytest.fixture
def registry() -> Registry:
    registry = Registry.objects.create(slug="lab", name="lab", url="http://l", domain="l")
    Index.objects.create(registry=registry, indexed_at=now())
    image(registry, "team/app", "1", "1", base=100, one=10)
    image(registry, "team/app", "2", "2", base=100, two=20, both=5)
    image(registry, "team/web", "1", "3", base=100, three=40, both=5)
    return registry


def test_a_layer_counts_once_and_is_alone_where_no_other_repository_has_it(
    registry: Registry,
) -> None:
    assert sizes.of_repository(registry, "team/app") == Stored(135, 30)
    assert sizes.of_repository(registry, "team/web") == Stored(145, 40)
    assert sizes.of_repository(registry, "team/none") is None


def test_an_image_that_two_repositories_have_is_alone_in_neither(registry: Registry) -> None:
    image(registry, "copy/web", "1", "3")
    assert sizes.of_repository(registry, "team/web") == Stored(145, 0)


def test_bytes_that_go_with_an_image(registry: Registry) -> None:
    assert sizes.of_image(registry, f"sha256:{'2' * 64}") == Stored(125, 20)
    assert sizes.of_image(registry, f"sha256:{'9' * 64}") is None


@pytest.mark.parametrize("missing", ["index", "tag"])
def test_what_is_alone_is_not_told_before_everything_was_looked_at(
    registry: Registry, missing: str
) -> None:
    if missing == "index":
        Index.objects.update(indexed_at=None)
    else:
        Tag.objects.create(repository=Repository.objects.get(name="team/web"), name="new")
    assert sizes.of_repository(registry, "team/app") == Stored(135, None)
    assert sizes.of_image(registry, f"sha256:{'2' * 64}") == Stored(125, None)


def test_pages_tell_it(client: Client, admin: User, registry: Registry) -> None:
    make.session(client, admin)
    path = "/registries/lab/team/app/"
    assert f'hx-get="{path}?part=stored"' in client.get(path).content.decode()
    told = client.get(f"{path}?part=stored").content.decode()
    assert "135\xa0bytes stored" in told
    assert "30\xa0bytes in no other repository" in told
    told = client.get(f"{path}-/sha256:{'2' * 64}/?part=stored").content.decode()
    assert "20\xa0bytes in no other image" in told
