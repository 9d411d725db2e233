"""The signal of the wireless interface in use, from the kernel's own tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.doctor.finding import Verdict
from plg.doctor.wireless import check_wireless, default_interface, judge_wireless, look, read_signals
from support.doctor_scene import scene_at
from support.requirements import require_linux

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t{metric}\t00000000\t0\t0\t0
wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
"""
SIGNALS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   52.  {level}  -256        0      0      0     17      4        0
"""


def files(*, metric: int = 9000, level: str = "-58.") -> dict[str, str]:
    return {"/proc/net/route": ROUTES.format(metric=metric), "/proc/net/wireless": SIGNALS.format(level=level)}


@pytest.mark.parametrize(
    ("level", "code", "verdict"),
    [
        ("-58.", "wireless_good", Verdict.OK),
        ("-70.", "wireless_weak", Verdict.WARN),
        ("-85", "wireless_bad", Verdict.FAIL),
        ("44.", "wireless_unreadable", Verdict.UNKNOWN),
    ],
)
async def test_the_signal_decides(tmp_path: Path, level: str, code: str, verdict: Verdict) -> None:
    require_linux()
    found = await check_wireless(scene_at(tmp_path, files=files(level=level)))
    assert (found.code, found.verdict, found.facts["interface"]) == (code, verdict, "wlan0")


async def test_a_cable_that_comes_first_makes_the_signal_unimportant(tmp_path: Path) -> None:
    require_linux()
    found = await check_wireless(scene_at(tmp_path, files=files(metric=100, level="-90.")))
    assert (found.code, found.facts) == ("wireless_not_used", {"interface": "eth0"})


def test_a_wireless_interface_whose_driver_is_silent_is_still_wireless(tmp_path: Path) -> None:
    table = {**files(), "/proc/net/wireless": "\n\n", "/sys/class/net/wlan0/wireless/present": ""}
    interface, signal = look(scene_at(tmp_path, files=table))
    assert interface == "wlan0"
    assert judge_wireless(interface, signal).code == "wireless_unreadable"


def test_odd_tables_are_read_as_far_as_they_make_sense() -> None:
    assert default_interface("") is None
    assert default_interface("Iface\nwlan0\n x y z\n" + "eth0 00000000 0 0 0 0 what 00000000\n") is None
    assert read_signals("a\nb\nwlan0 no colon\nwlan1: 1 2\nwlan2: 0 0 level 0 0 0 0 x\n") == {}
    assert read_signals(SIGNALS.format(level="-58."))["wlan0"].retry_discards == 17


@given(st.text(max_size=500))
def test_no_table_makes_it_fail(text: str) -> None:
    default_interface(text)
    read_signals(text)
