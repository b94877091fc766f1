"""Which containers use an image of a registry, and who is told."""

from accounts_app.models import User
from hosts_app.models import Host
from registries_app.usage import seen_by, uses_of
from tests import make

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def test_containers_are_found_by_the_digest_of_their_image_whatever_they_call_it(
    host: Host,
) -> None:
    here = make.image(host, "shop/web:1", digests=[f"reg.example/shop/web@{ONE}"])
    make.container(host, "a", image_row=here, image_ref="reg.example/shop/web:1")
    make.container(host, "b", image_row=here, image_ref="shop/web:1", state="exited")
    make.container(host, "c", image_ref="nginx:1.27")
    make.container(host, "d", image_ref=f"reg.example/shop/web@{ONE}")
    found = uses_of({ONE})
    assert [(use.container_name, use.running, use.image_digest) for use in found] == [
        ("a", True, ONE), ("b", False, ONE), ("d", True, ONE),
    ]  # fmt: skip
    assert uses_of({TWO}) == []
    assert uses_of(set()) == []


def test_a_container_of_a_tag_is_found_by_its_name_and_says_which_image_it_really_runs(
    host: Host,
) -> None:
    old = make.image(host, digests=[f"reg.example/shop/web@{ONE}"])
    make.container(host, "old", image_row=old, image_ref="reg.example/shop/web:1")
    make.container(host, "plain", image_ref="nginx")
    (use,) = uses_of(set(), {"reg.example/shop/web:1"})
    assert (use.container_name, use.image_digest) == ("old", ONE)
    (hub,) = uses_of(set(), {"docker.io/library/nginx:latest"})
    assert (hub.container_name, hub.image_digest) == ("plain", "")
    many = {f"reg.example/other:{n}" for n in range(150)} | {"docker.io/library/nginx:latest"}
    assert [use.container_name for use in uses_of(set(), many)] == ["plain"]


def test_people_are_told_only_of_hosts_that_they_see(
    host: Host, viewer: User, stranger: User
) -> None:
    attic = make.host("attic")
    make.container(host, "near", image_ref="nginx:1")
    make.container(attic, "far", image_ref="nginx:1")
    found = uses_of(set(), {"docker.io/library/nginx:1"})
    assert {use.container_name for use in found} == {"near", "far"}
    assert [use.container_name for use in seen_by(viewer, found)] == ["near"]
    assert seen_by(stranger, found) == []
