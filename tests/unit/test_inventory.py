"""What is written of a reading, and what is not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts_app.models import User
from containers_app.inventory import Moments, reconcile
from engine.client import Engine
from engine.types import Connection
from hosts_app.models import Host
from hosts_app.services import save_checked
from hosts_app.spec import HostSpec
from inventory_app.reconcile import HISTORY_KEPT, note_state, read_containers, read_images
from tests import make
from tests.fakes.engine import FakeEngine

pytestmark = pytest.mark.django_db


def test_a_reading_of_the_old_address_is_not_written_to_the_new(host: Host) -> None:
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        fake.add_container("web")
        Host.objects.filter(pk=host.pk).update(url="unix:///another.sock")
        read_containers(host, engine, {})
        read_images(host, engine)
        note_state(host, Host.State.DOWN, "gone", None)
    after = Host.objects.get(pk=host.pk)
    assert (after.state, after.containers.count(), after.images.count()) == ("reachable", 0, 0)


def test_an_edit_does_not_undo_what_the_watcher_found_meanwhile(admin: User, host: Host) -> None:
    opened = Host.objects.get(pk=host.pk)  # the form was drawn from this
    note_state(host, Host.State.DOWN, "connection refused", None)
    save_checked(admin, HostSpec("lab", Connection(host.url), labels={"a": "b"}), opened)
    after = Host.objects.get(pk=host.pk)
    assert (after.state, after.error, after.labels) == ("down", "connection refused", {"a": "b"})


def test_another_address_is_another_engine(admin: User, host: Host) -> None:
    spec = HostSpec("lab", Connection("unix:///other.sock"))
    save_checked(admin, spec, host, save_anyway=True)
    after = Host.objects.get(pk=host.pk)
    assert (after.state, after.disk) == ("unchecked", None)


def test_only_so_many_changes_of_reachability_are_kept(host: Host) -> None:
    for number in range(HISTORY_KEPT + 5):
        note_state(host, Host.State.DOWN if number % 2 else Host.State.SLOW, "", None)
    assert host.history.count() == HISTORY_KEPT


def test_a_start_is_exact_where_an_event_told_it(host: Host) -> None:
    """Lists say "Up 3 seconds": rounded, and worse the longer it runs."""
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        container_id = fake.add_container("web")
        exact_ns = fake.daemon.find("web").started_ns
        read_containers(host, engine, {container_id: Moments(started_ns=exact_ns)})
        row = host.containers.get()
        assert row.started
        assert abs(row.started.timestamp() - exact_ns / 1e9) < 0.001
        read_containers(host, engine, {})
        assert host.containers.get().started == row.started  # a rounded age does not blur it


def test_a_tombstone_is_kept_for_a_day(host: Host) -> None:
    old = make.container(host, "old", gone=now() - timedelta(hours=25))
    recent = make.container(host, "recent", gone=now() - timedelta(hours=23))
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        read_containers(host, engine, {})
    kept = set(host.containers.values_list("pk", flat=True))
    assert (recent.pk in kept, old.pk in kept) == (True, False)


def test_containers_point_to_images_that_were_listed_after_them(host: Host) -> None:
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        fake.add_container("web")
        read_containers(host, engine, {})
        assert host.containers.get().image_row is None
        read_images(host, engine)
        image = host.containers.get().image_row
        assert image
        assert image.tags == ["lab/busybox:latest"]


def test_a_container_keeps_the_name_of_its_image_when_the_tag_moves_on(host: Host) -> None:
    """The engine then lists the image by its id; who is behind a tag is told by the name."""
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        fake.add_container("web")
        (listed,) = engine.containers()
        reconcile(host, [listed], 1)
        reconcile(host, [replace(listed, image=listed.image_id)], 2)
        assert host.containers.get().image_ref == listed.image
        other = f"sha256:{'9' * 64}"
        reconcile(host, [replace(listed, image=other, image_id=other)], 3)
        assert host.containers.get().image_ref == other


def test_a_container_first_seen_after_its_tag_moved_on_is_asked_for_the_name(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeEngine() as fake, Engine(fake.connection) as engine:
        fake.add_container("web")
        (listed,) = engine.containers()
        by_id = replace(listed, image=listed.image_id)
        monkeypatch.setattr(engine, "containers", lambda _only=None: [by_id])
        read_containers(host, engine, {})
        assert host.containers.get().image_ref == listed.image
        monkeypatch.setattr(engine, "container", pytest.fail)  # asked once only
        read_containers(host, engine, {})
        assert host.containers.get().image_ref == listed.image
