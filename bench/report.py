"""What was measured, as a table to read and as JSON to compare."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Spread


@dataclass(slots=True)
class Figure:
    """One number with its goal: `most` is what it may be at most."""

    name: str
    value: float
    most: float
    unit: str = "ms"
    spread: Spread | None = None  # over rounds

    def verdict(self, noise: float) -> str:
        """`noise`: how much larger than itself the baseline was in this run, at worst."""
        if self.value <= self.most:
            return "reached"
        return "missed" if self.value > self.most * noise else "missed, within the noise"


@dataclass(slots=True)
class Row:
    """One line of the table: figures, the baseline beside them, and who used the CPU."""

    what: str
    figures: list[Figure]
    baseline: str
    beside: Spread | None  # the baseline's own figure, in `unit`
    noise: Spread
    cpu: dict[str, dict[str, float]] = field(default_factory=dict)  # side -> who -> seconds
    unit: str = "ms"
    notes: list[str] = field(default_factory=list)

    def verdicts(self) -> list[str]:
        return [figure.verdict(max(1.0, self.noise.most)) for figure in self.figures]


def table(rows: Iterable[Row]) -> str:
    lines: list[str] = []
    for row in rows:
        lines.append(row.what)
        for figure, verdict in zip(row.figures, row.verdicts(), strict=True):
            goal = f"goal {figure.most:g}"
            shown = _number(figure.value, figure.unit)
            lines.append(
                f"    {figure.name:<26}{shown:>14} {_range(figure.spread):<22}{goal:<12}{verdict}"
            )
        if row.beside:
            shown = _number(row.beside.median, row.unit)
            lines.append(f"    {'beside':<26}{shown:>14} {_range(row.beside):<22}{row.baseline}")
        lines.append(
            f"    {'noise':<26}{row.noise.median:>12.2f} x {_range(row.noise):<22}"
            "the baseline against itself, round by round"
        )
        for side, used in row.cpu.items():
            said = ", ".join(f"{who} {seconds:.2f}" for who, seconds in used.items())
            lines.append(f"    CPU seconds a round, {side}: {said}")
        lines += [f"    {note}" for note in row.notes]
        lines.append("")
    return "\n".join(lines)


def surroundings() -> dict[str, Any]:
    """What the figures depend on; nothing that names the machine."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": [round(each, 2) for each in os.getloadavg()],
    }


def write(path: Path, rows: Sequence[Row], around: Sequence[dict[str, Any]], form: str) -> None:
    """`around`: the surroundings before and after."""
    said = {
        "form": form,
        "before": around[0],
        "after": around[1],
        "rows": [asdict(row) | {"verdicts": row.verdicts()} for row in rows],
    }
    path.write_text(json.dumps(said, indent=1, default=str) + "\n")


def _number(value: float, unit: str) -> str:
    return f"{value:.{0 if value >= 1000 else 1 if value >= 10 else 2}f} {unit}"


def _range(spread: Spread | None) -> str:
    if spread is None or spread.n < 2:
        return ""
    return f"({spread.least:.4g} to {spread.most:.4g})"
