"""The hubs of this process: who looks at the same container gets the same one."""

import asyncio
from weakref import WeakKeyDictionary

from containers_app.logs.hub import RING_SIZE, Hub
from containers_app.logs.hub_watch import HostWatch
from engine.types import Connection

LINGER_S = 5.0  # after the last viewer: a reload or a reconnect finds stream and ring again
ALL_RINGS_SIZE = 64 * 1024 * 1024  # bytes of all logs of this process
LEAST_RING_SIZE = 128 * 1024  # bytes, however many logs are followed


class Hubs:
    """Of one event loop."""

    def __init__(self) -> None:
        self._hubs: dict[tuple[Connection, str], Hub] = {}
        self._watches: dict[Connection, HostWatch] = {}

    def __len__(self) -> int:
        return len(self._hubs)

    def get(self, connection: Connection, container_id: str, name: str) -> Hub:
        """To be joined before anything else is awaited."""
        hub = self._hubs.get((connection, container_id))
        if hub is None:
            watch = self._watches.get(connection)
            if watch is None:
                watch = self._watches[connection] = HostWatch(connection)
            hub = self._hubs[connection, container_id] = Hub(connection, container_id, name, watch)
            self._share()
        return hub

    def left(self, hub: Hub) -> None:
        """A viewer has gone. The last one leaves the stream open a little longer."""
        if not hub.viewers:
            asyncio.get_running_loop().call_later(LINGER_S, self._close, hub)

    def _close(self, hub: Hub) -> None:
        key = (hub.connection, hub.container_id)
        if hub.viewers or self._hubs.get(key) is not hub:
            return
        del self._hubs[key]
        hub.close()
        if not hub.watch.hubs:
            hub.watch.close()
            del self._watches[hub.connection]
        self._share()

    def _share(self) -> None:
        share = max(LEAST_RING_SIZE, ALL_RINGS_SIZE // max(1, len(self._hubs)))
        for hub in self._hubs.values():
            hub.most = min(RING_SIZE, share)


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Hubs] = WeakKeyDictionary()


def hubs() -> Hubs:
    """Those of the running loop: a process has one, tests have many."""
    return _by_loop.setdefault(asyncio.get_running_loop(), Hubs())
