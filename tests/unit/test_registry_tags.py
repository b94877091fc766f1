"""Tags sort as people count, and repositories make a tree of namespaces."""

import pytest

from registries_app.protocol.tags import (
    is_repository,
    is_signature,
    is_tag,
    moves,
    natural,
    signed_digest,
    tree,
)


def test_numbers_count_as_numbers_and_release_candidates_come_before_their_release() -> None:
    ordered = [
        "1.2",
        "v1.9.0",
        "v1.10.0-rc1",
        "v1.10.0-rc2",
        "v1.10.0",
        "v1.10.1",
        "2.0-beta3",
        "2.0",
        "2.0.1",
        "edge",
        "latest",
    ]
    shuffled = ordered[::2] + ordered[1::2]
    assert sorted(shuffled, key=natural) == ordered


def test_every_name_has_its_own_place() -> None:
    names = ["1.0", "1.00", "v1.0", "Latest", "latest", "٣", "9" * 200, "", "---"]
    assert len({natural(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["latest", "stable", "4", "4.18", "v2", "alpine"])
def test_some_tags_are_put_on_newer_images(name: str) -> None:
    assert moves(name)


@pytest.mark.parametrize("name", ["4.18.0", "v1.2.3-alpine", "20261124", "3f2a91bc", "1.0.0-rc1"])
def test_others_stay_where_they_are(name: str) -> None:
    assert not moves(name)


def test_tags_of_signatures_belong_to_another_image() -> None:
    name = "sha256-" + "a" * 64
    assert all(is_signature(name + end) for end in ("", ".sig", ".att", ".sbom"))
    assert signed_digest(f"{name}.sig") == "sha256:" + "a" * 64
    assert not any(is_signature(each) for each in ("sha256-abc", f"{name}.other", "latest"))


@pytest.mark.parametrize(
    "name", ["", "A", "a//b", "/a", "a/", "a\n", "../a", "a..b", "a___b", "x" * 256, "a:b", "a@b"]
)
def test_no_name_of_a_repository(name: str) -> None:
    assert not is_repository(name)


@pytest.mark.parametrize("name", ["a", "library/nginx", "a/b/c", "a-b", "a__b", "a.b", "a---b"])
def test_names_of_repositories(name: str) -> None:
    assert is_repository(name)


def test_names_of_tags() -> None:
    assert is_tag("v1.0_x-y")
    assert not any(is_tag(name) for name in ("", ".a", "-a", "a/b", "a\n", "a" * 129))


def test_namespaces_hold_what_is_in_them_and_below() -> None:
    root = tree(["top", "acme/shop", "acme/base/python", "acme/base/node", "labs/x"])
    assert (root.count, root.names, list(root.branches)) == (5, ["top"], ["acme", "labs"])
    acme = root.branches["acme"]
    assert (acme.count, acme.names) == (3, ["acme/shop"])
    base = acme.branches["base"]
    assert (base.name, base.names) == ("acme/base", ["acme/base/python", "acme/base/node"])
