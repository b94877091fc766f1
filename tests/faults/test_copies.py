"""A copy between two real registries, while its worker is killed in the middle."""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from engine.types import Connection
from tests.browser.conftest import PASSWORD
from tests.fakes.proxy import ChaosProxy
from tests.faults.fleet import FINAL, Fleet
from tests.faults.truth import each_ended_once
from tests.faults.yard import ENDS_S, FULL
from tests.lab.dockerd import Dockerd
from tests.lab.pushing import Made, Pusher, digest_of
from tests.lab.registry import Registry, registry
from tests.run.running import Running, until

pytestmark = [pytest.mark.chaos, pytest.mark.engine]

TIMES = 3 if FULL else 1
SMALL, BIG = b"small layer", os.urandom(24 << 20)
SLOW = 4 << 20  # bytes a second
HERE = "copies/origin"


@dataclass(slots=True)
class Pair:
    """`proxy` is in front of the registry that is copied to; `made` is what is copied."""

    fleet: Fleet
    target: Registry
    proxy: ChaosProxy
    made: Made
    slugs: tuple[str, str]


@pytest.fixture(scope="module")
def pair(second_docker: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("copies")
    with (
        registry() as source,
        registry() as target,
        ChaosProxy(Connection(f"tcp://{target.address}"), port=0) as proxy,
        Running(
            folder / "var",
            DOCKER_HOST=second_docker.url,
            ADMIN_USERNAME="ada",
            ADMIN_PASSWORD=PASSWORD,
            REGISTRY_REFRESH_MINUTES="0",
        ) as running,
    ):
        fleet = Fleet(running, second_docker, folder / "starts")
        fleet.seed(PASSWORD)
        with Pusher(source.port) as push:
            made = push.image(HERE, ["1"], layers=[SMALL, BIG])
        there = proxy.connection.url.removeprefix("tcp://")
        slugs = []
        for name, address in (("from", source.address), ("to", there)):
            body = {"name": name, "url": f"http://{address}", "kind": "distribution"}
            status, said = fleet.api("POST", "registries", body, who="ada")
            assert status == 201, said
            slugs.append(said["slug"])
        yield Pair(fleet, target, proxy, made, (slugs[0], slugs[1]))


def copy(pair: Pair, there: str) -> int:
    body = {
        "source": {"registry": pair.slugs[0], "repository": HERE, "reference": "1"},
        "target": {"registry": pair.slugs[1], "repository": there, "reference": "1"},
    }
    status, job = pair.fleet.api("POST", "registries/copy", body, who="ada")
    assert status == 202, job
    return int(job["id"])


def digest_at(pair: Pair, path: str) -> str:
    """What the target has there, asked past the proxy; "" for nothing."""
    address = f"http://{pair.target.address}/v2/{path}"
    request = Request(address, method="HEAD")
    request.add_header("Accept", pair.made.media_type)
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - it is http
            return str(answer.headers["Docker-Content-Digest"])
    except HTTPError:
        return ""


@pytest.mark.parametrize("time_", range(TIMES))
def test_a_killed_worker_costs_a_copy_time_and_only_what_is_missing_is_sent_again(
    pair: Pair, time_: int
) -> None:
    there = f"copies/place{time_}"
    small, big = (f"{there}/blobs/{digest_of(raw)}" for raw in (SMALL, BIG))
    pair.proxy.up_bytes_per_s = SLOW
    job = copy(pair, there)
    query = "SELECT state, progress FROM jobs_app_job WHERE id = ?"

    def half_way() -> bool:
        ((state, progress),) = pair.fleet.sql(query, job)
        assert state not in FINAL, pair.fleet.lines(job)
        return (progress or 0) > 0.3 and bool(digest_at(pair, small))

    until(half_way, seconds=ENDS_S, what="the copy is half done")
    pair.proxy.stall()
    assert not digest_at(pair, big)
    old = pair.fleet.running.pid("transfers")
    os.kill(old, signal.SIGKILL)
    until(
        lambda: pair.fleet.running.pid("transfers") not in {0, old},
        seconds=30,
        what="the worker is back",
    )
    pair.proxy.up_bytes_per_s = None
    pair.proxy.resume()
    until(lambda: pair.fleet.ended([job]), seconds=ENDS_S, what=str(pair.fleet.lines(job)))
    each_ended_once(pair.fleet, [job])
    lines = [text for _at, text in pair.fleet.lines(job)]
    assert pair.fleet.told_of([job]) == {job: "succeeded"}, lines
    assert "the worker died; queued again" in lines
    missing = [
        int(found[1]) for each in lines if (found := re.match(r"missing there: (\d+)", each))
    ]
    assert missing == [3, 1], lines  # the small layer and the configuration were there by then
    assert digest_at(pair, f"{there}/manifests/1") == pair.made.digest
    assert digest_at(pair, big)
