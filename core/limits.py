"""How much of one thing may go on at once, for each person and in all (H11)."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from core.errors import TooMany

AGAIN_S = 2


class AtOnce:
    """Places in this process for work that keeps a thread waiting. Nobody queues for one."""

    def __init__(self, *, each: int, in_all: int) -> None:
        self._each, self._in_all = each, in_all
        self._taken: Counter[int] = Counter()
        self._guard = threading.Lock()

    @contextmanager
    def place(self, person: int) -> Iterator[None]:
        """Hold a place for the length of a block. Raises TooMany."""
        with self._guard:
            if self._taken[person] >= self._each or self._taken.total() >= self._in_all:
                raise TooMany(
                    _("Too much of this is going on at once."),
                    hint=_("Try again in a moment."),
                    retry_after_s=AGAIN_S,
                )
            self._taken[person] += 1
        try:
            yield
        finally:
            with self._guard:
                self._taken[person] -= 1
                self._taken += Counter()  # forget whoever holds none
