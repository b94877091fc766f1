"""One action on many containers: all are asked for, or none, and in few statements."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts_app import audit
from accounts_app.models import AuditEntry, User
from containers_app import own, services
from containers_app.models import Container
from core.errors import Conflict, Forbidden, Invalid, NotFound
from hosts_app.models import Host
from jobs_app.models import Job, JobLine
from tests import make

Targets = list[tuple[str, str]]


def many(host: Host, n: int) -> Targets:
    return [(host.slug, make.container(host, f"c{i}").docker_id) for i in range(n)]


def queries_of(actor: User, targets: Targets) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        services.bulk(actor, "stop", targets, {})
    return len(captured)


def test_five_hundred_cost_few_more_statements_than_five(host: Host, operator: User) -> None:
    few, lots = many(host, 5), many(host, 500)
    assert queries_of(operator, lots) <= queries_of(operator, few) + 40  # SQLite: 999 values each


def test_each_item_is_a_job_with_its_row_in_the_trail(host: Host, operator: User) -> None:
    targets = many(host, 3)
    parent = services.bulk(operator, "stop", targets, {"timeout": 3})
    assert (parent.kind, parent.host) == ("container.bulk", host)
    children = list(parent.children.order_by("pk"))
    assert [("lab", child.target) for child in children] == targets
    assert {child.params["timeout"] for child in children} == {3}
    assert [entry.job for entry in AuditEntry.objects.order_by("pk")] == [
        child.pk for child in children
    ]
    assert audit.first_broken() is None
    assert JobLine.objects.filter(job__in=children, n=1, text="queued").count() == 3


def test_the_same_target_twice_is_one_item(host: Host, operator: User) -> None:
    (target,) = many(host, 1)
    assert services.bulk(operator, "stop", [target, target], {}).children.count() == 1


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (("lab", "f" * 64), NotFound),
        (("nowhere", "f" * 64), NotFound),
        (("lab", "c0"), Conflict),
    ],
)
def test_one_that_is_wrong_refuses_the_whole(
    host: Host, operator: User, bad: tuple[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        services.bulk(operator, "stop", [*many(host, 2), bad], {})
    assert not Job.objects.exists()
    assert not AuditEntry.objects.exists()


def test_one_that_is_only_looked_at_refuses_the_whole(host: Host, operator: User) -> None:
    other = make.host("other")
    make.user("x")
    operator.grants.create(host=other, role=1)
    seen = make.container(other, "seen")
    with pytest.raises(Forbidden):
        services.bulk(operator, "stop", [*many(host, 1), ("other", seen.docker_id)], {})
    assert not Job.objects.exists()


def test_the_id_of_another_host_is_not_enough(host: Host, operator: User) -> None:
    other = make.host("other")
    there = make.container(other, "there")
    with pytest.raises(NotFound):
        services.bulk(operator, "stop", [("lab", there.docker_id)], {})


@pytest.mark.parametrize("n", [0, services.MOST_TARGETS + 1])
def test_none_and_too_many_are_refused(host: Host, operator: User, n: int) -> None:
    with pytest.raises(Invalid):
        services.bulk(operator, "stop", [("lab", f"{i:064x}") for i in range(n)], {})


def test_rename_is_for_one(host: Host, operator: User) -> None:
    with pytest.raises(Invalid):
        services.bulk(operator, "rename", many(host, 2), {"name": "x"})


# -- The dashboard's own container (B13) -------------------------------------------------


@pytest.fixture
def ours(container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Container:
    folder = f"/var/lib/docker/containers/{container.docker_id}/hostname"
    (tmp_path / "mountinfo").write_text(f"9 8 0:1 {folder} /etc/hostname rw - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(own, "MOUNTS", tmp_path / "mountinfo")
    own.own_id.cache_clear()
    monkeypatch.setattr(own, "own_id", own.own_id.__wrapped__)
    return container


@pytest.mark.parametrize("action", ["stop", "kill", "restart", "remove", "pause"])
def test_an_operator_does_not_end_the_dashboard_itself(
    ours: Container, operator: User, host_admin: User, action: str
) -> None:
    with pytest.raises(Forbidden):
        services.act(operator, action, "lab", ours.docker_id, {})
    with pytest.raises(Forbidden):
        services.bulk(operator, action, [("lab", ours.docker_id)], {})
    assert services.act(host_admin, action, "lab", ours.docker_id, {}).state == "queued"


def test_outside_of_a_container_nothing_is_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "MOUNTS", tmp_path / "nothing")
    assert own.own_id.__wrapped__() == ""
