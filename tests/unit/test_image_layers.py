"""The history of an image: which step made which layer, and which values are nobody's business."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bars import WIDTH, segments
from core.masking import masked_instruction
from engine.types import HistoryEntry
from images_app.layers import LAYERLESS, Step, read_instruction, steps_of

AT = datetime(2026, 1, 1, tzinfo=UTC)


def made(*steps: tuple[str, int]) -> list[HistoryEntry]:
    """A history as an engine tells it, of steps given the oldest first."""
    return [HistoryEntry("", AT, text, size, "", ()) for text, size in reversed(steps)]


def layers_of(steps: list[Step]) -> list[tuple[str, bool | None]]:
    return [(step.layer, step.empty) for step in steps]


@pytest.mark.parametrize(
    ("written", "word", "rest"),
    [
        ("/bin/sh -c #(nop) ADD file:5bae in / ", "ADD", "file:5bae in /"),
        ('/bin/sh -c #(nop)  CMD ["bash"]', "CMD", '["bash"]'),
        ("/bin/sh -c apt-get update", "RUN", "apt-get update"),
        ("RUN /bin/sh -c make install # buildkit", "RUN", "make install"),
        ("COPY . /app # buildkit", "COPY", ". /app"),
        ("WORKDIR /app", "WORKDIR", "/app"),
        ("EXPOSE map[80/tcp:{}]", "EXPOSE", "80/tcp"),
        ("EXPOSE map[443/tcp:{} 80/tcp:{}]", "EXPOSE", "443/tcp 80/tcp"),
        ("|2 A=secret B=two words /bin/sh -c make", "RUN", "make  # A=*** B=***"),
        ("RUN |1 A=secret /bin/sh -c make # buildkit", "RUN", "make  # A=***"),
        ("|1 A=secret /bin/bash -o pipefail -c make it", "RUN", "make it  # A=***"),
        ("|1 A=secret nobody knows this shell", "RUN", "…  # A=***"),
        ("|0 /bin/sh -c make", "RUN", "make"),
        ("sh -c echo ENV", "", "sh -c echo ENV"),
        ("", "", ""),
    ],
)
def test_a_line_of_history_is_read_as_its_instruction(written: str, word: str, rest: str) -> None:
    assert read_instruction(written) == (word, rest)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ENV A=secret", "ENV A=***"),
        ("ENV A=secret B=secret", "ENV A=*** B=***"),
        ("ENV A=secret and more of it", "ENV A=***"),
        ("ENV A secret", "ENV A ***"),
        ("ENV A=", "ENV A=***"),
        ("ARG TOKEN=secret", "ARG TOKEN=***"),
        ("ARG TOKEN", "ARG TOKEN"),
        ("/bin/sh -c #(nop)  ENV A=secret", "/bin/sh -c #(nop)  ENV A=***"),
        ("RUN echo ENV A=b", "RUN echo ENV A=b"),
        ("LABEL a=b", "LABEL a=b"),
    ],
)
def test_values_of_variables_are_hidden_in_it(written: str, shown: str) -> None:
    assert masked_instruction(written) == shown


def test_steps_with_bytes_have_the_layers_in_order() -> None:
    history = made(("ADD file in /", 500), ("ENV A=1", 0), ("RUN make", 20), ("CMD sh", 0))
    steps = steps_of(history, ["base", "top"])
    assert [step.text for step in steps] == ["ADD file in /", "ENV A=***", "RUN make", "CMD sh"]
    assert layers_of(steps) == [("base", False), ("", True), ("top", False), ("", True)]


def test_a_step_without_bytes_may_have_a_layer_too() -> None:
    history = made(("ADD file in /", 500), ("WORKDIR /app", 0), ("CMD sh", 0))
    assert layers_of(steps_of(history, ["base", "dir"])) == [
        ("base", False),
        ("dir", False),
        ("", True),
    ]
    assert layers_of(steps_of(history, ["base"]))[1] == ("", True)


def test_what_cannot_be_told_is_not_guessed() -> None:
    """One layer for two steps without bytes: what stands before and behind them is certain."""
    history = made(("ADD a /", 5), ("RUN true", 0), ("WORKDIR /", 0), ("RUN make", 7))
    assert layers_of(steps_of(history, ["base", "dir", "top"])) == [
        ("base", False),
        ("", None),
        ("", None),
        ("top", False),
    ]


@pytest.mark.parametrize("layers", [[], ["one"], ["a", "b", "c", "d", "e"]])
def test_a_history_that_does_not_fit_names_no_layer(layers: list[str]) -> None:
    steps = steps_of(made(("ADD a /", 5), ("RUN make", 7)), layers)
    assert [step.layer for step in steps] == ["", ""]
    assert [step.size_bytes for step in steps] == [5, 7]


@given(
    st.lists(
        st.tuples(st.sampled_from(["RUN x", "CMD x", "WORKDIR /x", "sh"]), st.integers(0, 2))
    ),
    st.integers(0, 8),
)
def test_no_layer_is_named_twice_and_none_out_of_order(
    steps: list[tuple[str, int]], count: int
) -> None:
    layers = [f"sha256:{n}" for n in range(count)]
    found = steps_of(made(*steps), layers)
    named = [step.layer for step in found if step.layer]
    assert named == sorted(set(named))
    assert set(named) <= set(layers)
    assert all(step.empty is False for step in found if step.layer or step.size_bytes)
    assert all(step.empty for step in found if step.word in LAYERLESS and not step.size_bytes)


@given(st.lists(st.integers(0, 10**12), max_size=130))
def test_the_segments_of_a_bar_fill_it(sizes: list[int]) -> None:
    found = segments([(n, size, "") for n, size in enumerate(sizes)])
    assert [one.key for one in found] == [n for n, size in enumerate(sizes) if size]
    if found:
        assert found[-1].x + found[-1].width == pytest.approx(WIDTH, abs=1)
        assert all(one.width > 0 for one in found)
        shown = [size for size in sizes if size]  # widths are rounded: near ones look the same
        assert found[shown.index(max(shown))].shade <= 1
