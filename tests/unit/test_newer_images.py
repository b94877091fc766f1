"""A newer image exists: what registries are asked, what is kept, and what is claimed of it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.conf import LazySettings
from django.test import Client
from django.utils.timezone import now

from accounts_app.models import Role, User
from core.errors import Forbidden, Invalid
from engine.types import ImageSummary
from hosts_app.models import Host
from images_app import inventory, newer, newer_tasks, services
from images_app.models import Image, Newest
from jobs_app.models import Job
from registries_app.models import Registry
from tests import make
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile

OLD, NEW = (f"sha256:{letter * 64}" for letter in "01")


@pytest.fixture
def registry(db: None) -> Iterator[Fake]:
    """Knows app:1, which is NEW now, and nothing else."""

    def reply(asked: Asked, _fake: Fake) -> Reply:
        if asked.path == "/v2/team/app/manifests/1":
            return Reply(200, b"", {"Docker-Content-Digest": NEW})
        return Reply(404)

    with hostile(reply) as fake:
        domain = fake.url.partition("://")[2]
        Registry.objects.create(slug="lab", name="lab", url=fake.url, domain=domain)
        yield fake


def image(host: Host, fake: Fake, digest: str = OLD, tag: str = "1", **fields: Any) -> Image:
    name = f"127.0.0.1:{fake.port}/team/app"
    digests = [f"{name}@{digest}"] if digest else []
    return make.image(host, f"{name}:{tag}", digests=digests, **fields)


def looked(actor: User, *images: Image) -> Job:
    targets = [(each.host.slug, each.docker_id) for each in images]
    job = services.look_for_newer(actor, targets)
    current_app.tasks[job.kind].run(job.pk)
    job.refresh_from_db()
    return job


def marked(client: Client, path: str = "/images/") -> int:
    return client.get(path).content.decode().count('class="newer"')


def test_each_tag_is_asked_for_once_whichever_hosts_have_it(
    client: Client, registry: Fake, host: Host, admin: User
) -> None:
    here, there = image(host, registry), image(make.host("edge"), registry)
    current = image(host, registry, NEW)
    make.container(host, "web", image_ref=here.tags[0], image_row=here)
    make.container(host, "fine", image_ref=here.tags[0], image_row=current)
    make.session(client, admin)
    job = looked(admin)
    assert (job.state, job.host, job.error) == ("succeeded", None, "")
    assert job.result == {"tags": 1, "asked": 1, "failed": 0}
    assert [each.method for each in registry.asked] == ["HEAD"]
    assert marked(client) == 2
    assert marked(client, "/images/?q=newer:yes") == 2
    text = client.get("/images/").content.decode()
    assert re.search(rf"a newer {there.tags[0]} \(looked \d+s ago\)", text)
    assert marked(client, "/images/?q=newer:no") == 0
    assert marked(client, "/containers/") == 1
    looked(admin)  # a moment later nothing is asked again
    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    ("digests", "since", "claimed"),
    [
        ([f"nginx@{OLD}"], timedelta(hours=-1), True),
        ([f"nginx@{NEW}"], timedelta(hours=-1), False),
        ([f"nginx@{OLD}", f"nginx@{NEW}"], timedelta(hours=-1), False),
        ([], timedelta(hours=-1), False),  # built here
        ([f"mirror.example/nginx@{OLD}"], timedelta(hours=-1), False),  # from elsewhere
        ([f"nginx@{OLD}"], timedelta(hours=1), False),  # came after the registry was asked
    ],
)
def test_nothing_is_claimed_of_what_cannot_be_compared(
    db: None, digests: list[str], since: timedelta, claimed: bool
) -> None:
    newest = Newest(reference="nginx:1.27", digest=NEW, checked=now())
    assert newer.is_newer(newest, newer.Compared(tuple(digests), now() + since)) is claimed
    compared = newer.Compared(tuple(digests), now() - timedelta(hours=2))
    assert not newer.is_newer(Newest(reference="nginx:1.27"), compared)  # never answered
    assert not newer.is_newer(None, compared)


def test_an_image_that_was_pulled_again_is_no_longer_called_old(
    registry: Fake, host: Host, operator: User
) -> None:
    old = image(host, registry, since=now() - timedelta(days=1))
    looked(operator, old)
    newest = newer.known(old.tags)
    assert newer.words(old.tags, newer.compared(old), newest)
    digests = (f"127.0.0.1:{registry.port}/team/app@sha256:{'2' * 64}",)
    again = ImageSummary(old.docker_id, tuple(old.tags), digests, 5, old.created, "", {})
    inventory.reconcile(host, [again], 2)
    old.refresh_from_db()
    assert not newer.words(old.tags, newer.compared(old), newest)


def test_an_error_is_kept_beside_what_was_known(
    registry: Fake, host: Host, operator: User
) -> None:
    gone, stranger = image(host, registry, tag="gone"), make.image(host, "elsewhere.example/a:1")
    long_ago = now() - timedelta(days=3)
    Newest.objects.create(reference=gone.tags[0], digest=NEW, checked=long_ago, tried=long_ago)
    job = looked(operator, gone, stranger)
    assert (job.state, job.host) == ("failed", host)
    row = Newest.objects.get(reference=gone.tags[0])
    assert (row.digest, row.checked) == (NEW, long_ago)
    assert row.error
    row = Newest.objects.get(reference="elsewhere.example/a:1")
    assert (row.digest, row.checked) == ("", None)
    assert "elsewhere.example is not among the registries here." in row.error
    said = " ".join(job.lines.values_list("text", flat=True))
    assert "elsewhere.example/a:1: " in said


def test_who_may_look(registry: Fake, host: Host, operator: User, viewer: User) -> None:
    here, there = image(host, registry), image(make.host("edge"), registry)
    with pytest.raises(Forbidden):
        services.look_for_newer(viewer, [("lab", here.docker_id)])
    with pytest.raises(Forbidden):
        services.look_for_newer(viewer)
    assert services.look_for_newer(operator).params == {"hosts": ["lab"]}
    with pytest.raises(Invalid):
        services.look_for_newer(operator, [("lab", make.image(host).docker_id)])
    everywhere = make.user("everywhere", role=Role.OPERATOR, everywhere=True)
    assert services.look_for_newer(everywhere, [
        ("lab", here.docker_id), ("edge", there.docker_id)
    ]).host is None  # fmt: skip


def test_a_page_asks_once_for_all_that_is_known(
    registry: Fake, host: Host, viewer: User, client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        row = image(host, registry, tag=f"t{number}")
        Newest.objects.create(reference=row.tags[0], digest=NEW, checked=now())
        make.container(host, f"c{number}", image_ref=row.tags[0], image_row=row)
    make.session(client, viewer)
    for path in ("/images/", "/containers/?group=none"):
        with django_assert_max_num_queries(25):
            text = client.get(path).content.decode()
        assert text.count('class="newer"') == 30


# -- By itself --------------------------------------------------------------------------------


def test_what_was_not_asked_for_in_a_day_is_asked_by_itself(registry: Fake, host: Host) -> None:
    old = image(host, registry)
    assert list(newer_tasks.due()) == old.tags
    newer_tasks.look_at_due()
    assert [each.method for each in registry.asked] == ["HEAD"]
    assert newer.words(old.tags, newer.compared(old), newer.known(old.tags))
    assert newer_tasks.due() == {}
    Newest.objects.update(tried=now() - timedelta(hours=25))
    assert list(newer_tasks.due()) == old.tags


@pytest.mark.parametrize("why", ["off", "hub", "budget", "unknown", "built"])
def test_who_counts_is_not_asked_by_itself(
    registry: Fake, host: Host, settings: LazySettings, why: str
) -> None:
    image(host, registry, digest="" if why == "built" else OLD)
    if why == "off":
        settings.NEWER_IMAGES_HOURS = 0
    elif why == "hub":
        Registry.objects.update(kind=Registry.Kind.HUB)
    elif why == "budget":
        Registry.objects.update(budget={"limit": 100})
    elif why == "unknown":
        Registry.objects.all().delete()
    newer_tasks.look_when_due()
    newer_tasks.look_at_due()
    assert not registry.asked
    assert not Newest.objects.exists()
