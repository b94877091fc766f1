"""A Dockerfile's mistakes are told at their lines, before any engine is asked."""

import pytest

from images_app.building.dockerfile import check
from images_app.building.dockerfile_copy import matches
from images_app.building.dockerfile_lines import read
from tests.dockerfiles import FILES, GOOD, REFUSED

BASE = "FROM lab/busybox\n"


def errors(text: str, **options: object) -> list[tuple[int, str]]:
    found = check(text, **options)  # type: ignore[arg-type]
    return [(each.line, each.code) for each in found.errors]


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_engine_refuses_is_refused(text: str) -> None:
    assert check(text, files=FILES).errors


@pytest.mark.parametrize("text", GOOD)
def test_what_the_engine_builds_has_no_errors(text: str) -> None:
    assert check(text, files=FILES).errors == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{BASE}\n\nRNU true\n", [(4, "unknown")]),
        (f"{BASE}RUN a \\\n  b \\\n\n  # c\n  d\nCOPPY a b\n", [(7, "unknown")]),
        (f"# escape=`\n{BASE}RUN a `\n b\nFOO x\n", [(5, "unknown")]),
        (f"{BASE}COPY a.txt \\\n  nope \\\n  /x/\n", [(3, "missing")]),
        (f"{BASE}COPY ../x /\n", [(2, "missing")]),
        (f"{BASE}ADD gone /\nADD https://example.com/x /\n", [(2, "missing")]),
        (f"{BASE}COPY --from=2 a /\n", [(2, "stage")]),
        (f"{BASE}RUN cat <<E > x\nFROM a b\nE\nFOO\n", [(2, "buildkit"), (5, "unknown")]),
        (f"{BASE}RUN --mount=type=tmpfs,target=/c x\n", [(2, "buildkit")]),
        ("RUN true\nFROM lab/busybox\n", [(1, "from")]),
        ("FROM $BASE\n", [(1, "argument")]),
    ],
)  # fmt: skip
def test_each_mistake_is_told_at_its_line(text: str, expected: list[tuple[int, str]]) -> None:
    assert errors(text, files=FILES) == expected


def test_a_misspelt_instruction_is_guessed() -> None:
    (found,) = check(f"{BASE}COPPY a b\n").errors
    assert found.message.endswith("Did you mean COPY?")


def test_without_a_context_nobody_says_that_files_are_missing() -> None:
    assert errors(f"{BASE}COPY nope /\n") == []


def test_a_target_that_is_no_stage_is_told_with_those_there_are() -> None:
    text = "FROM lab/busybox AS one\nFROM one AS two\n"
    assert errors(text, target="TWO") == errors(text, target="0") == []
    (found,) = check(text, target="three").errors
    assert (found.line, found.message) == (0, "There is no stage three; there are: one, two.")


def test_stages_behind_the_target_are_not_built_and_need_no_files() -> None:
    text = "FROM lab/busybox AS one\nFROM one AS two\nCOPY nope /\n"
    assert errors(text, files=FILES, target="one") == []
    assert errors(text, files=FILES, target="two") == [(3, "missing")]


def test_a_build_argument_gives_the_base_its_name() -> None:
    text = "ARG BASE\nFROM $BASE\n"
    assert errors(text) == [(2, "argument")]
    assert errors(text, build_args={"BASE": "lab/busybox"}) == []
    assert check(text).arguments == ["BASE"]


def test_what_may_go_wrong_later_is_a_warning() -> None:
    text = f"# syntax=docker/dockerfile:1\n{BASE}COPY --from=tools /x /\nONBUILD FOO\nCMD ['a']\n"
    found = check(text)
    assert found.errors == []
    assert [each.line for each in found.problems] == [1, 3, 4, 5]


def test_an_instruction_knows_its_flags_and_its_rest() -> None:
    (_from, copy) = read(f'{BASE}COPY --from=a --chown=1:1 ["b c", "/d"]').instructions
    assert (copy.name, copy.flags, copy.words) == (
        "COPY",
        (("from", "a"), ("chown", "1:1")),
        ["b c", "/d"],
    )


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "dir/a.txt", False),
        ("d?r/[a-c].txt", "dir/b.txt", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("[", "[", True),
    ],
)
def test_wildcards_stop_at_a_slash(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected
