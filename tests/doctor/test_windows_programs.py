"""What Windows' own queries say, in the forms that their documentation gives. The queries themselves were not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plg.doctor.windows_programs import (
    ask,
    check_antivirus,
    check_windows_filters,
    filter_drivers,
    foreign_antivirus,
)
from support.doctor_scene import scene_at

DRIVERS = (
    '"ACPI","Microsoft ACPI Driver","Kernel ","3/1/1987 1:00:00 PM"\r\n'
    '"WinDivert","WinDivert","Kernel ","8/11/2022 4:00:00 AM"\r\n'
    '"npcap","Npcap Packet Driver (NPCAP)","Kernel ","4/1/2024 4:00:00 AM"\r\n'
    '"WFPLWFS","Microsoft Windows Filtering Platform","Kernel ",""\r\n'
)


def test_drivers_that_take_packets_are_found_in_the_list_of_all() -> None:
    assert filter_drivers(DRIVERS) == ["WinDivert", "npcap"]
    assert filter_drivers("") == []
    assert filter_drivers('"half') == []


def test_the_systems_own_antivirus_is_not_named() -> None:
    assert foreign_antivirus("Windows Defender\r\nExample Shield\r\n\r\nExample Shield\r\n") == ["Example Shield"]


def test_a_query_that_fails_raises_and_makes_the_check_unknown() -> None:
    assert ask([sys.executable, "-c", "import sys; sys.stdout.write('said')"]) == "said"
    with pytest.raises(subprocess.CalledProcessError):
        ask([sys.executable, "-c", "raise SystemExit(3)"])


async def test_elsewhere_the_checks_say_that_they_have_nothing_to_look_at(tmp_path: Path) -> None:
    if os.name != "nt":
        for check in (check_windows_filters, check_antivirus):
            assert (await check(scene_at(tmp_path))).code == "not_on_this_system"
