"""Sums that are kept for a moment; the rest is tested over HTTP (`handlers/test_benchmarks`)."""

import msgspec
import pytest

from plg_server.services import benchmarks
from support.api_driver import ApiDriver
from support.contract_bodies import benchmark_report


async def hand_in(api: ApiDriver, access: str) -> None:
    body = {**msgspec.to_builtins(benchmark_report()), "game": "cs2", "region": None, "node_id": None}
    assert (await api.post("/v1/benchmarks", body, access)).status == 201


async def test_a_report_is_in_the_sums_of_its_server_at_once(api: ApiDriver) -> None:
    access = await api.signed_in()
    assert (await api.get("/v1/benchmarks")).json["summaries"] == []
    await hand_in(api, access)
    assert (await api.get("/v1/benchmarks")).json["summaries"][0]["reports"] == 1


async def test_only_the_newest_rows_are_read(api: ApiDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "MAX_ROWS", 2)
    access = await api.signed_in()
    for _ in range(3):
        await hand_in(api, access)
    assert (await api.get("/v1/benchmarks")).json["summaries"][0]["reports"] == 2
