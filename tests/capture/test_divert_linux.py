"""The Linux backend: rights that suffice, rights that do not, and what it does to the watchdog's list."""

import json
import os
import sys
import tempfile

import pytest

from support.capture_bench import CaptureBench, ways
from support.requirements import require_binary

pytestmark = pytest.mark.netns

NOBODY = 65534
CAPABILITIES = ("+bpf", "+perfmon", "+net_admin", "+net_raw")


def unavailable(bench: CaptureBench, capabilities: tuple[str, ...]) -> dict[str, str]:
    """What the driver says as an ordinary user with these capabilities."""
    require_binary("setpriv")
    # The interpreter may lie in a folder of root's; reading it is no right that capture itself needs.
    held = ",".join(("-all", "+dac_read_search", *capabilities))
    code = """
import asyncio, json, sys
from ipaddress import ip_network
from pathlib import Path
from plg.capture.choose import open_source
from plg.capture.packet_source import CaptureRule, CaptureSpec, CaptureUnavailable
async def main():
    spec = CaptureSpec((CaptureRule((ip_network("192.0.2.1/32"),)),))
    try:
        source = await open_source("divert", spec, runtime_directory=Path(sys.argv[1]))
    except CaptureUnavailable as error:
        print(json.dumps({"message": str(error), "next_step": error.next_step}))
    else:
        await source.close()
        print(json.dumps({"message": "works", "next_step": ""}))
asyncio.run(main())
"""
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={held}"]
        command += [f"--ambient-caps={held}", sys.executable, "-c", code, f"{folder}/run"]
        answer: dict[str, str] = json.loads(bench.client.run(command).stdout)
    return answer


def test_four_capabilities_suffice_without_root(bench: CaptureBench) -> None:
    assert unavailable(bench, CAPABILITIES)["message"] == "works"
    bench.wait_until_clean()


@pytest.mark.parametrize("left_out", CAPABILITIES)
def test_each_missing_capability_is_named(bench: CaptureBench, left_out: str) -> None:
    held = tuple(name for name in CAPABILITIES if name != left_out)
    answer = unavailable(bench, held)
    assert answer["message"] == f"capturing with divert lacks CAP_{left_out[1:].upper()}"
    assert "sudo" in answer["next_step"]
    assert "--capture proxy" in answer["next_step"]


def test_nobodys_hook_is_taken_away(bench: CaptureBench) -> None:
    bench.client.run(["tc", "qdisc", "add", "dev", "eth0", "clsact"])
    bench.before = bench.system_state()
    driver = bench.start_driver("divert", bench.spec())
    driver.order("divert", mode="tunnel")
    assert ways(bench.play()) == {"tunnel": 20}
    driver.end()
    bench.wait_until_clean()
