"""The index of a registry: what is written down of a real one, and of one that fails."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts_app.models import User
from core.errors import Conflict, Forbidden
from jobs_app.models import Job
from registries_app.content import looking
from registries_app.content import services as browse_services
from registries_app.content.tasks import look_at_all
from registries_app.models import Manifest, Registry, Repository, Tag
from registries_app.protocol.failures import NotSupported, Unreachable
from registries_app.selectors import repositories_of, tags_of
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.lab.pushing import Made, Pusher
from tests.lab.registry import Registry as LabRegistry


def record(url: str, slug: str = "lab", **fields: object) -> Registry:
    domain = url.partition("://")[2]
    return Registry.objects.create(slug=slug, name=slug, url=url, domain=domain, **fields)


@pytest.fixture
def shop(lab_registry: LabRegistry, db: None) -> Iterator[tuple[Registry, Made, Made]]:
    """A registry with an index for two platforms under two tags, and a plain image."""
    with Pusher(lab_registry.port) as push:
        amd = push.image("index/shop", [], layers=[b"base", b"amd"], Labels={"team": "shop"})
        arm = push.image("index/shop", [], platform="linux/arm64", layers=[b"base", b"arm64"])
        many = push.index("index/shop", ["1.0", "1"], ("linux/amd64", amd), ("linux/arm64", arm))
        one = push.image("index/tool", ["2.0"], docker=True)
        yield record(f"http://{lab_registry.address}"), many, one


def look(registry: Registry, actor: User) -> Job:
    job = browse_services.ask_index(actor, registry)
    look_at_all(job.pk)
    job.refresh_from_db()
    return job


def test_everything_behind_every_tag_is_read_and_written_down(
    shop: tuple[Registry, Made, Made], admin: User
) -> None:
    registry, many, one = shop
    job = look(registry, admin)
    assert (job.state, job.error) == ("succeeded", "")
    assert (job.result or {})["tags"] >= 3
    rows = {row.name: row.tag_count for row in repositories_of(registry)}
    assert (rows["index/shop"], rows["index/tool"]) == (2, 1)
    tags = dict(tags_of(registry, "index/shop").values_list("name", "digest"))
    assert tags == {"1.0": many.digest, "1": many.digest}
    whole = Manifest.objects.get(digest=many.digest)
    assert [each["platform"] for each in whole.platforms] == ["linux/amd64", "linux/arm64"]
    assert [each["size"] for each in whole.platforms] == [7, 9]
    assert whole.size == 12  # the layer that both have counts once
    assert whole.labels == {"team": "shop"}
    assert whole.attestations[0]["names"] == ["provenance"]
    assert whole.attestations[0]["of"] == "linux/amd64"
    assert bytes(whole.raw) == many.raw
    assert str(whole.created) == "2026-03-04 05:06:07+00:00"
    plain = Manifest.objects.get(digest=one.digest)
    assert (plain.kind, plain.size, plain.config is not None) == ("image", 5, True)


def test_a_second_look_reads_no_manifest_again_and_sees_what_moved(
    shop: tuple[Registry, Made, Made], admin: User, lab_registry: LabRegistry
) -> None:
    registry, many, one = shop
    look(registry, admin)
    Manifest.objects.update(size=1)  # would be written again if it were read again
    with Pusher(lab_registry.port) as push:
        moved = push.image("index/shop", ["1"], layers=[b"newer"])
    Tag.objects.update(seen_at=now() - timedelta(hours=1))
    look(registry, admin)
    assert Manifest.objects.get(digest=many.digest).size == 1
    tags = dict(tags_of(registry, "index/shop").values_list("name", "digest"))
    assert tags == {"1.0": many.digest, "1": moved.digest}
    assert Manifest.objects.get(digest=moved.digest).size == 5
    assert Manifest.objects.get(digest=one.digest).size == 1


def lists(*names: str) -> bytes:
    return b'{"repositories": [%s]}' % ", ".join(f'"{name}"' for name in names).encode()


def test_what_is_listed_no_more_is_forgotten_unless_it_is_pinned(db: None, admin: User) -> None:
    names = ["a", "b", "c"]

    def reply(asked: Asked, _fake: Fake) -> Reply:
        if asked.path.startswith("/v2/_catalog"):
            return Reply(body=lists(*names))
        return Reply(404)  # as distribution answers for a repository whose last tag is gone

    with hostile(reply) as fake:
        registry = record(fake.url)
        look(registry, admin)
        counted = {row.name: row.tag_count for row in repositories_of(registry)}
        assert counted == {"a": 0, "b": 0, "c": 0}
        browse_services.pin(admin, registry, "b", pinned=True)
        browse_services.pin(admin, registry, "else/where", pinned=True)
        names[:] = ["c"]
        look(registry, admin)
    kept = {row.name: (row.listed, row.pinned) for row in repositories_of(registry)}
    assert kept == {"b": (False, True), "c": (True, False), "else/where": (False, True)}


def test_a_registry_that_does_not_list_or_answer_says_so_and_keeps_what_was_known(
    db: None, admin: User
) -> None:
    with hostile(lambda _asked, _fake: Reply(404)) as fake:
        registry = record(fake.url)
        Repository.objects.create(registry=registry, name="known", listed=True, tag_count=3)
        with looking.page_scan(registry) as scan, pytest.raises(NotSupported):
            looking.names(registry, scan)
    assert registry.index.code == "not_supported"
    assert repositories_of(registry).get().tag_count == 3
    gone = record("http://127.0.0.1:9", "gone")
    job = look(gone, admin)
    assert (job.state, "cannot be reached" in job.error) == ("failed", True)
    with looking.page_scan(gone) as scan, pytest.raises(Unreachable):
        looking.tags(gone, "a", scan)


def test_after_one_hopeless_answer_nothing_more_is_asked(db: None) -> None:
    def reply(asked: Asked, fake: Fake) -> Reply:
        return Reply(429, headers={"Retry-After": "9999"})

    with hostile(reply) as fake:
        registry = record(fake.url, kind="quay")
        rows = [Repository.objects.create(registry=registry, name=f"r{n}") for n in range(100)]
        with looking.page_scan(registry) as scan:
            looking.counts(scan, rows)
        assert len(fake.asked) < 20
    assert Repository.objects.exclude(error="").count() == 100


def test_docker_hub_is_never_read_as_a_whole_and_only_operators_of_all_hosts_may_ask(
    db: None, admin: User, operator: User
) -> None:
    hub = record("https://registry-1.docker.io", "hub", kind="hub")
    with pytest.raises(Conflict):
        browse_services.ask_index(admin, hub)
    near = record("http://127.0.0.1:9", "near")
    with pytest.raises(Forbidden):
        browse_services.ask_index(operator, near)
    with pytest.raises(Forbidden):
        browse_services.pin(operator, near, "a", pinned=True)
    assert browse_services.ask_index(admin, near) == browse_services.ask_index(admin, near)
