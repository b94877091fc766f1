"""Making an image of a container: it lasts as long as its writable layer is large."""

import json
from collections.abc import Sequence

from engine.addresses import checked_id
from engine.errors import Broken
from engine.streams import opened, read_some
from engine.types import Connection

LARGEST_ANSWER = 64 * 1024  # bytes


async def commit(
    connection: Connection,
    container_id: str,
    *,
    name: str,
    tag: str,
    message: str = "",
    author: str = "",
    changes: Sequence[str] = (),
    pause: bool = True,
) -> str:
    """The id of the new image, whose name is `name`:`tag` from now on.

    No deadline: a silent engine is asked for a ping now and then. An engine that has begun goes
    on, even if nobody waits for it any more. `changes` are instructions of a Dockerfile.
    """
    params = {
        "container": checked_id(container_id),
        "repo": name,
        "tag": tag,
        "comment": message,
        "author": author,
        "pause": "1" if pause else "0",
    }
    if changes:  # an engine takes an empty text for a Dockerfile without instructions
        params["changes"] = "\n".join(changes)
    body, headers = b"", {"Content-Type": "application/json"}
    async with opened(
        connection, "/commit", params, method="POST", headers=headers, body=b"{}", patient=True
    ) as response:
        while (arrived := await read_some(response)) and len(body) < LARGEST_ANSWER:
            body += arrived
    try:
        return str(json.loads(body)["Id"])
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"{connection.url}: not an answer of the Engine API ({error})") from error
