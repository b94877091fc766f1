"""How the engine's JSON is read, and what a hostile engine can do with it: nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import parse, parse_images
from engine.spec import container_body
from engine.types import Connection, ContainerSpec, Port

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def item(**more: Any) -> dict[str, Any]:
    return {"Id": "a" * 64, "Names": ["/web"], "State": "running", "Status": "", **more}


@pytest.mark.parametrize(
    ("status", "health", "exit_code", "started", "finished"),
    [
        ("Up 2 hours", "", None, NOW - 2 * HOUR, None),
        ("Up 2 days (healthy)", "healthy", None, NOW - 48 * HOUR, None),
        ("Up About an hour (unhealthy)", "unhealthy", None, NOW - HOUR, None),
        ("Up Less than a second (health: starting)", "starting", None, NOW, None),
        ("Up About a minute (Paused)", "", None, NOW - HOUR / 60, None),
        ("Up 1 second", "", None, NOW - HOUR / 3600, None),
        ("Exited (137) 3 hours ago", "", 137, None, NOW - 3 * HOUR),
        ("Exited (0) 2 weeks ago", "", 0, None, NOW - 14 * 24 * HOUR),
        ("Exited (-1) 5 months ago", "", -1, None, NOW - 150 * 24 * HOUR),
        ("Restarting (1) 5 seconds ago", "", 1, None, NOW - timedelta(seconds=5)),
        ("Created", "", None, None, None),
        ("Dead", "", None, None, None),
        ("Removal In Progress", "", None, None, None),
        ("Up 999999999999999 years", "", None, None, None),
        ("Exited (1) yesterday", "", 1, None, None),
    ],
)
def test_what_a_status_says(
    status: str,
    health: str,
    exit_code: int | None,
    started: datetime | None,
    finished: datetime | None,
) -> None:
    read = parse.summary(item(Status=status), NOW)
    assert (read.health, read.exit_code) == (health, exit_code)
    assert (read.started, read.finished) == (started, finished)


@given(st.text())
def test_no_status_breaks_the_list(status: str) -> None:
    assert parse.summary(item(Status=status), NOW).status == status


def test_a_list_may_leave_everything_out() -> None:
    bare = parse.summary({"Id": "b" * 64, "Names": None, "Labels": None, "Ports": None}, NOW)
    assert (bare.name, bare.labels, bare.ports, bare.networks) == ("b" * 12, {}, (), ())


def test_the_own_name_is_chosen_among_those_of_links() -> None:
    assert parse.summary(item(Names=["/web/database", "/database"]), NOW).name == "database"


def test_ports_are_sorted_and_not_repeated() -> None:
    raw = [
        {"PrivatePort": 443, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},  # noqa: S104
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},  # noqa: S104
    ]
    assert parse.summary(item(Ports=raw), NOW).ports == (
        Port(80, "tcp", 8080, "0.0.0.0"),  # noqa: S104
        Port(80, "tcp", 8080, "::"),
        Port(443, "tcp", None, ""),
    )


def test_ports_of_an_inspected_container() -> None:
    raw = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "53/udp": None, "odd": None}
    assert parse.inspected_ports(raw) == (
        Port(53, "udp", None, ""),
        Port(80, "tcp", 8080, "127.0.0.1"),
    )


def test_at_most_200_labels_of_at_most_4_kib() -> None:
    raw = {f"label-{number:04}": "x" for number in range(300)} | {"a": "é" * 20_000_000}
    raw["com.docker.compose.project"] = "shop"
    read = parse.summary(item(Labels=raw), NOW)
    assert len(read.labels) == 200
    assert read.labels["a"] == "é" * 2048
    assert read.project == "shop"


@given(st.text())
def test_a_cut_label_is_at_most_4_kib_and_a_beginning(text: str) -> None:
    text = text * 300
    cut = parse.cut(text)
    assert len(cut.encode("utf-8", "replace")) <= 4096
    assert (
        text.encode("utf-8", "replace")
        .decode()
        .startswith(cut.encode("utf-8", "replace").decode())
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-24T06:35:24.123456789Z", datetime(2026, 11, 24, 6, 35, 24, 123456, tzinfo=UTC)),
        ("2026-11-24T08:35:24+02:00", datetime(2026, 11, 24, 6, 35, 24, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        ("soon", None),
        (7, None),
    ],
)
def test_moments(text: Any, read: datetime | None) -> None:
    assert parse.moment(text) == read


def test_a_container_spec_becomes_only_what_it_says() -> None:
    spec = ContainerSpec(
        image="web",
        ports=(
            Port(80, "tcp", 8080, "127.0.0.1"),
            Port(80, "tcp", 0, ""),
            Port(53, "udp", None, ""),
        ),
        restart="unless-stopped",
    )
    body = container_body(spec)
    assert body["ExposedPorts"] == {"80/tcp": {}, "53/udp": {}}
    assert body["HostConfig"] == {
        "PortBindings": {
            "80/tcp": [
                {"HostIp": "127.0.0.1", "HostPort": "8080"},
                {"HostIp": "", "HostPort": ""},
            ]
        },
        "Mounts": [],
        "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
    }
    assert "Cmd" not in body


def test_an_untagged_image_has_no_tags() -> None:
    read = parse_images.image_summary(
        {"Id": "sha256:1", "RepoTags": ["<none>:<none>"], "RepoDigests": None, "Created": 0}
    )
    assert (read.tags, read.digests) == ((), ())


def test_a_connection_never_shows_its_key() -> None:
    shown = repr(Connection("tcp://h:1", ca="ca", cert="CANARY-1", key="CANARY-2"))
    assert "CANARY" not in shown


def test_a_container_spec_never_shows_its_environment() -> None:
    assert "CANARY" not in repr(ContainerSpec(image="web", environment={"PASSWORD": "CANARY"}))
