"""Rounds, quantiles and CPU clocks: the part of measuring that is the same for every row."""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
Clock = Callable[[], float]
"""CPU seconds used so far by something."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median of rounds with the smallest and the largest of them."""

    median: float
    least: float
    most: float
    n: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        known = sorted(values)
        return cls(statistics.median(known), known[0], known[-1], len(known))


@dataclass(slots=True)
class Round:
    """One side's round: the seconds of each sample, and CPU seconds by who used them."""

    samples: list[float]
    cpu: dict[str, float] = field(default_factory=dict)


def alternate(
    sides: Mapping[str, Callable[[], list[float]]],
    *,
    rounds: int,
    clocks: Mapping[str, Clock],
    warm_up: int = 1,
) -> dict[str, list[Round]]:
    """Run the sides in turn, A B A B; the first `warm_up` rounds are done and forgotten."""
    done: dict[str, list[Round]] = {name: [] for name in sides}
    for number in range(warm_up + rounds):
        for name, run in sides.items():
            before = {who: clock() for who, clock in clocks.items()}
            samples = run()
            cpu = {who: clock() - before[who] for who, clock in clocks.items()}
            if number >= warm_up:
                done[name].append(Round(samples, cpu))
    return done


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed. Raises ValueError without any."""
    known = sorted(values)
    if not known:
        raise ValueError("no values")
    return known[min(len(known), max(1, ceil(share * len(known)))) - 1]


def all_samples(rounds: Iterable[Round]) -> list[float]:
    return [sample for each in rounds for sample in each.samples]


def noise(rounds: Sequence[Round]) -> Spread:
    """The baseline against itself: the median of each round over that of the round before."""
    medians = [statistics.median(each.samples) for each in rounds]
    if len(medians) < 2:
        return Spread(1.0, 1.0, 1.0, len(medians))
    return Spread.of(after / before for before, after in pairwise(medians))


def cpu_per_round(rounds: Iterable[Round]) -> dict[str, float]:
    """Who used how many CPU seconds in a round, as medians."""
    used: dict[str, list[float]] = {}
    for each in rounds:
        for who, seconds in each.cpu.items():
            used.setdefault(who, []).append(seconds)
    return {who: statistics.median(seconds) for who, seconds in used.items()}


# -- What the kernel tells (man 5 proc) ------------------------------------------------------


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds of these processes and of those of their children that ended."""
    return sum(sum(_stat(pid)[11:15]) for pid in pids) / TICKS


def clock_of(*pids: int) -> Clock:
    return lambda: cpu_s(pids)


def own_clock() -> float:
    """CPU seconds of this process and of its children that ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def family(pid: int) -> list[int]:
    """The process and everything below it."""
    members = [pid]
    for task in _folders(Path(f"/proc/{pid}/task")):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            members += family(int(child))
    return members


def pss_mb(pid: int) -> float:
    """Memory of a process in MB (10^6 bytes), shared pages counted by their share; 0 if gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def _stat(pid: int) -> list[int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [0, *(int(each) for each in fields[1:])]


def _folders(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError:
        return []


def until(look: Callable[[], object], what: str, *, seconds: float = 60) -> None:
    """Wait until it holds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)
