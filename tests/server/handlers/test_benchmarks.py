"""/v1/benchmarks over HTTP: handing in, limits, and the public sums."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.benchmarks import Benchmark
from plg_server.services import benchmarks
from plg_server.services.benchmarks import REPORTS_A_DAY, forget_benchmarks
from support.api_driver import ApiDriver
from support.contract_bodies import benchmark_report
from support.member_relay import enrolled_relay


def body(difference: float = -17.0, /, **changes: Any) -> Any:
    built = msgspec.to_builtins(benchmark_report(difference_ms=difference))
    return {**built, "game": "cs2", "region": None, "node_id": None} | changes


async def test_reports_become_public_sums(api: ApiDriver) -> None:
    for number, difference_ms in enumerate((-17.0, -9.0, 12.0)):
        access = await api.signed_in(f"p{number}@example.org")
        reply = await api.post("/v1/benchmarks", body(difference_ms), access)
        assert reply.status == 201, reply.text
        assert reply.json["left_today"] == REPORTS_A_DAY - 1

    sums = (await api.get("/v1/benchmarks", params={"game": "cs2"})).json

    (summary,) = sums["summaries"]
    assert (summary["game"], summary["region"], summary["n"], summary["players"]) == ("cs2", None, 3, 3)
    assert (round(summary["improved_percent"]), round(summary["worse_percent"])) == (67, 33)
    assert (summary["direct_ms_median"], summary["difference_ms_median"]) == (58.0, -9.0)
    assert (await api.get("/v1/benchmarks")).json == sums
    assert (await api.get("/v1/benchmarks", params={"game": "cs2", "region": "eu"})).json["summaries"] == []


async def test_a_day_holds_so_many_reports_of_one_game_and_no_more(
    api: ApiDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmarks, "REPORTS_A_DAY", 3)
    access = await api.signed_in()
    replies = await asyncio.gather(*(api.post("/v1/benchmarks", body(), access) for _ in range(6)))
    assert sorted(reply.status for reply in replies) == [201] * 3 + [429] * 3
    refused = next(reply for reply in replies if reply.status == 429)
    assert (refused.code, 0 < refused.json["retry_after_s"] <= 86_400) == ("rate_limited", True)
    assert (await api.post("/v1/benchmarks", body(game="dota-2"), access)).status == 201


async def test_old_reports_leave_the_sums_and_then_the_table(api: ApiDriver) -> None:
    access = await api.signed_in()
    await api.post("/v1/benchmarks", body(), access)
    with api.app[app_keys.DATABASE].active():
        await Benchmark.all().update(day=(utc_now() - timedelta(days=31)).strftime("%Y-%m-%d"))
        assert (await api.get("/v1/benchmarks")).json["summaries"] == []
        assert await forget_benchmarks(utc_now()) == 0
        assert await forget_benchmarks(utc_now() + timedelta(days=90)) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"game": "openarenna"}, "game_not_found"),
        ({"node_id": "mars"}, "node_not_found"),
        ({"region": "mars"}, "implausible"),
        ({"verdict": "worse"}, "implausible"),
        ({"verdict": "splendid"}, "invalid_body"),
        ({"seconds": 0}, "invalid_body"),
        ({"blocks": 1}, "invalid_body"),
        ({"confidence": 1.0}, "invalid_body"),
        ({"method": "A2S; drop"}, "invalid_body"),
        ({"difference_ms": "-17"}, "invalid_body"),
        ({"direct": {"samples": 0, "rtt_ms_p50": 1, "rtt_ms_p95": 1}}, "invalid_body"),
        ({"direct": {"samples": 5, "rtt_ms_p50": 9, "rtt_ms_p95": 1}}, "implausible"),
    ],
)
async def test_a_report_that_cannot_be_is_refused_with_its_reason(
    api: ApiDriver, changes: dict[str, Any], code: str
) -> None:
    access = await api.signed_in()
    reply = await api.post("/v1/benchmarks", body(**changes), access)
    assert reply.code == code
    assert reply.json["detail"]
    assert (await api.get("/v1/benchmarks")).json["summaries"] == []


async def test_handing_in_needs_an_account_and_a_known_game_to_read(api: ApiDriver) -> None:
    assert (await api.post("/v1/benchmarks", body())).code == "token_missing"
    assert (await api.get("/v1/benchmarks", params={"game": "openarenna"})).code == "game_not_found"
    assert (await api.get("/v1/benchmarks", params={"region": "a b"})).code == "invalid_query"


async def test_control_characters_of_a_report_do_not_reach_the_database(api: ApiDriver) -> None:
    access = await api.signed_in()
    assert (await api.post("/v1/benchmarks", body(client_version="1\x07\n2"), access)).status == 201
    with api.app[app_keys.DATABASE].active():
        assert (await Benchmark.get()).client_version == "1  2"


# --- one's own --------------------------------------------------------------------------------------------------------


async def test_own_reports_come_back_newest_first_with_both_ways_and_the_interval(api: ApiDriver) -> None:
    access = await api.signed_in()
    for difference_ms in (-17.0, 0.5, 12.0):
        assert (await api.post("/v1/benchmarks", body(difference_ms), access)).status == 201

    page = (await api.get("/v1/benchmarks/mine", access)).json

    assert [entry["difference_ms"] for entry in page["benchmarks"]] == [12.0, 0.5, -17.0]
    assert [entry["verdict"] for entry in page["benchmarks"]] == ["worse", "no_difference", "improved"]
    assert (page["total"], page["limit"], page["offset"], page["kept_days"]) == (3, 50, 0, 90)
    sent, oldest = body(-17.0), page["benchmarks"][-1]
    assert {name: oldest[name] for name in sent} == sent
    assert oldest["node_name"] is None
    second = (await api.get("/v1/benchmarks/mine", access, params={"limit": "1", "offset": "1"})).json
    assert (second["benchmarks"], second["total"]) == ([page["benchmarks"][1]], 3)


async def test_own_reports_are_private_bounded_and_name_the_relay_while_it_exists(api: ApiDriver) -> None:
    mine, other = await api.signed_in("me@example.org"), await api.signed_in("you@example.org")
    node_id = (await enrolled_relay(api, "Frankfurt 1", beat=False)).identity.node_id
    await api.post("/v1/benchmarks", body(node_id=node_id), mine)
    (entry,) = (await api.get("/v1/benchmarks/mine", mine)).json["benchmarks"]
    assert (entry["node_id"], entry["node_name"]) == (node_id, "Frankfurt 1")
    with api.app[app_keys.DATABASE].active():
        await Benchmark.all().update(node_id="gone1")
    (entry,) = (await api.get("/v1/benchmarks/mine", mine)).json["benchmarks"]
    assert (entry["node_id"], entry["node_name"]) == ("gone1", None)

    assert (await api.get("/v1/benchmarks/mine", other)).json["benchmarks"] == []
    assert (await api.get("/v1/benchmarks/mine")).code == "token_missing"
    for wrong in ({"limit": "0"}, {"limit": "201"}, {"offset": "-1"}, {"account": "other"}):
        assert (await api.get("/v1/benchmarks/mine", mine, params=wrong)).code == "invalid_query", wrong
