"""A log is delivered once, from whatever record one goes on, whatever the engine repeats."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cursor import Cursor, Position
from engine.frames import Records

Row = tuple[str, int, str]


def stamp(number: int) -> str:
    return f"2026-11-24T06:35:24.{number:09}Z"


def records(rows: list[Row], pieces: dict[int, bool] | None = None) -> Records:
    return Records([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], pieces or {})


def deliver(position: Position, rows: list[Row], cuts: list[int]) -> list[tuple[str, str]]:
    """(text, cursor) of what is new, given in several feeds."""
    bounds = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    found: list[tuple[str, str]] = []
    for start, end in itertools.pairwise(bounds):
        if start < end and (new := position.accept(records(rows[start:end]))):
            found += zip(new.texts, new.cursors, strict=True)
    return found


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Rows in order of time, some at the same nanosecond, no two alike there."""
    steps = draw(st.lists(st.integers(0, 2), min_size=1, max_size=30))
    rows, now = [], 1
    for number, step in enumerate(steps):
        now += step
        rows.append((stamp(now), draw(st.sampled_from([1, 2])), f"line {number}"))
    return rows


cuts = st.lists(st.integers(0, 100), max_size=5)


@given(logs(), cuts, cuts)
def test_going_on_from_any_record_gives_exactly_the_rest(
    rows: list[Row], first: list[int], later: list[int]
) -> None:
    everything = deliver(Position(), rows, first)
    assert [text for text, _ in everything] == [row[2] for row in rows]
    assert len({cursor for _, cursor in everything}) == len(rows)
    for number, (_, cursor) in enumerate(everything, 1):
        again = [row for row in rows if row[0] >= Cursor.parse(cursor).timestamp]  # since=
        assert deliver(Position(cursor), again, later) == everything[number:]


@given(logs(), st.integers(0, 30), st.integers(0, 30), cuts)
def test_what_the_engine_repeats_is_dropped(
    rows: list[Row], start: int, length: int, cuts: list[int]
) -> None:
    at = start % len(rows)
    repeated = rows[: at + 1] + rows[max(0, at - length) : at + 1] + rows[at + 1 :]
    position = Position()
    assert [text for text, _ in deliver(position, repeated, cuts)] == [row[2] for row in rows]
    assert position.dropped == len(repeated) - len(rows)


def test_a_repetition_while_skipping_is_not_counted_as_delivered() -> None:
    rows = [(stamp(1), 1, "a"), (stamp(1), 1, "a"), (stamp(1), 1, "b"), (stamp(1), 1, "c")]
    assert deliver(Position(f"{stamp(1)}~1"), rows, []) == [("c", f"{stamp(1)}~2")]


def test_equal_pieces_of_one_line_are_all_delivered() -> None:
    rows = [(stamp(1), 1, "x")] * 3
    new = Position().accept(records(rows, {0: True, 1: True, 2: False}))
    assert new
    assert new.cursors == [f"{stamp(1)}+", f"{stamp(1)}~1+", f"{stamp(1)}~2"]
    for number, cursor in enumerate(new.cursors, 1):
        rest = Position(cursor).accept(records(rows, {0: True, 1: True, 2: False}))
        assert (rest.cursors if rest else []) == new.cursors[number:]


def test_a_line_that_ended_after_newer_ones_of_the_other_stream_is_kept() -> None:
    rows = [(stamp(1), 1, "a"), (stamp(3), 2, "b"), (stamp(2), 1, "long"), (stamp(4), 2, "c")]
    assert deliver(Position(), rows, []) == [
        ("a", stamp(1)),
        ("b", stamp(3)),
        ("long", stamp(3)),
        ("c", stamp(4)),
    ]


def test_a_gap_is_seen_when_the_record_of_the_cursor_is_gone() -> None:
    new = Position(stamp(1)).accept(records([(stamp(5), 1, "e")]))
    assert new
    assert new.gap


def test_no_gap_is_seen_when_it_is_there() -> None:
    position = Position(stamp(1))
    assert position.accept(records([(stamp(1), 1, "a")])) is None
    new = position.accept(records([(stamp(5), 1, "e")]))
    assert new
    assert not new.gap


@pytest.mark.parametrize(
    "text", ["", "now", "2026-11-24T06:35:24Z", f"{stamp(1)}~", f"{stamp(1)}~x", stamp(1) + "\n",
             "2026-13-24T06:35:24.000000000Z", f"{stamp(1)}~{'9' * 99}"]
)  # fmt: skip
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match=r"cursor|month"):
        Cursor.parse(text)


def test_a_cursor_is_the_engines_since_to_the_nanosecond() -> None:
    assert Cursor.parse("1970-01-01T00:01:02.000000003Z~7+").since == "62.000000003"
