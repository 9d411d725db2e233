"""Periodic work inside the server: one owner that starts the rounds, survives their failures and ends them."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import structlog

from plg_server.database import Database
from plg_server.metrics import Metrics

Round = Callable[[], Awaitable[object]]

JITTER = 0.1
"""Each pause varies by this share, so that replicas do not all knock at the same moment."""


class BackgroundJobs:
    """Use as `async with`; `every` inside. Leaving the block cancels all jobs and waits for them."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def every(self, seconds: float, name: str, work: Round) -> None:
        """Run `work` with an active database, now and then every `seconds`. A failed round is logged and counted."""
        self._tasks.append(asyncio.get_running_loop().create_task(self._run(seconds, name, work), name=f"job {name}"))

    async def _run(self, seconds: float, name: str, work: Round) -> None:
        while True:
            try:
                with self._database.active():
                    await work()
            except Exception as error:  # noqa: BLE001 - a round that fails must not end the job
                self._metrics.job_failures.labels(name).inc()
                gone = self._database.is_unavailable(error)
                structlog.get_logger().error(
                    "job_failed", job=name, reason=type(error).__name__, exc_info=None if gone else error
                )
            await asyncio.sleep(seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
