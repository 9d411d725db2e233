"""The clock of the packet path."""

import asyncio
import time

from plg.tunnel.clock import LoopClock


async def test_it_tells_monotonic_time_finer_than_a_millisecond() -> None:
    clock = LoopClock()
    assert abs(clock.time() - time.monotonic()) < 1
    readings = {clock.time() for _ in range(200)}
    assert len(readings) > 50


async def test_it_calls_back_and_can_be_told_not_to() -> None:
    clock = LoopClock()
    called: list[str] = []
    done = asyncio.Event()
    clock.call_at(clock.time() + 0.01, lambda: called.append("cancelled")).cancel()
    clock.call_at(clock.time() - 5, lambda: called.append("late"))
    clock.call_at(clock.time() + 0.02, done.set)
    await asyncio.wait_for(done.wait(), 2)
    assert called == ["late"]
