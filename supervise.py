"""`make run`: the whole dashboard in the foreground, one process for each part."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType

from django.core.exceptions import ImproperlyConfigured

from core.paths import short_folder, socket_path
from launch import demo, demo_engine, folders, kernel, keys, options, ports, valkey
from launch.console import Refused, say
from launch.options import Options
from launch.supervisor import Part, Supervisor


class Ended(BaseException):
    """Somebody asked us to end while we were still starting."""


def main() -> int:
    os.umask(0o077)  # what we write is for nobody else (F11)
    if "MAKELEVEL" in os.environ:
        kernel.die_with_parent(os.getppid(), signal.SIGTERM)  # make was killed: end, too
    _few_arenas()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        asked = options.read(os.environ)
        options.publish(asked)
        with ports.reserved(asked.bind, asked.port) as listener:
            return _run(asked, listener)
    except Refused as error:
        say(f"cannot start: {error}")
        return 1
    except (Ended, KeyboardInterrupt):
        return 0


def _run(asked: Options, listener: socket.socket) -> int:
    for folder in (asked.data_dir, asked.data_dir / "run"):
        folders.private(folder)
    lock = folders.hold(asked.data_dir)
    kernel.adopt_orphans()
    keys.make_missing(asked.data_dir, asked.own_keys)
    supervisor = Supervisor(asked.data_dir)
    try:
        _start(asked, supervisor, listener)
        supervisor.watch()
        say("ending")
    finally:
        listener.close()
        supervisor.stop()
        folders.discard(short_folder(asked.data_dir))
        os.close(lock)
    return 0


def _start(asked: Options, supervisor: Supervisor, listener: socket.socket) -> None:
    redis = _own_redis(asked.data_dir, supervisor, listener) if asked.own_redis else None
    parts = _loaded()
    prepare = import_module("launch.prepare")
    found = prepare.in_child(partial(prepare.everything, asked))
    _private_engine(asked, supervisor, listener, prepare, host=found["host"])
    if redis is not None:
        valkey.wait_ready(redis)
    web = Part("web", lambda: parts.web(listener, announce))

    def announce() -> None:  # in the child, where `started` is what it was before the fork
        if not web.started:
            _announce(asked, found["token"])

    supervisor.start(web)
    for name in ("worker", "transfers", "watcher"):
        supervisor.start(Part(name, partial(_without, listener, getattr(parts, name))))


def _loaded() -> ModuleType:
    """Only now: settings read the keys and the address of Valkey, which we have just made."""
    parts = import_module("launch.parts")
    try:
        parts.load()
    except ImproperlyConfigured as error:
        raise Refused(str(error)) from error
    return parts


def _own_redis(data_dir: Path, supervisor: Supervisor, listener: socket.socket) -> Path:
    path = socket_path(data_dir, "valkey.sock")
    if path.parent != data_dir / "run":
        folders.own_folder(path.parent)
    os.environ["REDIS_URL"] = f"unix://{path}"
    run = partial(valkey.run, path, data_dir / "run" / "valkey.log")
    supervisor.start(Part("valkey", partial(_without, listener, run), service=True))
    return path


def _private_engine(
    asked: Options,
    supervisor: Supervisor,
    listener: socket.socket,
    prepare: ModuleType,
    *,
    host: bool,
) -> None:
    """Starts it where an earlier start made one, or where there is no other and it is wanted."""
    run = partial(_without, listener, partial(demo_engine.keep, asked.data_dir))
    part = Part("demo-engine", run, death=signal.SIGTERM)
    if demo.kept(asked):
        supervisor.start(part)
    elif not host and demo.wanted(asked) and demo.ready(asked.data_dir):
        supervisor.start(part)
        prepare.in_child(partial(prepare.demo_host, asked.data_dir))


def _without(listener: socket.socket, run: Callable[[], None]) -> None:
    """For every part but web: a port must not stay taken because a worker still ends."""
    listener.close()
    run()


def _announce(asked: Options, token: str) -> None:
    say(f"ready at {asked.address}")
    if token:
        say(f"make the first administrator at {asked.address}setup/ within 60 minutes")
        if not asked.setup_token:
            say(f"setup token: {token}")


def _few_arenas() -> None:
    """glibc reads MALLOC_ARENA_MAX when a program starts, so start again with it."""
    if "MALLOC_ARENA_MAX" not in os.environ:
        os.environ["MALLOC_ARENA_MAX"] = "2"
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606


def _end(_number: int, _frame: FrameType | None) -> None:
    raise Ended


if __name__ == "__main__":
    sys.exit(main())
