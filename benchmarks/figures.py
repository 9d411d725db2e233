"""Figures beside their targets: printed for a person, written as JSON for comparison over time."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `target` is None for a figure that only informs; `most` says on which side of it is good."""

    name: str
    value: float
    unit: str
    target: float | None = None
    most: bool = True
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target."""
        if self.target is None:
            return None
        return self.value <= self.target if self.most else self.value >= self.target

    @property
    def ratio(self) -> float | None:
        """Value over target; None where there is no target, or where it is zero."""
        return self.value / self.target if self.target else None


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, with the load of the machine before and after: 2 shared cores move everything."""

    benchmark: str
    figures: list[Figure] = field(default_factory=list)
    load_before: tuple[float, float, float] = field(default_factory=os.getloadavg)

    def add(
        self, name: str, value: float, unit: str, *, target: float | None = None, most: bool = True, note: str = ""
    ) -> None:
        """Take one figure, and print it at once."""
        figure = Figure(name, value, unit, target, most, note)
        self.figures.append(figure)
        print(line_of(figure), flush=True)

    def finish(self) -> bool:
        """Print the load, write the JSON file; True when every target is met."""
        load = os.getloadavg()
        print(
            f"  load average {self.load_before[0]:.2f} before, {load[0]:.2f} after, {os.cpu_count()} CPUs", flush=True
        )
        RESULTS.mkdir(exist_ok=True)
        document = {
            "benchmark": self.benchmark,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "kernel": platform.release(),
            "cpus": os.cpu_count(),
            "load_average_before": self.load_before,
            "load_average_after": load,
            "figures": [{**asdict(figure), "met": figure.met, "ratio": figure.ratio} for figure in self.figures],
        }
        (RESULTS / f"{self.benchmark}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        return all(figure.met is not False for figure in self.figures)


def start(benchmark: str, what: str) -> Report:
    """Announce a benchmark and note the load."""
    print(f"\n{benchmark}: {what}", flush=True)
    return Report(benchmark)


def line_of(figure: Figure) -> str:
    """One row for a person."""
    row = f"  {figure.name:<58} {figure.value:>12,.3f} {figure.unit:<10}"
    if figure.target is not None:
        sign = "<=" if figure.most else ">="
        ratio = "" if figure.ratio is None else f", ratio {figure.ratio:.2f}"
        row += f" target {sign} {figure.target:g}{ratio}, {'met' if figure.met else 'MISSED'}"
    return f"{row}  {figure.note}".rstrip()


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of `values` lie, by nearest rank. Raises ValueError when there are none."""
    if not values:
        raise ValueError("no values were measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def talk(text: str) -> None:
    """Progress, apart from the figures."""
    print(f"    {text}", file=sys.stderr, flush=True)
