"""Periodic work inside the server: one owner that starts the rounds, survives their failures and ends them.

`every` is work of each replica; `shared` is work that one replica does for all, by `services.leases`.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog

from plg_server.database import Database
from plg_server.metrics import Metrics
from plg_server.services.leases import RETRY_AFTER, Held, LeaseLost, Leases

Round = Callable[[], Awaitable[object]]

JITTER = 0.1
"""Each pause varies by this share, so that replicas do not all knock at the same moment."""

LOOK_S = 15.0
"""How often a replica looks whether a shared round is due at the latest: so much later than due it begins."""

HOLD = timedelta(seconds=60)
"""A replica that dies in a shared round is replaced after this. Renewed three times as often, so that a slow answer is no death."""

CANCEL_AGAIN_S = 5.0
"""Longer than a round needs to hand its lease on."""

GIVE_BACK_S = 2.0
"""How long a server that ends tries to hand its round on; if that fails the round is taken over after HOLD."""

_CHANCE = random.Random()  # noqa: S311 - no secret
"""Of its own: rounds run beside whatever else the process does, and must not move the dice of others."""


class BackgroundJobs:
    """Use as `async with`; `every` and `shared` inside. Leaving the block cancels all jobs and waits for them."""

    def __init__(self, database: Database, metrics: Metrics, leases: Leases | None = None) -> None:
        self._database = database
        self._metrics = metrics
        self._leases = leases or Leases()
        self._tasks: list[asyncio.Task[None]] = []
        self._ending = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        left = set(self._tasks)
        while left:
            for task in left:
                task.cancel()
            # A library may swallow a cancellation that comes as its call ends (wait_for of Python 3.11 does): then once more.
            _ended, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def every(self, seconds: float, name: str, work: Round) -> None:
        """Run `work` with an active database, now and then every `seconds`. A failed round is logged and counted."""

        async def timed() -> None:
            began_s = time.monotonic()
            outcome = await work()
            self._succeeded(name, time.time(), time.monotonic() - began_s, counts_of(outcome))

        self._start(seconds, name, timed)

    def shared(self, every: timedelta, name: str, work: Round) -> None:
        """Run `work` with an active database, at once when nobody ever did and then in every `every`, on one replica.

        A replica that dies in a round is replaced, so `work` must be right also when a part of it was done before. What it
        returns is kept and shown by every replica's metrics: a number, or a mapping of name to number.
        """
        look_s = min(LOOK_S, every.total_seconds() / 4)
        self._start(look_s, name, lambda: self._look(every, name, work))

    def _start(self, seconds: float, name: str, work: Round) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._run(seconds, name, work), name=f"job {name}"))

    async def _run(self, seconds: float, name: str, work: Round) -> None:
        while True:
            try:
                with self._database.active():
                    await work()
            except Exception as error:  # noqa: BLE001 - a round that fails must not end the job
                self._metrics.job_failures.labels(name).inc()
                cause = _single(error)
                gone = self._database.is_unavailable(cause)
                structlog.get_logger().error(
                    "job_failed", job=name, reason=type(cause).__name__, exc_info=None if gone else error
                )
            if self._ending:
                return
            await asyncio.sleep(seconds * _CHANCE.uniform(1 - JITTER, 1 + JITTER))

    async def _look(self, every: timedelta, name: str, work: Round) -> None:
        held = await self._begin(name, every)
        if held is not None:
            await self._do(held, every, work)
        elif (last := await self._leases.last(name)) is not None and last.succeeded_at is not None:
            # Another replica did it: an operator who looks at this one sees the same.
            self._show(name, last.succeeded_at.timestamp(), last.seconds, last.outcome)

    async def _begin(self, name: str, every: timedelta) -> Held | None:
        """Ends only when the lease is surely had or not: a transaction that is cancelled while it begins keeps its connection."""
        beginning = asyncio.get_running_loop().create_task(self._leases.begin(name, every, HOLD), name=f"begin {name}")
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            await asyncio.wait([beginning], timeout=GIVE_BACK_S)
            if beginning.done() and beginning.exception() is None and (held := beginning.result()) is not None:
                await _hand_on(held, timedelta())
            raise

    async def _do(self, held: Held, every: timedelta, work: Round) -> None:
        began_s = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(_keep(held), name=f"lease {held.name}")
                outcome = counts_of(await work())
                renewing.cancel()
            seconds = time.monotonic() - began_s
            await held.finish(seconds, outcome)
        except BaseException as error:
            if not isinstance(_single(error), LeaseLost):
                await _hand_on(held, min(every, RETRY_AFTER) if isinstance(error, Exception) else timedelta())
            raise
        self._succeeded(held.name, time.time(), seconds, outcome)

    def _succeeded(self, name: str, at_s: float, seconds: float, outcome: Mapping[str, int]) -> None:
        self._metrics.job_rounds.labels(name).inc()
        self._show(name, at_s, seconds, outcome)

    def _show(self, name: str, at_s: float, seconds: float, outcome: Mapping[str, int]) -> None:
        self._metrics.job_success.labels(name).set(at_s)
        self._metrics.job_seconds.labels(name).set(seconds)
        for what, count in outcome.items():
            self._metrics.job_found.labels(name, what).set(count)


def counts_of(outcome: object) -> dict[str, int]:
    """What a round tells as numbers by name; nothing when it tells nothing."""
    if isinstance(outcome, bool) or outcome is None:
        return {}
    if isinstance(outcome, int):
        return {"changed": outcome}
    if isinstance(outcome, Mapping):
        return {str(what): count for what, count in outcome.items() if isinstance(count, int)}
    return {}


async def _keep(held: Held) -> None:
    """Renew until cancelled. Raises what makes the round's going on unsafe, which ends the round."""
    while True:
        await asyncio.sleep(held.for_.total_seconds() / 3)
        await held.renew()


async def _hand_on(held: Held, again_after: timedelta) -> None:
    """Another replica may do it. A database that is away must neither hide why the round failed nor hold up the end."""
    try:
        async with asyncio.timeout(GIVE_BACK_S):
            await held.give_back(again_after)
    except Exception as error:  # noqa: BLE001 - the lease ends by itself
        structlog.get_logger().warning("lease_not_given_back", job=held.name, reason=type(error).__name__)


def _single(error: BaseException) -> BaseException:
    """What really happened: a task group wraps it."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
