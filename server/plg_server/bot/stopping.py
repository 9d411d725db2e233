"""Work that ends when the bot ends, without being broken off in the middle of what must not be."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


async def until(stop: asyncio.Event, work: Coroutine[None, None, Result]) -> Result | None:
    """What `work` gives, or None when `stop` was set first: then it is cancelled. Raises what it raises."""
    async with asyncio.TaskGroup() as group:
        doing = group.create_task(_kept(work), name="until stopped")
        stopped = group.create_task(stop.wait(), name="stop")
        await asyncio.wait({doing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        doing.cancel()
    if doing.cancelled():
        return None
    result, error = doing.result()
    if error is not None:
        raise error
    return result


async def sleep_until(stop: asyncio.Event, seconds: float) -> None:
    """A pause that ends early when `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _kept(work: Coroutine[None, None, Result]) -> tuple[Result | None, Exception | None]:
    """The failure as a value: a task group would wrap it."""
    try:
        return await work, None
    except Exception as error:  # noqa: BLE001 - raised again by `until`
        return None, error
