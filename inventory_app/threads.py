"""Blocking work beside the event loop, in lanes: an engine in trouble never holds up another's."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from django.db import close_old_connections

T = TypeVar("T")

DATABASE = ThreadPoolExecutor(8, thread_name_prefix="inventory-database")
HEALTHY = ThreadPoolExecutor(24, thread_name_prefix="inventory-engine")
TROUBLED = ThreadPoolExecutor(8, thread_name_prefix="inventory-trouble")  # also bounds memory


async def in_thread(work: Callable[[], T], lane: ThreadPoolExecutor = DATABASE) -> T:
    """Run `work` in a thread of this lane; what it returns or raises comes back."""
    return await asyncio.get_running_loop().run_in_executor(lane, partial(_fresh, work))


def give_up() -> None:
    """Start no more work; what runs is left to its deadline."""
    for lane in (DATABASE, HEALTHY, TROUBLED):
        lane.shutdown(wait=False, cancel_futures=True)


def _fresh(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
