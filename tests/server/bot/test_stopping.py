"""Work that ends when the bot ends."""

import asyncio

import pytest

from plg_server.bot.stopping import sleep_until, until


async def value() -> int:
    return 7


async def failure() -> int:
    raise LookupError("x")


async def test_work_gives_its_value_or_its_own_failure() -> None:
    stop = asyncio.Event()
    assert await until(stop, value()) == 7
    with pytest.raises(LookupError, match="x"):
        await until(stop, failure())


async def test_work_is_cancelled_when_the_bot_is_stopped() -> None:
    stop, ended = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(until(stop, long()))
        await asyncio.sleep(0)
        stop.set()
    assert (waiting.result(), ended.is_set()) == (None, True)


async def test_a_pause_ends_by_itself_or_with_the_bot() -> None:
    stop = asyncio.Event()
    await sleep_until(stop, 0.01)
    stop.set()
    async with asyncio.timeout(20):
        await sleep_until(stop, 3600)
