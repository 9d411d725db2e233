"""Which event loop carries packets."""

import asyncio
import sys

from plg_relay.fast_loop import fast_loop_factory


def test_the_loop_is_uvloop_where_it_exists() -> None:
    with asyncio.Runner(loop_factory=fast_loop_factory()) as runner:
        module = type(runner.get_loop()).__module__
    assert module.startswith("uvloop") == (sys.platform != "win32")
