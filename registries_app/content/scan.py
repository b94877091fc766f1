"""Asking one registry many things at once, over one kept client, in a bounded time."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from types import TracebackType
from typing import TypeVar

from registries_app.models import Registry
from registries_app.protocol.distribution import CALL_S, Client
from registries_app.protocol.failures import (
    AuthFailed,
    Forbidden,
    ForeignRealm,
    RateLimited,
    RegistryFailed,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from registries_app.protocol.sockets import deadline
from registries_app.protocol.targets import Target

PUBLIC = {Registry.Kind.HUB, Registry.Kind.GHCR, Registry.Kind.QUAY}
AT_ONCE, AT_ONCE_PUBLIC = 16, 4  # requests
PAGE_S = 10.0  # all that one request of ours may wait for a registry
SLOW_ONES = 2  # sets of questions with one that was not answered in time
# whoever fails so fails so again: nothing more is asked
HOPELESS = (AuthFailed, Forbidden, ForeignRealm, RateLimited, TimedOut, TlsFailed, Unreachable)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Scan:
    """A client with threads of its own. Close it; it then waits for what it still asks."""

    def __init__(self, target: Target, *, at_once: int = AT_ONCE, seconds: float | None = None):
        """`seconds` are for everything that is asked together; None: each call has its own."""
        self.client = Client(target)
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="registry")
        self._end = None if seconds is None else time.monotonic() + seconds
        self._troubles: list[RegistryFailed] = []

    def __enter__(self) -> "Scan":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.client.__exit__(kind, error, trace)

    def each(
        self, ask: Callable[[Client, K], V], keys: Iterable[K]
    ) -> Iterator[tuple[K, V | RegistryFailed]]:
        """What `ask` answers for each key, as answers come; failures are answers as well.

        After one that is hopeless, the others are answered by it, without being asked.
        """
        hopeless: list[RegistryFailed] = []

        def one(key: K) -> V | RegistryFailed:
            if hopeless:
                return hopeless[0]
            try:
                with deadline(self._left_s()):
                    return ask(self.client, key)
            except RegistryFailed as error:
                if isinstance(error, HOPELESS) and not hopeless:
                    hopeless.append(error)
                    self._troubles.append(error)
                return error

        waiting = {self._pool.submit(one, key): key for key in dict.fromkeys(keys)}
        for done in as_completed(waiting):
            yield waiting.pop(done), done.result()

    def all(self, ask: Callable[[Client, K], V], keys: Iterable[K]) -> dict[K, V | RegistryFailed]:
        return dict(self.each(ask, keys))

    def once(self, ask: Callable[[Client], V]) -> V:
        """One question, within what is left of the time. Raises RegistryFailed."""
        with deadline(self._left_s()):
            return ask(self.client)

    def go_on(self) -> None:
        """Raises what was hopeless so far; a question that took too long may be one of a kind."""
        for trouble in self._troubles:
            if len(self._troubles) > SLOW_ONES or not isinstance(trouble, TimedOut):
                raise trouble

    def _left_s(self) -> float:
        if self._end is None:
            return CALL_S
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimedOut(self.client.target.name)
        return min(left, CALL_S)


def at_once(registry: Registry) -> int:
    return AT_ONCE_PUBLIC if registry.kind in PUBLIC else AT_ONCE
