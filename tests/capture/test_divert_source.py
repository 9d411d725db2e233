"""What is particular to divert; what it shares with TUN is in test_capture_in_namespaces."""

from pathlib import Path

import pytest

from plg.capture.divert_source import DivertSource
from plg.capture.packet_source import CaptureRule, CaptureSpec, CaptureUnavailable, FlowKey, Verdict
from support.capture_bench import CaptureBench, ways


@pytest.mark.netns
def test_fragmented_datagrams_go_direct_as_a_whole_and_are_counted(bench: CaptureBench) -> None:
    driver = bench.start_driver("divert", bench.spec())
    driver.order("divert", mode="tunnel")
    for host in (bench.server.ipv4, bench.server.ipv6):
        result = bench.play("--bytes", "3000", host=host)
        assert (ways(result), result["sizes"]) == ({"direct": 20}, [3000])
    stats = driver.order("stats")
    assert stats["captured"] == 0
    assert stats["fragments_direct"] >= 40
    driver.end()


@pytest.mark.netns
def test_a_program_bound_to_one_interface_is_captured(bench: CaptureBench) -> None:
    driver = bench.start_driver("divert", bench.spec())
    driver.order("divert", mode="tunnel")
    for host in (bench.server.ipv4, bench.server.ipv6):
        assert ways(bench.play("--device", "eth0", host=host)) == {"tunnel": 20}
    driver.end()


@pytest.mark.netns
def test_packets_that_outrun_a_stuck_loop_are_counted_as_leaked(bench: CaptureBench) -> None:
    driver = bench.start_driver("divert", bench.spec())
    driver.order("divert", mode="tunnel")
    driver.post("block", seconds=2.0)
    # More than the ring holds: what has no room passes, as the kernel part is built.
    result = bench.play("--bytes", "1400", "--count", "40000", "--rate", "1e9", "--burst", "1000", "--wait", "6")
    driver._answer()
    stats = driver.order("stats")
    assert stats["leaked"] > 0
    assert stats["leaked"] == bench.packets_at_router()
    assert stats["leaked"] + stats["captured"] + stats["errors"].get("queue_dropped", 0) == result["sent"]
    driver.end()


async def test_a_spec_for_all_udp_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    source = DivertSource(tmp_path / "run")
    with pytest.raises(CaptureUnavailable, match="all UDP"):
        await source.open(CaptureSpec((CaptureRule(),)))
    assert not (tmp_path / "run").exists()


async def test_a_source_that_is_not_open_says_so_and_answers_nobody(tmp_path: Path) -> None:
    source = DivertSource(tmp_path)
    with pytest.raises(RuntimeError, match="not open"):
        await source.divert(lambda _flow, _payload: Verdict.DIRECT)
    source.deliver(FlowKey(1, "192.0.2.1", 2), b"x")
    source.send_direct(FlowKey(1, "192.0.2.1", 2), b"x")
    await source.close()
    await source.close()
    assert source.stats.delivered == 0
