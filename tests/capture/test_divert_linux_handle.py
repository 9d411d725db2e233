"""The two ways into pydivert on Linux do the same."""

import pytest

from plg.capture.divert_linux_handle import FastHandle, own_program_ids
from support.capture_bench import CaptureBench, numbers, ways
from support.requirements import require_linux


def test_this_pydivert_has_the_fast_way() -> None:
    require_linux()
    assert FastHandle.available()


def test_a_process_without_programs_has_no_program_ids() -> None:
    require_linux()
    assert own_program_ids() == frozenset()


@pytest.mark.netns
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_public_methods_take_over_where_the_fast_way_is_missing(bench: CaptureBench, loop: str) -> None:
    environment = {"DRIVER_BACKEND": "public"} | ({"DRIVER_UVLOOP": "1"} if loop == "uvloop" else {})
    driver = bench.start_driver("divert", bench.spec(), **environment)
    for mode, way in (("tunnel", "tunnel"), ("direct", "direct")):
        driver.order("divert", mode=mode)
        for host in (bench.server.ipv4, bench.server.ipv6):
            assert ways(bench.play(host=host)) == {way: 20}
        result = bench.play("--segment", "500", "--bytes", "2000")
        assert sorted(numbers(result, way)) == list(range(20))
    assert driver.order("stats")["errors"] == {}
    driver.end()
    bench.wait_until_clean()


@pytest.mark.netns
def test_the_fast_way_runs_on_uvloop(bench: CaptureBench) -> None:
    driver = bench.start_driver("divert", bench.spec(), DRIVER_UVLOOP="1")
    driver.order("divert", mode="tunnel")
    assert ways(bench.play("--count", "500", "--rate", "5000", "--burst", "50")) == {"tunnel": 500}
    driver.end()
    bench.wait_until_clean()
