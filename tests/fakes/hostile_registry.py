"""A registry that answers whatever a test wants, over HTTP on loopback, and notes what came."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from registries_app.protocol import limits


@dataclass
class Asked:
    method: str
    path: str  # with its query
    authorization: str


@dataclass
class Reply:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Callable[[], Iterator[bytes]] | None = None  # in place of a body, until nobody reads


@dataclass
class Fake:
    port: int
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def hostile(
    reply: Callable[[Asked, Fake], Reply], tls: ssl.SSLContext | None = None
) -> Iterator[Fake]:
    """Answers every request with what `reply` makes of it, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, self.headers.get("Authorization", ""))
            fake.asked.append(asked)
            said = reply(asked, fake)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(said.body))}
            if said.pieces:
                headers = {"Content-Type": "application/json", "Connection": "close"}
            self.send_response(said.status)
            for name, value in (headers | said.headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                with suppress(OSError):  # nobody reads any more
                    for piece in said.pieces() if said.pieces else (said.body,):
                        self.wfile.write(piece)

        do_GET = do_HEAD = do_DELETE = do_POST = _answer  # noqa: N815 - as http.server wants

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake = Fake(server.server_address[1], "https" if tls else "http")
    if tls:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    limits.forget(fake.url)  # of another fake, which had this port before
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
