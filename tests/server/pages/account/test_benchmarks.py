"""/account/benchmarks."""

from datetime import timedelta

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.benchmarks import Benchmark
from plg_server.pages.account.benchmarks import medians_chart
from support.api_driver import ApiDriver
from support.guarded_account import Guarded, guarded_account
from support.played_sessions import BENCHED
from support.site_visitor import SiteVisitor

ARMS = '[{"samples":500,"rtt_ms_p50":52.0,"rtt_ms_p95":60.0},{"samples":500,"rtt_ms_p50":29.5,"rtt_ms_p95":33.0}]'


async def test_ones_own_benchmarks_have_their_interval_and_verdict(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    assert "plg bench GAME" in (await visitor.open("/en/account/benchmarks")).text
    now = utc_now()
    other = await guarded_account(cabinet)
    with cabinet.app[app_keys.DATABASE].active():
        for number, account_id in enumerate((owner.caller.account_id, other.caller.account_id)):
            await Benchmark.create(
                id=f"b{number}", account_id=account_id, game=("cs2", "dota-2")[number], day="2026-11-22", mode="off",
                created_at=now - timedelta(days=number), method="udp_query", blocks=20, seconds=300, verdict="improved",
                difference_ms=-22.5, ci_low_ms=-24.5, ci_high_ms=-20.5, confidence=0.95, direct_ms=52.0,
                boosted_ms=29.5, direct_loss_percent=0.4, boosted_loss_percent=0, arms=ARMS,
            )  # fmt: skip
    shown = await visitor.open("/ru/account/benchmarks")
    assert shown.status == 200
    for words in ("Counter-Strike 2", "С PLG лучше", "-22.5", "95 %: -24.5 … -20.5"):
        assert words in shown.text
    assert "Dota 2" not in shown.text


def test_the_chart_has_both_ways_from_old_to_new() -> None:
    chart = medians_chart(BENCHED, "en")
    assert chart.index("01-16") < chart.index("01-20")
    assert chart.count('class="bar series-1"') == chart.count('class="bar series-2"') == len(BENCHED)
    assert medians_chart([], "en") == ""
