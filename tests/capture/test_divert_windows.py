"""The Windows backend. WinDivert itself does not run here, but pydivert's public methods are the same on Linux, so the code
(thread, queue, separate sender) runs for real over them. What only Windows can show is said in the room's README."""

import time

import pytest

from support.capture_bench import CaptureBench, numbers, ways

pytestmark = pytest.mark.netns


@pytest.mark.parametrize("mode", ["tunnel", "direct", "hold"])
def test_payloads_go_the_way_that_the_handler_says(bench: CaptureBench, mode: str) -> None:
    driver = bench.start_driver("divert", bench.spec(), DRIVER_BACKEND="windows")
    driver.order("divert", mode=mode)
    for host in (bench.server.ipv4, bench.server.ipv6):
        assert ways(bench.play(host=host)) == {"tunnel" if mode == "tunnel" else "direct": 20}
    stats = driver.order("stats")
    assert (stats["errors"], stats["leaked"]) == ({}, 0)
    driver.order("close")
    assert ways(bench.play()) == {"direct": 20}
    driver.end()


def test_a_running_match_stays_direct_and_in_order(bench: CaptureBench) -> None:
    driver = bench.start_driver("divert", bench.spec(), DRIVER_BACKEND="windows")
    match = bench.start_game("--count", "400", "--rate", "200")
    assert driver.order("observe", seconds=0.5)["flows"] == [[match.local_port, bench.server.ipv4, 27960]]
    driver.order("divert", mode="keep-old")
    assert ways(bench.play()) == {"tunnel": 20}
    assert numbers(match.result(), "direct") == list(range(400))
    driver.end()


def test_packets_that_wait_when_it_closes_go_their_way(bench: CaptureBench) -> None:
    driver = bench.start_driver("divert", bench.spec(), DRIVER_BACKEND="windows")
    driver.order("divert", mode="direct")
    game = bench.start_game("--count", "400", "--rate", "400")
    time.sleep(0.4)
    driver.order("close")
    assert len(numbers(game.result(), "direct")) >= 398
    driver.end()
