"""A lock guards a container against removal, whoever asks and however."""

import pytest
from django.test import Client

from accounts_app.models import AuditEntry, User
from containers_app import services, tasks
from containers_app.listing import Query
from containers_app.models import Container
from core.errors import Forbidden, Locked
from jobs_app.models import Job
from tests import make


@pytest.fixture
def locked(container: Container, operator: User) -> Container:
    services.lock(operator, "lab", container.docker_id)
    container.refresh_from_db()
    return container


def lock(client: Client, container: Container, wish: str) -> int:
    path = f"/h/lab/c/{container.docker_id}/lock/"
    return client.post(path, {"locked": wish}, headers={"accept": "application/json"}).status_code


def test_an_operator_sets_it_and_an_administrator_lifts_it(
    client: Client, container: Container, operator: User, host_admin: User
) -> None:
    make.session(client, operator)
    assert lock(client, container, "1") == 200
    assert lock(client, container, "0") == 403
    container.refresh_from_db()
    assert (container.locked, container.locked_by) == (True, operator)
    other = Client()
    make.session(other, host_admin)
    assert lock(other, container, "0") == 200
    container.refresh_from_db()
    assert not container.locked
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["container.lock", "container.unlock"]


def test_a_viewer_sets_none(client: Client, container: Container, viewer: User) -> None:
    make.session(client, viewer)
    assert lock(client, container, "1") == 403


@pytest.mark.parametrize("options", [{}, {"force": "1"}, {"volumes": "1"}])
def test_removal_is_409_forced_or_not(
    client: Client, locked: Container, operator: User, options: dict[str, str]
) -> None:
    make.session(client, operator)
    target = f"lab/{locked.docker_id}"
    answer = client.post(
        "/containers/act/",
        {"action": "remove", "target": target, **options},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 409
    assert answer.json()["code"] == "locked"
    assert not Job.objects.exists()


def test_an_administrator_is_refused_too_until_he_lifts_it(
    locked: Container, host_admin: User
) -> None:
    with pytest.raises(Locked):
        services.act(host_admin, "remove", "lab", locked.docker_id, {"force": True})


def test_a_bulk_that_names_one_is_refused_whole(locked: Container, operator: User) -> None:
    free = make.container(locked.host, "free")
    targets = [("lab", free.docker_id), ("lab", locked.docker_id)]
    with pytest.raises(Locked, match="web"):
        services.bulk(operator, "remove", targets, {"force": True})
    assert not Job.objects.exists()
    assert services.bulk(operator, "stop", targets, {}).state == "queued"  # only removal


def test_a_prune_leaves_it_out_of_its_preview(locked: Container, operator: User) -> None:
    Container.objects.update(state="exited")
    free = make.container(locked.host, "free", state="exited")
    found = services.prune_preview(operator, Query())
    assert [each.container.pk for each in found] == [free.pk]


def test_a_lock_set_after_the_removal_was_asked_still_guards(
    container: Container, operator: User
) -> None:
    job = services.act(operator, "remove", "lab", container.docker_id, {})
    services.lock(operator, "lab", container.docker_id)
    tasks.remove_container(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The container is locked against removal.")


def test_the_lock_is_bound_to_the_host(locked: Container, admin: User) -> None:
    stranger = make.user("elsewhere", on=make.host("other"), role=3)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="No such host"):
        services.unlock(stranger, "lab", locked.docker_id)
    with pytest.raises(Forbidden):
        services.unlock(make.user("op", on=locked.host, role=2), "lab", locked.docker_id)  # type: ignore[arg-type]
