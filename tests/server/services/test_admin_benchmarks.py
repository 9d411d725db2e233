"""Reports of benchmarks: found, and a false one taken out of everybody's sums."""

import asyncio
from typing import Any

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.benchmarks import Benchmark
from support.api_driver import ApiDriver
from support.callers import Caller, signed_in_as

ARM = {"samples": 100, "rtt_ms_p50": 50.0, "rtt_ms_p95": 60.0, "rtt_ms_p99": 70.0, "loss_percent": 0.0}
REPORT = {
    "game": "cs2",
    "method": "udp_query",
    "blocks": 8,
    "seconds": 60.0,
    "direct": ARM,
    "boosted": {**ARM, "rtt_ms_p50": 40.0, "rtt_ms_p95": 50.0, "rtt_ms_p99": 60.0},
    "difference_ms": -10.0,
    "ci_low_ms": -11.0,
    "ci_high_ms": -9.0,
    "verdict": "improved",
}


async def sent_in(api: ApiDriver, **changes: Any) -> tuple[Caller, str]:
    """A report of a new account: who, and its id."""
    player = await signed_in_as(api)
    reply = await api.post("/v1/benchmarks", {**REPORT, **changes}, player.access_token)
    assert reply.status in (200, 201), reply.text
    return player, reply.json["id"]


async def test_reports_are_found_by_account_game_verdict_and_time_and_a_false_one_goes(api: ApiDriver) -> None:
    boss = await signed_in_as(api, "admin")
    ann, first = await sent_in(api)
    _, second = await sent_in(api, game="dota-2")

    async def ids(**query: str) -> set[str]:
        reply = await api.get("/v1/admin/benchmarks", boss.access_token, params=query)
        assert reply.status == 200, reply.text
        return {one["id"] for one in reply.json["benchmarks"]}

    assert await ids() == await ids(verdict="improved") == {first, second}
    assert await ids(account=ann.account_id) == await ids(game="cs2") == {first}
    assert await ids(verdict="worse") == await ids(since=utc_now().replace(year=2100).isoformat()) == set()
    assert (await api.get("/v1/benchmarks?game=cs2")).json["summaries"][0]["reports"] == 1

    url = f"/v1/admin/benchmarks/{first}"
    dry = await api.call("DELETE", f"{url}?dry_run=true", headers=boss.headers)
    assert (dry.json["benchmark"]["id"], dry.json["dry_run"]) == (first, True)
    replies = await asyncio.gather(*(api.call("DELETE", url, headers=boss.headers) for _ in range(2)))

    assert sorted(reply.status for reply in replies) == [200, 404]
    assert (await api.get("/v1/benchmarks?game=cs2")).json["summaries"] == []
    with api.app[app_keys.DATABASE].active():
        assert [row.id for row in await Benchmark.all()] == [second]
    audit = (await api.get("/v1/admin/audit?act=benchmarks.delete", boss.access_token)).json["entries"]
    assert [(entry["subject"], entry["details"]["account"]) for entry in audit] == [
        (f"benchmark:{first}", ann.account_id)
    ]
