"""Many viewers of /ws/logs/ in one cheap process: they count lines, acknowledge, and time some.

Told as JSON on standard input: {"port", "token", "paths", "timed"}; says `open` once every socket
is. Then a second line, {"lines": how many each viewer should have got in the end}, ends it with
the answer: lines of each viewer, gaps, and how late the lines were (ns) at the first `timed` ones.
"""

import json
import os
import selectors
import socket
import sys
import time

import orjson

END_S = 30.0  # until the last lines have come
READ = 256 * 1024
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A  # first bytes of frames (RFC 6455, 5.2)
BINARY_16, BINARY_64 = 126, 127
LINE = b',"out","'  # once in each line that a batch holds


class Viewer:
    def __init__(self, port: int, token: str, path: str, *, timed: bool) -> None:
        self.lines = self.gaps = 0
        self.late: list[int] | None = [] if timed else None
        self._buffer = bytearray()
        self._code = 0  # why it was closed
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nAuthorization: Bearer {token}\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            "".encode()
        )
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._buffer += self.socket.recv(READ)
        if b" 101 " not in self._buffer[:end]:
            raise RuntimeError(bytes(self._buffer[:200]))
        del self._buffer[: end + 4]
        self._take()

    def read(self) -> None:
        arrived = self.socket.recv(READ)
        if not arrived:
            raise RuntimeError(f"a viewer was closed: {self._code}")
        self._buffer += arrived
        self._take()

    def _take(self) -> None:
        """Every whole frame; the server does not mask what it sends."""
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            length, head = buffer[at + 1], 2
            if length == BINARY_16:
                length, head = int.from_bytes(buffer[at + 2 : at + 4]), 4
            elif length == BINARY_64:
                length, head = int.from_bytes(buffer[at + 2 : at + 10]), 10
            if len(buffer) < at + head + length:
                break
            if buffer[at] == TEXT:
                self._message(bytes(buffer[at + head : at + head + length]))
            elif buffer[at] == CLOSE:
                self._code = int.from_bytes(buffer[at + head : at + head + 2])
            elif buffer[at] == PING:
                self._say(bytes(buffer[at + head : at + head + length]), PONG)
            at += head + length
        del buffer[:at]

    def _message(self, message: bytes) -> None:
        if not message.startswith(b'{"s":'):
            return
        number = message[5:40].partition(b",")[0]
        self.gaps += b'"gap"' in message[:40]
        self._say(b'{"ack":' + number + b"}")
        if self.late is None:
            self.lines += message.count(LINE)
            return
        now = time.time_ns()
        texts = [line[3] for line in orjson.loads(message)["l"]]
        self.lines += len(texts)
        self.late += [now - int(text.partition(" ")[0]) for text in texts]

    def _say(self, text: bytes, kind: int = TEXT) -> None:
        # with a mask of zeros the text stays as it is
        self.socket.sendall(bytes((kind, 0x80 | len(text), 0, 0, 0, 0)) + text)


def main() -> None:
    told = json.loads(sys.stdin.readline())
    viewers: list[Viewer] = []
    with selectors.DefaultSelector() as ready:
        for number, path in enumerate(told["paths"]):
            viewers.append(Viewer(told["port"], told["token"], path, timed=number < told["timed"]))
            ready.register(viewers[-1].socket, selectors.EVENT_READ, viewers[-1])
            _read(ready, 0)  # who does not answer is closed
        print("open", flush=True)
        ready.register(sys.stdin, selectors.EVENT_READ)
        while not _read(ready, 1):
            pass
        wanted = json.loads(os.read(0, 1000))["lines"]
        ready.unregister(sys.stdin)
        end = time.monotonic() + END_S
        while any(viewer.lines < wanted for viewer in viewers) and time.monotonic() < end:
            _read(ready, 1)
    answer = {
        "lines": [viewer.lines for viewer in viewers],
        "gaps": sum(viewer.gaps for viewer in viewers),
        "late": [late for viewer in viewers for late in viewer.late or ()],
    }
    print(json.dumps(answer), flush=True)


def _read(ready: selectors.BaseSelector, timeout_s: float) -> bool:
    """What has come to the viewers; whether something is said on standard input."""
    told = False
    for key, _events in ready.select(timeout_s):
        if key.data is None:
            told = True
        else:
            key.data.read()
    return told


if __name__ == "__main__":
    main()
