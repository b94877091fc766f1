"""An image copied between two registries by the dashboard, beside `skopeo copy --all`."""

import os
import shutil
import statistics
import subprocess

from bench.measure import Spread, alternate, cpu_per_round, noise, own_clock
from bench.report import Figure, Row
from bench.site import Site
from bench.transfers import Ask, asker, done, timed
from tests.lab.dockerd import needed
from tests.lab.pushing import Pusher
from tests.lab.registry import Registry

LAYERS = 3  # the first is of both platforms
NAME = "bench/copied"
MOST_RATIO = 1.0  # of skopeo's time


def fill(registry: Registry, size: int) -> None:
    """An index of two platforms with an attestation, of so many bytes that nothing can pack."""
    shared, amd, arm = (os.urandom(size // LAYERS) for _n in range(LAYERS))
    with Pusher(registry.port) as push:
        one = push.image(NAME, [], layers=[shared, amd])
        other = push.image(NAME, [], platform="linux/arm64", layers=[shared, arm])
        push.index(NAME, ["1"], ("linux/amd64", one), ("linux/arm64", other))


def row(site: Site, source: Registry, target: Registry, size: int, rounds: int) -> Row:
    """The target is empty before each copy. Neither side looks at certificates."""
    program = needed("skopeo", "skopeo")
    fill(source, size)
    ask = asker(site)
    ends = [_added(ask, name, each) for name, each in (("from", source), ("to", target))]
    body = {
        side: {"registry": slug, "repository": NAME, "reference": "1"}
        for side, slug in zip(("source", "target"), ends, strict=True)
    }
    command = [
        program, "copy", "--all", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false",
        f"docker://{source.address}/{NAME}:1", f"docker://{target.address}/{NAME}:1",
    ]  # fmt: skip

    def as_job() -> list[float]:
        _empty(target)
        return [done(ask, "registries/copy", body)]

    def as_command() -> list[float]:
        _empty(target)
        with site.frozen():
            return [timed(lambda: subprocess.run(command, check=True, capture_output=True))]

    found = alternate(
        {"job": as_job, "command": as_command},
        rounds=rounds,
        clocks={"transfers": site.clock("transfers"), "client": own_clock},
    )
    ours, theirs = ([each.samples[0] for each in found[name]] for name in ("job", "command"))
    ratio = statistics.median(ours) / statistics.median(theirs)
    ratios = Spread.of(a / b for a, b in zip(ours, theirs, strict=True))
    return Row(
        f"an image of {size / 1e6:.0f} MB, two platforms, copied from registry to registry",
        [Figure("ratio of medians", ratio, MOST_RATIO, unit="x", spread=ratios)],
        baseline="`skopeo copy --all`, the dashboard frozen",
        beside=Spread.of(theirs),
        noise=noise(found["command"]),
        cpu={name: cpu_per_round(each) for name, each in found.items()},
        unit="s",
        notes=[f"the job took {statistics.median(ours):.2f} s, from asking to its end"],
    )


def _added(ask: Ask, name: str, registry: Registry) -> str:
    body = {"name": name, "url": f"http://{registry.address}", "kind": "distribution"}
    slug: str = ask("POST", "registries", body)["slug"]
    return slug


def _empty(registry: Registry) -> None:
    """Nothing is there that could be mounted or left out."""
    registry.stop()
    shutil.rmtree(registry.directory / "blobs", ignore_errors=True)
    registry.start()
