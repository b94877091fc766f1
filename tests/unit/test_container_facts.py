"""What a container's page says in words: isolation, restart policies, and JSON that folds."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers_app import facts, isolation
from containers_app.masking import masked
from core import tree
from core.text import visible
from engine.parse import detail
from engine.types import ContainerDetail, MountPoint

PLAIN = detail({"Id": "a" * 64, "Created": "2026-01-01T00:00:00Z"})


def bind(source: str, *, read_only: bool = False) -> tuple[MountPoint, ...]:
    return (MountPoint("bind", "", source, "/x", "", read_only),)


@pytest.mark.parametrize(
    "found",
    [
        replace(PLAIN, privileged=True),
        replace(PLAIN, mounts=bind("/var/run/docker.sock", read_only=True)),
        replace(PLAIN, mounts=bind("/")),
        replace(PLAIN, mounts=bind("/etc/cron.d")),
        replace(PLAIN, capabilities_added=("CAP_SYS_ADMIN",)),
        replace(PLAIN, capabilities_added=("all",)),
        replace(PLAIN, devices=("/dev/sda",)),
        replace(PLAIN, devices=("/dev/mem:/dev/x",)),
    ],
    ids=lambda found: str(found.mounts or found.capabilities_added or found.devices or "priv"),
)
def test_ways_to_root_are_named(found: ContainerDetail) -> None:
    assert len(isolation.ways_to_root(found)) == 1


@pytest.mark.parametrize(
    "found",
    [
        PLAIN,
        replace(PLAIN, mounts=bind("/srv/data")),
        replace(PLAIN, mounts=bind("/etcetera")),
        replace(PLAIN, mounts=bind("/etc", read_only=True)),
        replace(PLAIN, capabilities_added=("NET_BIND_SERVICE",)),
        replace(PLAIN, devices=("/dev/dri",)),
    ],
    ids=lambda found: str(found.mounts or found.capabilities_added or found.devices or "plain"),
)
def test_what_is_no_way_is_not_called_one(found: ContainerDetail) -> None:
    assert isolation.ways_to_root(found) == []


def test_the_worst_comes_first() -> None:
    found = replace(PLAIN, privileged=True, pid_mode="host", read_only=True)
    glyphs = [fact.glyph for fact in isolation.facts(found)]
    assert glyphs == ["bad", "bad", "warn", "ok"]


@pytest.mark.parametrize("user", ["", "0", "root", "0:0", "root:users"])
def test_root_is_called_root(user: str) -> None:
    texts = [fact.text for fact in isolation.facts(replace(PLAIN, user=user))]
    assert "Its main process runs as root." in texts


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("no", "Not restarted"),
        ("on-failure", "When it fails"),
        ("on-failure:1", "When it fails, at most 1 time"),
        ("on-failure:5", "When it fails, at most 5 times"),
        ("something-new", "something-new"),
    ],
)
def test_restart_policies_in_words(policy: str, words: str) -> None:
    assert facts.restart_words(policy) == words


def test_an_exit_code_is_told_only_of_what_has_ended() -> None:
    ended = replace(
        PLAIN, exit_code=137, state="exited", finished=datetime(2026, 1, 1, tzinfo=UTC)
    )
    labels = {fact.label: fact for fact in facts.of(ended, rootless=False)["facts"]}
    assert (labels["Exit code"].text, labels["Exit code"].bad) == ("137", True)
    running = facts.of(replace(ended, state="running"), rootless=False)["facts"]
    assert "Exit code" not in {fact.label for fact in running}


# -- JSON --------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)


@given(st.dictionaries(st.text(max_size=5), json_values))
def test_every_part_that_opens_is_closed(value: dict[str, Any]) -> None:
    depth = 0
    for node in tree.nodes(value):
        depth += {"open": 1, "close": -1}.get(node.kind, 0)
        assert depth >= 0
    assert depth == 0


def test_an_answer_of_twenty_thousand_parts_is_cut_and_still_whole() -> None:
    value = {"Labels": {f"l{n}": "x" for n in range(20_000)}, "After": {"a": {"b": 1}}}
    found = tree.nodes(value)
    assert len(found) < tree.MOST_NODES + 10
    kinds = [node.kind for node in found]
    assert kinds.count("open") == kinds.count("close")
    assert "cut" in kinds


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"Config": {"Env": ["A=1"]}}, ".Config.Env[0]"),
        ({"Labels": {"com.x/y": "1"}}, '.Labels["com.x/y"]'),
        ({"a b": 1}, '.["a b"]'),
    ],
)
def test_a_path_is_one_that_jq_takes(value: dict[str, Any], path: str) -> None:
    assert [node.path for node in tree.nodes(value) if node.kind == "leaf"] == [path]


def test_values_are_masked_and_the_answer_itself_is_left_alone() -> None:
    raw: dict[str, Any] = {
        "Config": {"Env": ["TOKEN=abc", "EMPTY=", "BARE"]},
        "HostConfig": {"LogConfig": {"Config": {"splunk-token": "abc", "mode": "x"}}},
    }
    shown = masked(raw)
    assert shown["Config"]["Env"] == ["TOKEN=***", "EMPTY=", "BARE"]
    assert shown["HostConfig"]["LogConfig"]["Config"] == {"splunk-token": "***", "mode": "x"}
    assert raw["Config"]["Env"][0] == "TOKEN=abc"


def test_what_cannot_be_seen_is_spelt_out() -> None:
    assert visible("a\x1b[31m\u202eb\x00") == "a\\u001b[31m\\u202eb\\u0000"
    assert visible("x" * 10, most=3) == "xxx…"
