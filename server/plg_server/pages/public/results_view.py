"""Benchmarks that players handed in, summed up for people: shares of voices, and bars whose parts add up."""

from collections.abc import Sequence
from dataclasses import dataclass

from plg.contract.benchmarks import BenchmarkSummary


@dataclass(frozen=True)
class Shares:
    """How many voices (one account, one game and region, one day) said what. `reports` is how many reports stand behind them."""

    improved: int
    no_difference: int
    worse: int
    reports: int

    @property
    def n(self) -> int:
        """All voices."""
        return self.improved + self.no_difference + self.worse

    def percent(self, count: int) -> float:
        """Of all voices; 0 when there is none."""
        return 100.0 * count / self.n if self.n else 0.0

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        """Kind, where it begins and how wide it is, both in percent of the bar."""
        bars, at = [], 0.0
        for kind, count in (("improved", self.improved), ("same", self.no_difference), ("worse", self.worse)):
            width = self.percent(count)
            if count:
                bars.append((kind, round(at, 2), round(width, 2)))
            at += width
        return bars


def shares_of(summary: BenchmarkSummary) -> Shares:
    """Counts again, from the shares of one game and region."""
    improved = round(summary.n * summary.improved_percent / 100)
    worse = round(summary.n * summary.worse_percent / 100)
    return Shares(improved, summary.n - improved - worse, worse, summary.reports)


def overall(summaries: Sequence[BenchmarkSummary]) -> Shares:
    """All games and regions together: no average of averages, every voice counts as one."""
    each = [shares_of(summary) for summary in summaries]
    return Shares(
        sum(one.improved for one in each),
        sum(one.no_difference for one in each),
        sum(one.worse for one in each),
        sum(one.reports for one in each),
    )
