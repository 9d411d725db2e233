"""Periodic jobs: a failure does not end them, the end does, and shared ones are done by one replica."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plg_server import background
from plg_server.background import BackgroundJobs, counts_of
from plg_server.config import load_config
from plg_server.database import Database, open_database
from plg_server.metrics import Metrics
from plg_server.models.accounts import Account
from plg_server.models.leases import Lease
from plg_server.services.leases import Leases
from support.migrated_databases import MigratedDatabases

HOUR = timedelta(hours=1)
SHORT = timedelta(milliseconds=40)
LIMIT_S = 20.0


@pytest.fixture
async def database(tmp_path: Path, migrated_databases: MigratedDatabases) -> AsyncIterator[Database]:
    """On one engine: what the engines have to do with it is `services.leases`."""
    config = load_config(None, {}, {"data_dir": str(tmp_path)})
    await migrated_databases.migrate(config)
    opened = await open_database(config)
    yield opened
    await opened.close()


def value(metrics: Metrics, name: str, job: str, **labels: str) -> float | None:
    """A metric of one job."""
    return metrics.registry.get_sample_value(f"plg_server_job_{name}", {"job": job, **labels})


async def test_a_job_runs_again_after_a_failure_with_an_active_database_until_the_end(
    database: Database, logs: list[Any]
) -> None:
    metrics = Metrics()
    counts: list[int] = []
    enough = asyncio.Event()

    async def work() -> None:
        counts.append(await Account.all().count())
        if len(counts) == 1:
            raise ValueError("the first round fails")
        enough.set()

    async with BackgroundJobs(database, metrics) as jobs, asyncio.timeout(LIMIT_S):
        jobs.every(0.01, "counting", work)
        await enough.wait()
    done = len(counts)
    await asyncio.sleep(0.05)
    assert len(counts) == done >= 2
    assert value(metrics, "failures_total", "counting") == 1
    assert [line["job"] for line in logs if line["event"] == "job_failed"] == ["counting"]


async def test_a_shared_round_is_done_by_one_replica_and_shown_by_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "LOOK_S", 0.02)
    metrics = [Metrics() for _ in range(3)]
    rounds = 0
    shown = asyncio.Event()

    async def work() -> dict[str, int]:
        nonlocal rounds
        rounds += 1
        return {"found": 7}

    async with asyncio.timeout(LIMIT_S):
        async with (
            BackgroundJobs(database, metrics[0]) as one,
            BackgroundJobs(database, metrics[1]) as two,
            BackgroundJobs(database, metrics[2]) as three,
        ):
            for jobs in (one, two, three):
                jobs.shared(HOUR, "sharing", work)
            while not shown.is_set():
                await asyncio.sleep(0.01)
                if all(value(each, "found", "sharing", what="found") == 7 for each in metrics):
                    shown.set()
    assert rounds == 1
    assert sum(value(each, "rounds_total", "sharing") or 0 for each in metrics) == 1
    assert all(value(each, "last_success_timestamp_seconds", "sharing") for each in metrics)


async def test_a_replica_that_ends_in_the_middle_hands_its_round_on_at_once(database: Database) -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def never_ready() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def ready() -> None:
        done.set()

    async with asyncio.timeout(LIMIT_S):
        async with BackgroundJobs(database, Metrics()) as jobs:
            jobs.shared(HOUR, "handing on", never_ready)
            await begun.wait()
        async with BackgroundJobs(database, Metrics()) as jobs:
            jobs.shared(HOUR, "handing on", ready)
            await done.wait()


async def test_a_shared_round_that_fails_is_counted_and_comes_again(database: Database, logs: list[Any]) -> None:
    metrics = Metrics()
    rounds: list[int] = []
    enough = asyncio.Event()

    async def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise ValueError("the first round fails")
        enough.set()

    async with BackgroundJobs(database, metrics) as jobs, asyncio.timeout(LIMIT_S):
        jobs.shared(SHORT, "failing", work)
        await enough.wait()
    assert value(metrics, "failures_total", "failing") == 1
    assert {line["reason"] for line in logs if line["event"] == "job_failed"} == {"ValueError"}


async def test_a_long_round_is_renewed_and_one_that_lost_its_lease_is_broken_off(
    database: Database, monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    monkeypatch.setattr(background, "HOLD", timedelta(milliseconds=60))
    metrics = Metrics()
    broken_off = asyncio.Event()

    async def work() -> None:
        try:
            before = (await Lease.get(id="long")).held_until
            while True:
                await asyncio.sleep(0.01)
                if (await Lease.get(id="long")).held_until != before:
                    break
            await Lease.filter(id="long").update(fence=99)  # another replica took it over
            await asyncio.Event().wait()
        finally:
            broken_off.set()

    async with BackgroundJobs(database, metrics) as jobs, asyncio.timeout(LIMIT_S):
        jobs.shared(HOUR, "long", work)
        await broken_off.wait()
        while True:
            await asyncio.sleep(0.01)
            if value(metrics, "failures_total", "long"):
                break
    with database.active():
        row = await Lease.get(id="long")
        assert (row.fence, row.succeeded_at) == (99, None)
        assert await Leases().last("long") is not None
    assert [line["reason"] for line in logs if line["event"] == "job_failed"] == ["LeaseLost"]


def test_what_a_round_tells_becomes_numbers() -> None:
    assert counts_of(None) == {}
    assert counts_of(True) == {}
    assert counts_of(4) == {"changed": 4}
    assert counts_of({"a": 1, "b": "x"}) == {"a": 1}
    assert counts_of("text") == {}


async def test_a_cancellation_that_a_library_swallows_does_not_hold_up_the_end(database: Database) -> None:
    waiting = asyncio.Event()

    async def swallows() -> None:
        waiting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async with asyncio.timeout(LIMIT_S):
        async with BackgroundJobs(database, Metrics()) as jobs:
            jobs.every(3600, "swallowing", swallows)
            await waiting.wait()
