"""What a log's viewers share: entries as one string, however many take them."""

from containers_app.logs.hub_ring import Ring
from engine.cursor import Accepted, timestamp_of


def lines(first: int, count: int) -> Accepted:
    stamps = [timestamp_of(number) for number in range(first, first + count)]
    return Accepted(stamps, [1] * count, [f"line {s}" for s in stamps], stamps, gap=False)


def test_viewers_that_are_equally_late_get_one_string() -> None:
    ring = Ring()
    for number in range(3):
        ring.add(lines(number * 10, 10), [0], most=10**6)
    pieces = [entry.inside(0) for entry in ring.entries]
    together = ring.joined(list(pieces))
    assert together == ",".join(pieces)
    assert ring.joined(list(pieces)) is together
    assert ring.joined(pieces[:2]) == ",".join(pieces[:2])
    assert ring.joined(pieces[:1]) is pieces[0]


def test_a_flood_of_control_characters_is_cut_into_bounded_entries() -> None:
    stamps = [timestamp_of(number) for number in range(8)]
    ring = Ring()
    texts = ["\x01" * 60_000] * 8  # six times as long in JSON
    ring.add(Accepted(stamps, [1] * 8, texts, stamps, gap=False), [0, 3], most=10**8)
    assert sum(entry.count for entry in ring.entries) == 8
    assert all(len(entry.inside(0)) < 600_000 for entry in ring.entries)
    found = [line for entry in ring.entries for line in entry.lines()]
    assert [line[0] for line in found] == stamps
