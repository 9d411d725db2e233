"""What is particular to TUN; what it shares with divert is in test_capture_in_namespaces."""

from pathlib import Path

import pytest

from plg.capture.packet_source import CaptureRule, CaptureSpec, CaptureUnavailable
from plg.capture.tun_source import TunSource
from support.capture_bench import CaptureBench, ways
from support.requirements import require_root


@pytest.mark.netns
def test_thousands_of_prefixes_are_no_problem(bench: CaptureBench) -> None:
    scattered = [f"10.{90 + index // 128}.{index % 128 * 2}.0/24" for index in range(2000)]
    driver = bench.start_driver("tun", bench.spec(*scattered, f"{bench.server.ipv4}/32"))
    driver.order("divert", mode="tunnel")
    assert ways(bench.play()) == {"tunnel": 20}
    driver.end()
    bench.wait_until_clean()


@pytest.mark.netns
def test_a_datagram_larger_than_the_link_is_captured_whole(bench: CaptureBench) -> None:
    driver = bench.start_driver("tun", bench.spec())
    driver.order("divert", mode="tunnel")
    for host in (bench.server.ipv4, bench.server.ipv6):
        result = bench.play("--bytes", "3000", host=host)
        assert (ways(result), result["sizes"]) == ({"tunnel": 20}, [3000])
    assert bench.packets_at_router() == 0
    driver.end()


@pytest.mark.netns
def test_an_address_that_changes_keeps_its_capture(bench: CaptureBench) -> None:
    driver = bench.start_driver("tun", bench.spec(f"{bench.server.ipv4}/32"))
    driver.order("divert", mode="tunnel")
    for command in (
        ["address", "delete", "10.77.1.2/24", "dev", "eth0"],
        ["address", "add", "10.77.1.77/24", "dev", "eth0"],
        ["route", "replace", "default", "via", bench.client.router_ipv4],
    ):
        bench.client.run(["ip", *command])
    driver.order("observe", seconds=1.0)
    assert ways(bench.play()) == {"tunnel": 20}
    driver.end()


async def test_a_spec_for_all_udp_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    require_root()
    source = TunSource(tmp_path / "run")
    with pytest.raises(CaptureUnavailable, match="all UDP"):
        await source.open(CaptureSpec((CaptureRule(),)))
    assert not (tmp_path / "run").exists()
    with pytest.raises(RuntimeError, match="not open"):
        await source.observe(0)
    await source.close()
