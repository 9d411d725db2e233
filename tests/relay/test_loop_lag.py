"""How late the loop runs."""

import asyncio
import time

from plg_relay.loop_lag import INTERVAL_S, LoopLag


async def test_a_blocked_loop_shows_as_lag() -> None:
    lag = LoopLag(asyncio.get_running_loop())
    assert lag.worst_ms == 0
    lag.start()
    await asyncio.sleep(0)
    time.sleep(INTERVAL_S + 0.2)  # noqa: ASYNC251  blocking is what is measured
    await asyncio.sleep(0.01)
    lag.stop()
    assert 150 <= lag.worst_ms < 5000
