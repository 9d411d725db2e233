"""What a server does by itself, and that its figures are there to be read."""

import asyncio
from typing import Any

from plg_server import app_keys
from plg_server.models.leases import Lease
from support.api_driver import ApiDriver, StartServer

ALWAYS = {"check_nodes", "clean_up", "rotate_ticket_keys", "expire_sessions", "forget_findings", "forget_benchmarks"}
FOR_PLANS = {"remind_of_plans", "reconcile"}
LIMIT_S = 20.0


async def done_at(api: ApiDriver, names: set[str]) -> set[str]:
    """The pieces of work that the server knows, once all of these have been done."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            with api.app[app_keys.DATABASE].active():
                rows = await Lease.all()
            if names <= {row.id for row in rows if row.succeeded_at is not None}:
                return {row.id for row in rows}
            await asyncio.sleep(0.01)


async def test_a_server_that_sells_nothing_neither_reminds_nor_reconciles(start_server: StartServer) -> None:
    assert not await done_at(await start_server(), ALWAYS) & FOR_PLANS


async def test_a_server_that_sells_does_both_and_shows_when_each_was_last_done(
    start_server: StartServer, logs: list[Any]
) -> None:
    api = await start_server(billing="on")
    await done_at(api, ALWAYS | FOR_PLANS)
    text = (await api.get("/metrics")).text
    for name in ALWAYS | FOR_PLANS:
        assert f'plg_server_job_last_success_timestamp_seconds{{job="{name}"}}' in text
        assert f'plg_server_job_seconds{{job="{name}"}}' in text
    assert 'plg_server_job_found{job="reconcile",what="wrong_end"} 0.0' in text
    assert [line for line in logs if line["event"] == "job_failed"] == []
