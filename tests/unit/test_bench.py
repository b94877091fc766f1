"""What `make bench` measures with counts, orders and reads right; how fast we are is no test."""

import json
import os
from pathlib import Path

import pytest

from bench.measure import Round, Spread, alternate, cpu_s, family, noise, pss_mb, quantile
from bench.report import Figure, Row, surroundings, table, write
from bench.site import simulated
from engine.client import Engine
from engine.types import Connection


def row(value: float = 30.0, *, worst: float = 1.1) -> Row:
    return Row(
        "a page",
        [Figure("p50", value, 25.0)],
        baseline="something else",
        beside=Spread.of([10.0, 11.0]),
        noise=Spread(1.0, 0.9, worst, 4),
        cpu={"pages": {"web": 0.5}},
    )


def test_sides_alternate_and_the_warm_up_is_forgotten() -> None:
    order: list[str] = []

    def side(name: str) -> list[float]:
        order.append(name)
        return [float(len(order))]

    clock = iter(range(100))
    done = alternate(
        {"a": lambda: side("a"), "b": lambda: side("b")},
        rounds=2,
        clocks={"web": lambda: float(next(clock))},
    )
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert [each.samples for each in done["a"]] == [[3.0], [5.0]]
    assert [each.cpu for each in done["b"]] == [{"web": 1.0}, {"web": 1.0}]


def test_quantiles_are_values_that_occurred() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert [quantile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert quantile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_noise_is_the_baseline_over_itself() -> None:
    found = noise([Round([1.0]), Round([2.0]), Round([1.0])])
    assert (found.least, found.most) == (0.5, 2.0)
    assert noise([Round([1.0])]).most == 1.0


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(25.0, "reached"), (26.0, "missed, within the noise"), (30.0, "missed")],
)
def test_a_miss_is_called_one(value: float, verdict: str) -> None:
    assert row(value).verdicts() == [verdict]
    assert verdict in table([row(value)])


def test_a_quiet_baseline_makes_no_goal_easier() -> None:
    assert row(26.0, worst=0.8).verdicts() == ["missed"]


def test_results_name_neither_paths_nor_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    write(file, [row()], [surroundings(), surroundings()], "short")
    text = file.read_text()
    assert json.loads(text)["rows"][0]["verdicts"] == ["missed"]
    assert os.uname().nodename not in text
    assert str(Path(__file__).parents[2]) not in text


def test_the_kernel_tells_what_a_process_uses() -> None:
    mine = os.getpid()
    assert cpu_s([mine]) > 0
    assert pss_mb(mine) > 1
    assert mine in family(mine)
    assert (cpu_s([2**30]), pss_mb(2**30)) == (0.0, 0.0)


def test_simulated_engines_answer_and_tell_what_they_were_asked() -> None:
    with simulated(2, 5, 12) as engines:
        with Engine(Connection(engines.urls[1])) as engine:
            assert (len(engine.containers()), len(engine.images())) == (5, 12)
        assert engines.requests()["GET /containers/json"] == 1
        process = engines.process
    assert process.poll() is not None
