"""Periodic jobs: a failure does not end them, the end does."""

import asyncio
from pathlib import Path
from typing import Any

from plg_server.background import BackgroundJobs
from plg_server.config import load_config
from plg_server.database import open_database
from plg_server.metrics import Metrics
from plg_server.models.accounts import Account
from plg_server.schema_migration import migrate


async def test_a_job_runs_again_after_a_failure_with_an_active_database_until_the_end(
    tmp_path: Path, logs: list[Any]
) -> None:
    config = load_config(None, {}, {"data_dir": str(tmp_path)})
    await migrate(config)
    database, metrics = await open_database(config), Metrics()
    counts: list[int] = []
    enough = asyncio.Event()

    async def work() -> None:
        counts.append(await Account.all().count())
        if len(counts) == 1:
            raise ValueError("the first round fails")
        enough.set()

    async with BackgroundJobs(database, metrics) as jobs:
        jobs.every(0.01, "counting", work)
        await asyncio.wait_for(enough.wait(), 10)
    done = len(counts)
    await asyncio.sleep(0.05)
    await database.close()
    assert len(counts) == done >= 2
    assert metrics.registry.get_sample_value("plg_server_job_failures_total", {"job": "counting"}) == 1
    assert [line["job"] for line in logs if line["event"] == "job_failed"] == ["counting"]
