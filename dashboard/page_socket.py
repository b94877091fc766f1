"""The socket behind every open page: it hears that something changed and sends what it is now."""

import asyncio
from collections import defaultdict
from typing import Any

from channels.db import database_sync_to_async

import containers_app.live
import images_app.live
import jobs_app.live
from accounts_app.consumers import Socket
from accounts_app.models import User
from core.live import group_for_host
from hosts_app.selectors import host_ids, live_version

SETTLE_S = 0.1  # changes within this time after the first go out as one message


class PageSocket(Socket):
    """One per tab. Hints come in with keys only; rows are read anew for this very user."""

    async def opened(self) -> None:
        self.host_groups: set[str] = set()
        self.changed: defaultdict[str, set[int]] = defaultdict(set)
        self.everything = False
        self.flushing: asyncio.Task[None] | None = None
        await self._join_hosts()

    async def said(self, message: dict[str, Any]) -> bool:
        """`hello` with the version the page was drawn from: tell whether it is out of date."""
        if message.get("t") != "hello":
            return False
        version = await database_sync_to_async(live_version)(self.user)
        await self.tell({"t": "version", "v": version})
        if message.get("v") not in {version, None}:
            await self.tell({"t": "reset"})
        await self.tell({"t": "hint", "k": ["job"]})
        return True

    async def allowed(self) -> bool:
        await self._join_hosts()  # hosts granted or taken since
        return True

    async def missed(self) -> None:
        await self.tell({"t": "reset"})

    async def changed_event(self, message: dict[str, Any]) -> None:
        """Channel layer: rows of one kind are different now."""
        if message["pks"] is None:
            self.everything = True
        self.changed[message["kind"]] |= set(message["pks"] or ())
        if self.flushing is None:
            self.flushing = self.spawn(self._flush())

    async def _flush(self) -> None:
        """Send the first change at once, and what gathers meanwhile a moment later."""
        try:
            while self.changed:
                changed, self.changed = self.changed, defaultdict(set)
                everything, self.everything = self.everything, False
                for message in await _messages(self, changed, everything=everything):
                    await self.tell(message)
                await asyncio.sleep(SETTLE_S)
        finally:
            self.flushing = None

    async def _join_hosts(self) -> None:
        """Be in exactly the groups of the hosts that the user sees now."""
        seen = await database_sync_to_async(host_ids)(self.user)
        wanted = {group_for_host(host_id) for host_id in seen} | {group_for_host(None)}
        for group in wanted - self.host_groups:
            await self.join(group)
        for group in self.host_groups - wanted:
            await self.leave(group)
        self.host_groups = wanted


@database_sync_to_async
def _messages(
    socket: PageSocket, changed: dict[str, set[int]], *, everything: bool
) -> list[dict[str, Any]]:
    """What to send for these keys; the texts are in the user's language."""
    user: User = socket.user
    with socket.in_language():
        messages: list[dict[str, Any]] = []
        containers = set(changed.get("container", ()))
        images = set(changed.get("image", ()))
        if jobs := changed.get("job"):
            containers |= containers_app.live.touched_by(user, jobs)
            images |= images_app.live.touched_by(user, jobs)
            messages += jobs_app.live.endings(user, jobs)
        if containers:
            messages += containers_app.live.patches(user, containers)
        if images:
            messages += images_app.live.patches(user, images)
        if everything:
            messages.append({"t": "reset"})
        messages.append({"t": "hint", "k": sorted(changed)})
        return messages
