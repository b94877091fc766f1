"""One contract for all products of registries, and for Debian's real docker-registry."""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from registries_app.checking import _Clock, check
from registries_app.protocol import failures
from registries_app.protocol.distribution import Client
from registries_app.protocol.targets import Target
from tests.fakes.registries import PRODUCTS, Product, Store, digest_of, product
from tests.lab.registry import Registry

pytestmark = pytest.mark.django_db  # budgets are kept with records

REPOSITORY = "library/box"
REAL = "docker-registry"
NAMES = [*PRODUCTS, REAL]
LISTS = {"quay", "harbor-admin", "distribution-2.8", "distribution-2.8-basic", "distribution-3",
         "mirror-root", REAL}  # fmt: skip
NOT_DELETING = {"hub", "ghcr", "distribution-2.8-basic", "mirror-root", "mirror-prefix",
                "mirror-ns"}  # fmt: skip
AT_ONCE = {"distribution-2.8", "distribution-2.8-basic", REAL}  # gives all tags at once
REFERRERS = {"quay", "harbor", "harbor-admin"}
CLOSED = {"gitlab", "distribution-2.8-basic"}  # nothing without a sign-in


class Shelf:
    """A product to ask, what it holds, and how its repository is called on it."""

    def __init__(self, name: str, target: Target, store: Store, made: Product | None) -> None:
        self.name, self.target, self.store, self.made = name, target, store, made
        self.repository = f"hub-cache/{REPOSITORY}" if name == "mirror-prefix" else REPOSITORY


def filled() -> Store:
    store = Store()
    store.index(REPOSITORY, "4", "latest")
    store.image(REPOSITORY, *(f"v{at}" for at in range(110)))
    store.image("library/other", "1", layers=(b"other",))
    return store


def push(at: Registry, store: Store) -> None:
    """Everything in `store`, by plain HTTP."""
    connection = HTTPConnection("127.0.0.1", at.port, timeout=10)

    def sent(method: str, path: str, body: bytes = b"", kind: str = "") -> str:
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 300, (method, path, answer.status)
        return answer.headers.get("Location", "")

    for repository, manifests in store.manifests.items():
        for digest, raw in store.blobs.items():
            where = sent("POST", f"/v2/{repository}/blobs/uploads/")
            sent("PUT", f"{where}&digest={digest}", raw)
        for digest, (kind, raw) in manifests.items():
            sent("PUT", f"/v2/{repository}/manifests/{digest}", raw, kind)
        for tag, digest in store.tags[repository].items():
            kind, raw = manifests[digest]
            sent("PUT", f"/v2/{repository}/manifests/{tag}", raw, kind)
    connection.close()


@pytest.fixture(params=NAMES)
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    store, name = filled(), request.param
    if name == REAL:
        real: Registry = request.getfixturevalue("lab_registry")
        push(real, store)
        yield Shelf(name, Target(f"http://{real.address}"), store, None)
        return
    with product(name, store) as made:
        yield Shelf(name, made.target(), store, made)


def test_a_check_finds_what_the_product_can_do(shelf: Shelf) -> None:
    report = check(shelf.target, shelf.repository)
    assert report.error == ""
    found = report.capabilities
    name = shelf.name
    assert found["auth"] == (shelf.made.traits.auth if shelf.made else "none")
    assert (found["v2"], found["tags"], found["head"]) == (True, True, True)
    assert found["lists"] == (name in LISTS)
    assert found.get("pages") == (True if name in LISTS else None)
    assert found["deletes"] == (name not in NOT_DELETING)
    untags = None if name in NOT_DELETING else name not in AT_ONCE
    assert found.get("untags") == untags
    assert found["referrers"] == (name in REFERRERS)
    assert {"4", "latest", "v0"} <= set(shelf.store.tags[REPOSITORY])
    if shelf.name == "hub":
        assert shelf.made
        assert shelf.made.protocol.pulls == 100  # a check is no pull


def test_all_tags_are_read_once_each_however_they_come(shelf: Shelf) -> None:
    with Client(shelf.target) as client:
        found = client.tags(shelf.repository)
    assert sorted(found.names) == sorted(shelf.store.tags[REPOSITORY])
    assert found.complete
    assert found.pages == (1 if shelf.name in AT_ONCE else 2)


def test_a_tag_its_digest_and_its_bytes_agree(shelf: Shelf) -> None:
    wanted = shelf.store.tags[REPOSITORY]["latest"]
    with Client(shelf.target) as client:
        assert client.head(shelf.repository, "latest") == wanted
        manifest = client.manifest(shelf.repository, "latest")
        assert manifest.digest == wanted == digest_of(manifest.raw)
        assert client.manifest(shelf.repository, wanted).raw == manifest.raw


def test_what_is_not_there_is_said_to_be_missing_or_hidden(shelf: Shelf) -> None:
    with Client(shelf.target) as client:
        wrong = failures.NoAccess if shelf.name == "hub" else failures.Missing
        with pytest.raises(wrong):
            client.tags("library/none")
        with pytest.raises(failures.Missing):
            client.manifest(shelf.repository, "none")


def test_a_deleted_image_takes_its_tags_along_or_deletion_is_refused(shelf: Shelf) -> None:
    digest = shelf.store.tags[REPOSITORY]["latest"]
    with Client(shelf.target) as client:
        if shelf.name in NOT_DELETING:
            with pytest.raises((failures.NotSupported, failures.NoAccess)):
                client.delete(shelf.repository, digest)
            return
        client.delete(shelf.repository, digest)
        left = set(client.tags(shelf.repository).names)
    assert not left & {"4", "latest"}
    assert "v0" in left


def test_a_tag_alone_goes_where_the_product_untags(shelf: Shelf) -> None:
    if shelf.name in NOT_DELETING:
        return
    with Client(shelf.target) as client:
        if shelf.name in AT_ONCE:
            with pytest.raises(failures.Refused):
                client.delete(shelf.repository, "4")
        else:
            client.delete(shelf.repository, "4")
        left = set(client.tags(shelf.repository).names)
    assert "latest" in left
    assert ("4" in left) == (shelf.name in AT_ONCE)


PROTECTED = [name for name, traits in PRODUCTS.items() if traits.auth != "none"]


@pytest.mark.parametrize("name", PROTECTED)
def test_a_wrong_password_and_none_are_told_apart(name: str) -> None:
    with product(name, filled()) as made:
        with Client(made.target(password="wrong")) as client, pytest.raises(failures.AuthFailed):
            client.tags(REPOSITORY)
        with Client(made.target("", "")) as client:
            if name in CLOSED:
                with pytest.raises((failures.NoAccess, failures.AuthFailed)):
                    client.tags(REPOSITORY)
            else:
                assert "latest" in client.tags(REPOSITORY).names
            if name != "quay":  # which lists to everybody
                with pytest.raises((failures.NotSupported, failures.AuthFailed)):
                    client.catalog()


@pytest.mark.parametrize("name", ["hub", "gitlab"])
def test_the_password_goes_to_the_sign_in_service_only(name: str) -> None:
    with product(name, filled()) as made:
        with Client(made.target()) as client:
            client.tags(REPOSITORY)
        assert {each.authorization.partition(" ")[0] for each in made.tokens} == {"Basic"}
        assert {each.authorization.partition(" ")[0] for each in made.asked} <= {"", "Bearer"}


@pytest.mark.parametrize("name", ["mirror-root", "mirror-prefix", "mirror-ns"])
def test_a_mirror_of_each_kind_has_the_images_of_the_other(name: str) -> None:
    store = filled()
    with product(name, store) as made, Client(made.target()) as client:
        at = f"hub-cache/{REPOSITORY}" if name == "mirror-prefix" else REPOSITORY
        assert client.head(at, "4") == store.tags[REPOSITORY]["4"]
        asked_ns = [
            "ns=docker.io" in each.path for each in made.asked if "_catalog" not in each.path
        ]
    assert all(asked_ns) == (name == "mirror-ns")


def test_each_step_of_a_check_has_its_own_time() -> None:
    clock = _Clock()
    start = clock.last
    clock.marks = {"address": start + 0.010, "connection": start + 0.030, "v2": start + 0.090}
    assert [clock.ms_of(each) for each in ("address", "connection", "v2")] == [10, 20, 60]
    assert clock.ms_until(start + 0.120) == 30
