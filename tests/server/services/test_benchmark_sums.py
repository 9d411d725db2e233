"""Which reports may be true, and what they say together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plg.contract.benchmarks import BenchmarkVerdict
from plg_server.services.benchmark_sums import BenchmarkRow, fault_of, summaries_of
from support.contract_bodies import benchmark_report


def test_an_honest_report_has_no_fault() -> None:
    for difference_ms in (-17.0, 0.0, 9.0):
        assert fault_of(benchmark_report(difference_ms=difference_ms)) is None


def test_a_difference_too_small_to_feel_may_be_called_none() -> None:
    small = replace(
        benchmark_report(difference_ms=-0.4),
        ci_low_ms=-0.6,
        ci_high_ms=-0.2,
        verdict=BenchmarkVerdict.NO_DIFFERENCE,
    )
    assert fault_of(small) is None
    assert fault_of(replace(benchmark_report(), verdict=BenchmarkVerdict.NO_DIFFERENCE)) is not None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ci_low_ms": -16.0}, "not inside its own interval"),
        ({"verdict": BenchmarkVerdict.WORSE}, "the verdict 'worse' does not follow"),
        ({"ci_high_ms": 1.0}, "the verdict 'improved' does not follow"),
        ({"seconds": 1.0}, "more than 200 samples a second"),
        ({"blocks": 1001}, "more blocks than samples"),
        ({"difference_ms": -58.0, "ci_low_ms": -60.0, "ci_high_ms": -50.0}, "does not fit the two ways' medians"),
    ],
)
def test_a_report_that_contradicts_itself_is_named(changes: dict[str, Any], says: str) -> None:
    assert says in (fault_of(replace(benchmark_report(), **changes)) or "")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rtt_ms_p50": 0.0}, "direct: a median of 0 ms"),
        ({"rtt_ms_p50": 9000.0, "rtt_ms_p95": 9000.0}, "direct: a median of 9000 ms"),
        ({"rtt_ms_p95": 50.0}, "direct: percentiles that fall"),
        ({"rtt_ms_p99": 60.0}, "direct: percentiles that fall"),
        ({"loss_percent": 100.0}, "direct: samples came back although all were lost"),
    ],
)
def test_figures_of_one_way_that_cannot_be_are_named(changes: dict[str, Any], says: str) -> None:
    report = benchmark_report()
    assert fault_of(replace(report, direct=replace(report.direct, **changes))) == says
    assert fault_of(replace(report, boosted=replace(report.boosted, loss_percent=100.0))) is not None


def row(account: str, day: str = "2026-11-22", difference_ms: float = -10.0, **fields: Any) -> BenchmarkRow:
    verdict = BenchmarkVerdict.IMPROVED if difference_ms < 0 else BenchmarkVerdict.WORSE
    values: dict[str, Any] = {
        "account_id": account, "game": "cs2", "region": "eu", "day": day, "verdict": verdict,
        "difference_ms": difference_ms, "direct_ms": 50.0, "boosted_ms": 50.0 + difference_ms,
        "direct_loss_percent": 0.0, "boosted_loss_percent": 0.0,
    }  # fmt: skip
    return BenchmarkRow(**{**values, **fields})


def test_shares_and_medians_come_with_the_number_of_voices() -> None:
    (summary,) = summaries_of([row("a"), row("b", difference_ms=-20.0), row("c", difference_ms=5.0)])
    assert (summary.n, summary.reports, summary.players) == (3, 3, 3)
    assert (round(summary.improved_percent, 1), round(summary.worse_percent, 1)) == (66.7, 33.3)
    assert (summary.difference_ms_median, summary.direct_ms_median, summary.boosted_ms_median) == (-10.0, 50.0, 40.0)


def test_one_account_has_one_voice_a_day_the_newest() -> None:
    crowd = [row("a", difference_ms=30.0)] * 20
    (summary,) = summaries_of([row("a", difference_ms=-1.0), *crowd, row("b"), row("b", day="2026-11-21")])
    assert (summary.n, summary.reports, summary.players) == (3, 23, 2)
    assert summary.worse_percent == 0.0


def test_games_and_regions_are_apart_and_the_most_told_come_first() -> None:
    found = summaries_of([row("a", region=None), row("a", game="dota-2"), row("b", game="dota-2"), row("a")])
    assert [(summary.game, summary.region, summary.n) for summary in found] == [
        ("dota-2", "eu", 2),
        ("cs2", None, 1),
        ("cs2", "eu", 1),
    ]
    assert summaries_of([]) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["d1", "d2"]), st.floats(-100, 100)), min_size=1))
def test_shares_always_add_up(rows: list[tuple[str, str, float]]) -> None:
    (summary,) = summaries_of([row(account, day, ms) for account, day, ms in rows])
    total = summary.improved_percent + summary.no_difference_percent + summary.worse_percent
    assert total == pytest.approx(100.0)
    assert summary.n <= summary.reports
