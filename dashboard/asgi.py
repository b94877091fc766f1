"""The web process: HTTP by Django, sockets by Channels, static files by ServeStatic."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
get_asgi_application()  # first: it loads the apps that the imports below need

from asgiref.sync import sync_to_async  # noqa: E402
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.handlers.asgi import ASGIHandler  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.http import HttpRequest, HttpResponseBase  # noqa: E402
from servestatic import ServeStaticASGI  # noqa: E402

from dashboard.limits import Limits  # noqa: E402
from dashboard.packed import packed  # noqa: E402
from dashboard.sockets import routes  # noqa: E402
from dashboard.uploads import Uploads  # noqa: E402

REQUESTS_AT_ONCE = 16  # threads: pages wait for SQLite and for the CPU, never for an engine
FOREVER_S = 365 * 24 * 3600
STATIC_MARK = settings.STATIC_URL.strip("/").rpartition("/")[2]


class Handler(ASGIHandler):
    """Django under ASGI, with every request in one hop on a pool of lasting threads.

    Stock Django changes thread at each synchronous middleware and begins a thread, and so a
    database connection, for each request. Ours are synchronous throughout.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pool = ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="request")

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        answer = sync_to_async(self._answer, thread_sensitive=False, executor=self.pool)
        return await answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        close_old_connections()
        return self.get_response(request)


def _headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"


http = ServeStaticASGI(
    Handler(),
    root=str(packed(settings.BASE_DIR / "static", settings.DATA_DIR, STATIC_MARK)),
    prefix=settings.STATIC_URL,
    max_age=FOREVER_S,  # the address changes with the content
    allow_all_origins=False,
    add_headers_function=_headers,
)
sockets = URLRouter(routes)  # type: ignore[arg-type]
application = ProtocolTypeRouter(
    {"http": Limits(Uploads(http)), "websocket": AuthMiddlewareStack(sockets)}
)
