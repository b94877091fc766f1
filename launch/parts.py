"""The parts of the dashboard, each the body of one forked process.

Everything is imported once, in the supervisor, before the first fork: what costs memory is a
second import of everything (performance.md, "Memory": 174 MB forked, 360 MB apart).
"""

import gc
import importlib
import os
import socket
import threading
import warnings
from collections.abc import Callable

import django
import uvicorn
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.urls import get_resolver
from django.utils import translation

from launch.options import HERE

OURS = ("dashboard.asgi", "dashboard.celery", "inventory_app.run", "launch.prepare")
# What web, workers and watcher import only when they first need it
NEEDED_LATER = (
    "aiohttp", "argon2", "celery.app.amqp", "celery.app.control", "celery.app.events",
    "celery.app.log", "celery.apps.worker", "celery.concurrency.thread",
    "celery.events.dispatcher", "celery.events.receiver", "celery.worker.autoscale",
    "celery.worker.components", "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery", "celery.worker.pidbox", "channels_redis.core",
    "django.contrib.sessions.backends.db", "django.core.management.commands.migrate", "docker",
    "kombu.mixins", "kombu.transport.redis", "orjson", "redis.asyncio", "uvicorn.lifespan.off",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl", "uvloop",
)  # fmt: skip
INTERACTIVE_THREADS = 32  # a deed mostly waits for its engine; two slow stops delay nobody
TRANSFER_THREADS = 4  # pulls and pushes: the engine does the work, the network is the limit
GRACEFUL_S = 7  # seconds that open requests have after SIGTERM (R60: everything within 10 s)
LARGEST_FRAME = 64 * 1024  # bytes that a browser may send in one WebSocket message


def load() -> None:
    """Imports and compiles what any part needs, then keeps it out of the collector's way.

    Without freeze() the first collection in each child would copy every page. Leaves neither a
    thread nor a socket behind: neither survives a fork in a usable state.
    """
    django.setup()
    for name in (*OURS, *NEEDED_LATER):
        importlib.import_module(name)
    _load_deeds()
    _ = get_resolver().url_patterns
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            translation.gettext("Containers")
    _compile_templates()
    if threading.active_count() > 1:
        names = [thread.name for thread in threading.enumerate()]
        raise RuntimeError(f"a module started a thread while it was imported: {names}")
    gc.collect()
    gc.freeze()


def _load_deeds() -> None:
    """What a Celery worker does first of all, done once and not by each: 7 MB in either."""
    # Django's checks ran before the database was migrated; a second time they only copy pages
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    app = importlib.import_module("dashboard.celery").app
    app.finalize()
    app.loader.init_worker()


def _compile_templates() -> None:
    root = HERE / "templates"
    for file in root.rglob("*.html"):
        try:
            get_template(str(file.relative_to(root)))
        except (TemplateDoesNotExist, TemplateSyntaxError):
            continue  # the page that uses it will say it better, with a line number


class _Web(uvicorn.Server):
    """Tells the operator where to go once it really answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._announce()


def web(listener: socket.socket, announce: Callable[[], None]) -> None:
    """Pages, API and sockets. The listener is the supervisor's: a crash refuses nobody."""
    config = uvicorn.Config(
        importlib.import_module("dashboard.asgi").application,
        http="httptools",
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_FRAME,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=GRACEFUL_S,
    )
    _Web(config, announce).run(sockets=[listener])


def worker() -> None:
    _work("interactive", INTERACTIVE_THREADS)


def transfers() -> None:
    _work("transfers", TRANSFER_THREADS)


def watcher() -> None:
    """Follows every engine's events; also runs the schedule."""
    importlib.import_module("inventory_app.run").main()


def _work(queue: str, threads: int) -> None:
    # said for pickle: our messages are JSON; and cancelling lost jobs is the lease's work
    warnings.simplefilter("ignore", SecurityWarning)
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    app = importlib.import_module("dashboard.celery").app
    pool = importlib.import_module("celery.concurrency.thread").TaskPool
    running = app.Worker(
        hostname=f"{queue}@{socket.gethostname()}",
        pool_cls=pool,
        concurrency=threads,
        queues=[queue],
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    running.start()
    raise SystemExit(running.exitcode)
