"""Hearing about interfaces and addresses."""

import pytest

from support.capture_bench import CaptureBench

pytestmark = pytest.mark.netns


def test_a_burst_of_changes_is_told_once_and_after_close_nothing_is(bench: CaptureBench) -> None:
    code = """
import asyncio, json, subprocess
from plg.capture.link_monitor import SETTLE_S, LinkMonitor
def ip(*words):
    subprocess.run(["ip", *words], check=True)
async def main():
    told = []
    monitor = LinkMonitor(lambda: told.append(1))
    await asyncio.sleep(2 * SETTLE_S)
    counts = [len(told)]
    ip("link", "add", "a0", "type", "veth", "peer", "name", "a1")
    ip("address", "add", "10.98.0.1/24", "dev", "a0")
    await asyncio.sleep(2 * SETTLE_S)
    counts.append(len(told))
    ip("address", "add", "10.98.1.1/24", "dev", "a0")
    monitor.close()
    monitor.close()
    await asyncio.sleep(2 * SETTLE_S)
    counts.append(len(told))
    print(json.dumps(counts))
asyncio.run(main())
"""
    assert bench.run_inside(code) == [0, 1, 1]
