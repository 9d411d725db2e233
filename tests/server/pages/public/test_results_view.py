"""Shares of voices."""

from plg.contract.benchmarks import BenchmarkSummary
from plg_server.pages.public.results_view import Shares, overall, shares_of


def summary(n: int, improved: float, worse: float, reports: int = 0) -> BenchmarkSummary:
    return BenchmarkSummary(
        game="cs2",
        region=None,
        n=n,
        reports=reports or n,
        players=n,
        improved_percent=improved,
        no_difference_percent=100 - improved - worse,
        worse_percent=worse,
        direct_ms_median=60,
        boosted_ms_median=50,
        difference_ms_median=-10,
        direct_loss_percent_median=0,
        boosted_loss_percent_median=0,
    )


def test_counts_come_back_from_shares() -> None:
    assert shares_of(summary(7, 100 * 3 / 7, 100 / 7)) == Shares(3, 3, 1, 7)


def test_every_voice_counts_as_one_and_not_every_game() -> None:
    both = overall([summary(90, 0, 100), summary(10, 100, 0, reports=25)])
    assert (both.improved, both.worse, both.n, both.reports) == (10, 90, 100, 115)
    assert both.percent(both.improved) == 10.0


def test_bars_fill_the_width_in_order() -> None:
    assert Shares(1, 2, 1, 4).bars == [("improved", 0.0, 25.0), ("same", 25.0, 50.0), ("worse", 75.0, 25.0)]
    assert Shares(0, 0, 3, 3).bars == [("worse", 0.0, 100.0)]


def test_without_a_voice_there_is_no_share() -> None:
    nobody = overall([])
    assert (nobody.n, nobody.percent(0), nobody.bars) == (0, 0.0, [])
