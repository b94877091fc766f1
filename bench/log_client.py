"""A socket client of /ws/logs/ in a process of its own, which checks every line that it gets.

`python -m bench.log_client PORT TOKEN PATH LINES` prints JSON once so many lines have come: how
many seconds they took, and a digest of their texts.
"""

import hashlib
import json
import sys
import time

import orjson
from websockets.sync.client import connect

WAIT_S = 120.0


def main() -> None:
    port, token, path, wanted = sys.argv[1:5]
    digest, lines, gaps, batches = hashlib.sha256(), 0, 0, 0
    began = time.perf_counter()
    with connect(
        f"ws://127.0.0.1:{port}{path}",
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
        max_size=None,
    ) as socket:
        while lines < int(wanted):
            message = orjson.loads(socket.recv(timeout=WAIT_S))
            if "l" not in message:
                continue
            socket.send(f'{{"ack":{message["s"]}}}')
            texts = [line[3] if line[4][-1] == "+" else f"{line[3]}\n" for line in message["l"]]
            digest.update("".join(texts).encode())
            lines += len(texts)
            batches += 1
            gaps += "gap" in message
        took = time.perf_counter() - began
    print(
        json.dumps(
            {
                "seconds": took,
                "lines": lines,
                "gaps": gaps,
                "batches": batches,
                "digest": digest.hexdigest(),
            }
        )
    )


if __name__ == "__main__":
    main()
