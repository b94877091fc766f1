"""Blocks are read while the one before is worked on, only a few ahead, and never after the end."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from engine.errors import Broken
from engine.logs import AHEAD, read_ahead

PIECES = 20
PIECE = b"0123456789"
BLOCK = 3 * len(PIECE)


class Arriving:
    """Pieces, as fast as somebody asks."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.given = 0
        self.closed = False
        self._failure = failure

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(PIECES):
                self.given += 1
                yield PIECE
            if self._failure:
                raise self._failure
        finally:
            self.closed = True


async def test_it_reads_on_while_a_block_is_worked_on_but_only_so_far() -> None:
    arriving = Arriving()
    blocks = read_ahead(arriving.pieces(), block=BLOCK)
    assert await anext(blocks) == 3 * PIECE
    for _ in range(100):
        await asyncio.sleep(0)
    most = (1 + AHEAD + 1) * 3  # taken, waiting, and the one that waits for room
    assert 3 < arriving.given <= most
    assert b"".join([block async for block in blocks]) == (PIECES - 3) * PIECE
    assert arriving.closed


async def test_who_leaves_closes_what_he_reads() -> None:
    arriving = Arriving()
    blocks = read_ahead(arriving.pieces(), block=BLOCK)
    await anext(blocks)
    await blocks.aclose()
    assert arriving.closed


async def test_a_failure_comes_after_what_arrived_before_it() -> None:
    blocks = read_ahead(Arriving(Broken("cut")).pieces(), block=BLOCK)
    for _ in range(PIECES // 3):
        assert await anext(blocks) == 3 * PIECE
    with pytest.raises(Broken, match="cut"):
        await anext(blocks)


async def test_silence_is_told() -> None:
    async def silent() -> AsyncGenerator[bytes, None]:
        yield PIECE
        await asyncio.Event().wait()

    blocks = read_ahead(silent(), block=1, idle_s=0.02)
    assert await anext(blocks) == PIECE
    with pytest.raises(TimeoutError):
        await anext(blocks)
