"""A thread's work is never left half done."""

import asyncio
import threading

import pytest

from plg.capture.blocking_work import run_to_end


async def test_the_result_and_the_error_come_back() -> None:
    assert await run_to_end(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await run_to_end(lambda: 1 // 0)


async def test_a_cancelled_caller_waits_and_the_result_is_discarded() -> None:
    started, go_on = threading.Event(), threading.Event()
    discarded: list[str] = []

    def work() -> str:
        started.set()
        go_on.wait(10)
        return "handle"

    caller = asyncio.ensure_future(run_to_end(work, discarded.append))
    await asyncio.to_thread(started.wait, 10)
    caller.cancel()
    await asyncio.sleep(0.02)
    assert not caller.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert discarded == ["handle"]
