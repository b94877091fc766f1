"""A frozen dockerd accepts and never answers: every call says so within its own deadline."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from engine import client, streams
from engine.client import Engine
from engine.errors import TimedOut
from engine.logs import log_chunks
from engine.types import ContainerSpec
from tests.lab.dockerd import IMAGE, Dockerd, until

pytestmark = pytest.mark.engine

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

CALLS: dict[str, Callable[[Engine, str], object]] = {
    "ping": lambda engine, _: engine.ping(timeout_s=1),
    "version": lambda engine, _: engine.version(),
    "info": lambda engine, _: engine.info(),
    "clock_ns": lambda engine, _: engine.clock_ns(),
    "containers": lambda engine, _: engine.containers(),
    "container": Engine.container,
    "container_with_label": lambda engine, _: engine.container_with_label("a", "b"),
    "images": lambda engine, _: engine.images(),
    "image": lambda engine, _: engine.image(IMAGE),
    "image_history": lambda engine, _: engine.image_history(IMAGE),
    "tag_image": lambda engine, _: engine.tag_image(IMAGE, "lab/late", "1"),
    "remove_image": lambda engine, _: engine.remove_image("lab/none:1"),
    "create": lambda engine, _: engine.create(ContainerSpec(IMAGE, "late", network="none")),
    "put_files": lambda engine, container_id: engine.put_files(container_id, "/", b""),
    "asks_registry": lambda engine, _: engine.asks_registry("127.0.0.1:9/a:1"),
    "start": Engine.start,
    "stop": lambda engine, container_id: engine.stop(container_id, grace_s=0),
    "restart": lambda engine, container_id: engine.restart(container_id, grace_s=0),
    "pause": Engine.pause,
    "unpause": Engine.unpause,
    "kill": lambda engine, container_id: engine.kill(container_id, signal="SIGWINCH"),
    "rename": lambda engine, container_id: engine.rename(container_id, "other"),
    "remove": Engine.remove,
    "disk_usage": lambda engine, _: engine.disk_usage(timeout_s=1),
    "images_own_bytes": lambda engine, _: engine.images_own_bytes(timeout_s=1),
    "container_sizes": lambda engine, container_id: engine.container_sizes([container_id]),
    "changes": Engine.changes,
    "file_sizes": lambda engine, container_id: engine.file_sizes(container_id, ["/etc/passwd"]),
    "events": lambda engine, container_id: engine.events(
        container_id, since=LONG_AGO, until=LONG_AGO
    ),
    "volume_options": lambda engine, _: engine.volume_options("data"),
}


def test_every_call_is_tried() -> None:
    methods = {name for name in vars(Engine) if not name.startswith("_")}
    assert set(CALLS) == methods - {"close"}


def test_each_call_times_out_within_its_deadline(
    mortal_docker: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIST_S", "CHANGE_S", "STOP_MARGIN_S"):
        monkeypatch.setattr(client, name, 1.0)
    container_id = mortal_docker.create("web")
    outcomes: dict[str, tuple[BaseException | None, float]] = {}

    with Engine(mortal_docker.connection, timeout_s=1) as engine:

        def run(name: str) -> None:
            began, raised = time.monotonic(), None
            try:
                CALLS[name](engine, container_id)
            except BaseException as error:  # noqa: BLE001 (each outcome is judged below)
                raised = error
            outcomes[name] = (raised, time.monotonic() - began)

        engine.version()
        mortal_docker.pause()
        threads = [threading.Thread(target=run, args=[name]) for name in CALLS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert set(outcomes) == set(CALLS)
    assert {name: type(raised) for name, (raised, _) in outcomes.items()} == dict.fromkeys(
        CALLS, TimedOut
    )
    assert max(took for _, took in outcomes.values()) < 4  # 1 s each, on a busy machine
    mortal_docker.resume()
    until(lambda: "/late" in _names(mortal_docker), "what was asked for is done after the thaw")


def test_the_first_call_times_out_at_the_version(mortal_docker: Dockerd) -> None:
    mortal_docker.pause()
    began = time.monotonic()
    with Engine(mortal_docker.connection, timeout_s=0.5) as engine, pytest.raises(TimedOut):
        engine.containers()
    assert time.monotonic() - began < 1


def test_a_stop_that_timed_out_is_done_after_the_thaw(
    mortal_docker: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STOP_MARGIN_S", 0.5)
    container_id = mortal_docker.run("web")
    with Engine(mortal_docker.connection, timeout_s=0.5) as engine:
        engine.version()
        mortal_docker.pause()
        with pytest.raises(TimedOut):
            engine.stop(container_id, grace_s=0)
        mortal_docker.resume()
        until(lambda: engine.container(container_id).state == "exited", "it has stopped")


async def test_streams_time_out_too(
    mortal_docker: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEADERS_S", 0.5)
    container_id = mortal_docker.create("web")
    mortal_docker.pause()
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await anext(streams.events(mortal_docker.connection, since_ns=1, timeout_s=0.5))
    with pytest.raises(TimedOut):
        await anext(log_chunks(mortal_docker.connection, container_id, tty=False, follow=True))
    with pytest.raises(TimedOut):
        await streams.ping(mortal_docker.connection, timeout_s=0.5)
    assert time.monotonic() - began < 5  # one of them untimed would take 5 s by itself


def _names(daemon: Dockerd) -> list[str]:
    return [each["Names"][0] for each in daemon.api("GET", "/containers/json?all=1")]
