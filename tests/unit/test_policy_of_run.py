"""What only an administrator of the host may set (B5, B6), by page and by service."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts_app.models import DeniedAttempt, User
from containers_app import policy, services, tasks
from core.errors import Forbidden, Invalid
from engine.types import ContainerSpec, Mount
from hosts_app.models import Grant, Host
from jobs_app.models import Job
from tests import make
from tests.fakes.engine import FakeEngine
from tests.unit.test_run_container import IMAGE, post

BIND = {"type": "bind", "source": "/etc", "target": "/x"}
ADMINS_ONLY = [
    {"mounts": [BIND]},
    {"mounts": [{"type": "bind", "source": "/var/run/docker.sock", "target": "/s"}]},
    {"network": "host"},
    {"network": "container:web"},
]
NOBODYS = [
    "Privileged", "CapAdd", "SecurityOpt", "Devices", "DeviceRequests", "DeviceCgroupRules",
    "PidMode", "IpcMode", "UTSMode", "UsernsMode", "CgroupnsMode", "CgroupParent", "Sysctls",
    "Runtime", "MaskedPaths", "ReadonlyPaths", "GroupAdd", "OomScoreAdj", "LogConfig",
    "StorageOpt", "Isolation", "Links", "VolumesFrom", "Binds", "VolumeDriver", "HostConfig",
    "NetworkMode", "privileged", "cap_add", "devices", "pid", "volumes_from",
]  # fmt: skip


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        engine.add_image(IMAGE)
        yield engine


@pytest.fixture
def place(fake: FakeEngine, host: Host) -> Host:
    host.url = fake.url
    host.save()
    make.image(host, IMAGE)
    return host


@pytest.mark.parametrize("said", ADMINS_ONLY, ids=str)
def test_an_operator_is_refused(
    fake: FakeEngine, place: Host, operator: User, said: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden):
        services.run(operator, "lab", {"image": IMAGE} | said)
    assert not Job.objects.exists()
    assert fake.requests == []


@pytest.mark.parametrize("said", ADMINS_ONLY, ids=str)
def test_an_administrator_of_the_host_may(
    place: Host, host_admin: User, said: dict[str, Any]
) -> None:
    assert services.run(host_admin, "lab", {"image": IMAGE} | said).state == "queued"


@pytest.mark.parametrize("field", NOBODYS)
def test_what_has_no_name_here_cannot_be_sent(
    fake: FakeEngine, place: Host, host_admin: User, client: Client, field: str
) -> None:
    with pytest.raises(Invalid) as error:
        services.run(host_admin, "lab", {"image": IMAGE, field: True})
    assert [each.field for each in error.value.errors] == [field]
    make.session(client, host_admin)
    assert post(client, **{field: "true"}).status_code == 422
    assert not Job.objects.exists()
    assert fake.requests == []


def test_the_page_says_why_and_counts_the_attempt(
    fake: FakeEngine, place: Host, operator: User, client: Client
) -> None:
    make.session(client, operator)
    answer = post(
        client,
        **{
            "mounts-TOTAL_FORMS": "1",
            "mounts-0-type": "bind",
            "mounts-0-source": "/etc",
            "mounts-0-target": "/x",
        },
    )
    assert answer.status_code == 403
    assert "may mount its files: /etc" in answer.content.decode()
    assert DeniedAttempt.objects.get().actor == "operator"
    assert fake.requests == []


def test_a_volume_that_shows_the_host_is_found_when_the_job_runs(
    fake: FakeEngine, place: Host, operator: User, host_admin: User
) -> None:
    fake.daemon.volumes["trick"] = {"type": "none", "o": "bind", "device": "/"}
    said = {"image": IMAGE, "mounts": [{"type": "volume", "source": "trick", "target": "/x"}]}
    refused = services.run(operator, "lab", said)
    tasks.run_container(refused.pk)
    refused.refresh_from_db()
    assert refused.state == "failed"
    assert "trick shows a device or folder of the host" in refused.error
    assert not fake.asked("POST /containers/create")
    tasks.run_container(services.run(host_admin, "lab", said).pk)
    assert len(fake.asked("POST /containers/create")) == 1


def test_rights_of_when_it_runs_count(fake: FakeEngine, place: Host, host_admin: User) -> None:
    job = services.run(host_admin, "lab", {"image": IMAGE, "mounts": [BIND]})
    Grant.objects.filter(user=host_admin).update(role=2)
    tasks.run_container(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert not fake.asked("POST /containers/create")


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({}, False),
        ({"type": "none", "o": "bind", "device": "/srv"}, True),
        ({"o": "rw,rbind"}, True),
        ({"device": "/dev/sda1", "type": "ext4"}, True),
        ({"o": "size=100m"}, False),
    ],
)
def test_options_of_a_volume_tell_what_it_shows(options: dict[str, str], *, refused: bool) -> None:
    spec = ContainerSpec("x", mounts=(Mount("volume", "data", "/data"),))
    assert bool(policy.refusals(spec, {"data": options})) is refused


def test_ordinary_volumes_and_networks_are_everybodys(place: Host, operator: User) -> None:
    mounts = [
        {"type": "volume", "source": "data", "target": "/data"},
        {"type": "volume", "target": "/anonymous"},
        {"type": "tmpfs", "target": "/tmp"},
    ]
    said = {"image": IMAGE, "mounts": mounts, "network": "shop"}
    assert services.run(operator, "lab", said).state == "queued"
