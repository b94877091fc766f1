"""The channel layer: a Redis that goes away and comes back ends no socket."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from channels_redis.core import RedisChannelLayer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LOOK_S = 0.5  # how often we look whether it is back
LOST = {"type": "groups.lost"}


class PatientLayer(RedisChannelLayer):  # type: ignore[misc]  # it has no types
    """Once it is back, every socket hears {"type": "groups.lost"}: its groups are gone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.listening: set[str] = set()

    async def receive(self, channel: str) -> Any:
        self.listening.add(channel)
        try:
            return await super().receive(channel)
        except (RedisError, OSError):
            self.listening.discard(channel)
            await self._until_back()
            for other in self.listening:  # of all that wait in this process, only one noticed
                self.receive_buffer[other].put_nowait(LOST)
            return LOST
        finally:
            self.listening.discard(channel)

    async def _until_back(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            with suppress(RedisError, OSError):
                await self.connection(0).ping()
                return

    async def group_add(self, group: str, channel: str) -> None:
        """Whoever joins in vain hears no tick, and joins again."""
        try:
            await super().group_add(group, channel)
        except (RedisError, OSError) as error:
            logger.warning("a group could not be joined: %s", error)

    async def group_discard(self, group: str, channel: str) -> None:
        try:
            await super().group_discard(group, channel)
        except (RedisError, OSError) as error:  # it expires
            logger.info("a group could not be left: %s", error)
