"""/admin/benchmarks: reports are listed, and false ones go."""

from plg_server.models.benchmarks import Benchmark
from support.callers import signed_in_as
from support.desk_visitor import Desk, confirmed

ARM = {"samples": 100, "rtt_ms_p50": 50.0, "rtt_ms_p95": 60.0}


async def test_a_report_is_listed_and_deleted_after_a_question(desk: Desk) -> None:
    player = await signed_in_as(desk.api)
    report = {
        "game": "cs2",
        "method": "udp_query",
        "blocks": 8,
        "seconds": 60.0,
        "direct": ARM,
        "boosted": {**ARM, "rtt_ms_p50": 40.0},
        "difference_ms": -10.0,
        "ci_low_ms": -11.0,
        "ci_high_ms": -9.0,
        "verdict": "improved",
    }
    benchmark_id = (await desk.api.post("/v1/benchmarks", report, player.access_token)).json["id"]
    listed = await desk.admin.open("/en/admin/benchmarks?game=cs2&verdict=improved")
    assert "50.0 / 40.0 ms" in listed.text
    done = await confirmed(desk.admin, listed.form(f"/{benchmark_id}/delete"))
    assert "The report is deleted." in done.text
    with desk.active:
        assert not await Benchmark.exists(id=benchmark_id)
    assert await desk.acts() == ["benchmarks.delete benchmark"]
