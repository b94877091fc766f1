"""What becomes of writes when the disk is full (R52)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError

logger = logging.getLogger(__name__)


def disk_full(error: OperationalError) -> bool:
    """SQLite and PostgreSQL both say so only in words."""
    return any(words in str(error) for words in ("disk is full", "No space left", "disk I/O"))


@contextmanager
def if_there_is_room() -> Iterator[None]:
    """For what is good to know and not worth refusing a request that only reads."""
    try:
        yield
    except OperationalError as error:
        if not disk_full(error):
            raise
        logger.warning("not written down, the disk is full")
