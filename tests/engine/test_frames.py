"""Log streams cut anywhere, with any bytes in them, become the same records."""

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Broken
from engine.frames import LONGEST_TEXT, Frames, Records, Terminal

PART = 16 * 1024
Line = tuple[int, bytes]  # stream, text


def stamp(number: int) -> bytes:
    return b"2026-11-24T06:35:24.%09dZ " % number


def framed(lines: list[Line], *, ended: bool = True) -> bytes:
    """As an engine sends them: in parts of 16 KiB, each with the timestamp of the first."""
    sent = bytearray()
    for number, (stream, text) in enumerate(lines):
        whole = text + (b"\n" if ended or number < len(lines) - 1 else b"")
        for start in range(0, len(whole), PART):
            body = stamp(number) + whole[start : start + PART]
            sent += struct.pack(">BxxxL", stream, len(body)) + body
    return bytes(sent)


def bare(texts: list[bytes]) -> bytes:
    sent = bytearray()
    for number, text in enumerate(texts):
        whole = text + b"\r\n"
        for start in range(0, len(whole), PART):
            sent += stamp(number) + whole[start : start + PART]
    return bytes(sent)


def read(parser: Frames | Terminal, sent: bytes, cuts: list[int]) -> list[tuple[str, int, str]]:
    """(timestamp, stream, text) with the pieces of long lines joined."""
    found: list[tuple[str, int, str]] = []
    held = ""
    bounds = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    fed = [parser.feed(sent[start:end]) for start, end in itertools.pairwise(bounds)]
    for records in [*fed, parser.unfinished()]:
        if records is None:
            continue
        for index, row in enumerate(zip(*records[:3], strict=True)):
            assert len(row[2].encode()) <= LONGEST_TEXT * 3  # replaced bytes grow threefold
            held += row[2]
            if not records.pieces.get(index):
                found.append((row[0], row[1], held))
                held = ""
    assert not held
    return found


texts = st.binary(max_size=60).map(lambda text: text.replace(b"\n", b""))
long_texts = st.builds(
    lambda seed, size: (seed * (size // max(1, len(seed)) + 1))[:size],
    st.sampled_from([b"x", "é".encode(), "行".encode(), "😀a".encode(), b"\xff\x80", b"ab\r"]),
    st.sampled_from([PART - 1, PART, PART + 1, LONGEST_TEXT - 1, LONGEST_TEXT, LONGEST_TEXT + 1,
                     LONGEST_TEXT + 2, 2 * LONGEST_TEXT, 5 * PART + 7, 200_000]),
)  # fmt: skip
cuts = st.lists(st.integers(0, 10**7), max_size=12)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), texts), max_size=30), cuts)
def test_frames_cut_anywhere_give_the_same_lines(lines: list[Line], cuts: list[int]) -> None:
    assert read(Frames(), framed(lines), cuts) == [
        (stamp(number)[:-1].decode(), stream, text.decode("utf-8", "replace"))
        for number, (stream, text) in enumerate(lines)
    ]


@given(st.lists(st.one_of(texts, long_texts), max_size=4), cuts)
def test_long_lines_in_frames_come_whole(lines: list[bytes], cuts: list[int]) -> None:
    found = read(Frames(), framed([(1, text) for text in lines]), cuts)
    assert [text for _, _, text in found] == [text.decode("utf-8", "replace") for text in lines]


@given(st.lists(st.one_of(texts, long_texts), max_size=4), cuts)
def test_long_lines_of_a_terminal_come_whole(lines: list[bytes], cuts: list[int]) -> None:
    found = read(Terminal(), bare(lines), cuts)
    assert [text for _, _, text in found] == [text.decode("utf-8", "replace") for text in lines]


@pytest.mark.parametrize("parser", [Frames, Terminal])
@given(text=long_texts, cuts=cuts)
def test_pieces_are_the_same_however_the_line_arrives(
    parser: type[Frames | Terminal], text: bytes, cuts: list[int]
) -> None:
    sent = framed([(1, text)]) if parser is Frames else bare([text])

    def pieces(bounds: list[int]) -> list[str]:
        fresh = parser()
        fed = [fresh.feed(sent[a:b]) for a, b in itertools.pairwise(bounds)]
        return [piece for records in fed if records for piece in records.texts]

    whole = pieces([0, len(sent)])
    assert pieces([0, *sorted(cut % len(sent) for cut in cuts), len(sent)]) == whole
    assert all(len(piece.encode("utf-8", "surrogatepass")) <= 3 * LONGEST_TEXT for piece in whole)


def test_a_line_over_64_kib_comes_in_pieces_of_that_size() -> None:
    records = Frames().feed(framed([(1, b"x" * 150_000)]))
    assert records
    assert [len(text) for text in records.texts] == [65536, 65536, 18928]
    assert records.pieces == {0: True, 1: True, 2: False}
    assert len(set(records.timestamps)) == 1


def test_a_long_line_needs_little_memory_while_it_comes() -> None:
    for parser, sent in ((Frames(), framed([(1, b"x" * 20_000_000)])),
                         (Terminal(), bare([b"x" * 20_000_000]))):  # fmt: skip
        pieces, most = 0, 0
        for start in range(0, len(sent), 1 << 17):
            records = parser.feed(sent[start : start + (1 << 17)])
            pieces += len(records.texts) if records else 0
            most = max(most, len(parser._rest))
        assert pieces == -(-20_000_000 // LONGEST_TEXT)
        assert most < 300_000


def test_a_character_is_never_cut_in_two() -> None:
    records = Frames().feed(framed([(1, b"a" + "行".encode() * 40_000)]))
    assert records
    assert "\ufffd" not in "".join(records.texts)


def test_lines_of_both_streams_may_interleave_with_a_long_one() -> None:
    first, rest = framed([(1, b"x" * (PART + 5))]), framed([(2, b"short")])
    cut = 8 + 31 + PART
    records = Frames().feed(first[:cut] + rest + first[cut:])
    assert records
    assert [(s, len(t)) for s, t in zip(records.streams, records.texts, strict=True)] == [
        (2, 5),
        (1, PART + 5),
    ]


def test_a_last_line_without_a_newline_waits_to_be_asked_for() -> None:
    frames = Frames()
    done = frames.feed(framed([(1, b"one"), (1, b"password: ")], ended=False))
    assert done
    assert done.texts == ["one"]
    rest = frames.unfinished()
    assert rest
    assert rest.texts == ["password: "]
    assert frames.unfinished() is None


def test_a_line_without_a_newline_ends_where_another_begins() -> None:
    records = Frames().feed(
        framed([(1, b"prompt")], ended=False) + framed([(1, b"a"), (1, b"b")])[41:]
    )
    assert records
    assert records.texts == ["prompt", "b"]


def test_a_text_like_a_header_is_text() -> None:
    text = struct.pack(">BxxxL", 2, 5) + b"2026-11-24T06:35:24.000000000Z x"
    records = Frames().feed(framed([(1, text.replace(b"\n", b""))]))
    assert records
    assert records.texts == [text.decode()]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"HTTP/1.1 500 oh no, this is no log stream", "no frames"),
        (struct.pack(">BxxxL", 3, 5) + b"sorry", "sorry"),
        (struct.pack(">BxxxL", 1, 1 << 31) + b"x", "over 16 MiB"),
        (struct.pack(">BxxxL", 1, 5) + b"abcd\n", "abcd"),
        (struct.pack(">BxxxL", 1, 1) + b"\n", "no timestamps"),
    ],
)
def test_what_is_no_log_stream_is_broken(sent: bytes, words: str) -> None:
    with pytest.raises(Broken, match=words):
        Frames().feed(sent)


def test_the_words_of_an_engine_that_cannot_read_on() -> None:
    with pytest.raises(Broken, match="Error grabbing logs: unexpected EOF"):
        Terminal().feed(b"Error grabbing logs: unexpected EOF\n")


def test_other_forms_of_timestamps_are_made_to_the_one_that_sorts() -> None:
    sent = b"2026-11-24T08:35:24.5+02:00 one\n"
    records = Frames().feed(struct.pack(">BxxxL", 1, len(sent)) + sent)
    assert records == Records(["2026-11-24T06:35:24.500000000Z"], [1], ["one"], {})


@given(st.binary(max_size=400), cuts)
def test_no_bytes_crash_a_parser(sent: bytes, cuts: list[int]) -> None:
    for parser in (Frames(), Terminal()):
        try:
            read(parser, sent, cuts)
        except Broken:
            continue
