"""Own addresses and IPv6."""

import socket
from ipaddress import ip_address
from pathlib import Path

from plg.doctor.addresses import check_ipv6, connects, judge_ipv6, source_address
from plg.doctor.finding import Verdict
from support.doctor_scene import pinged, scene_at


def test_ipv6_of_the_house_alone_is_no_ipv6_to_the_outside() -> None:
    assert judge_ipv6(ip_address("fd00::2"), None, []).code == "ipv6_none"
    assert judge_ipv6(None, None, []).verdict is Verdict.OK
    assert judge_ipv6(ip_address("2a00:1450::1"), None, []).code == "ipv6_there"
    assert judge_ipv6(ip_address("2a00:1450::1"), False, []).code == "ipv6_broken"
    silent = judge_ipv6(None, None, [pinged("six", None, host="2a00:1450::5"), pinged("four", 9.0)])
    assert (silent.code, silent.facts) == ("ipv6_relay_unreachable", {"relays": "six"})


async def test_the_check_gives_a_verdict_here(tmp_path: Path) -> None:
    assert (await check_ipv6(scene_at(tmp_path))).code in {"ipv6_none", "ipv6_there"}


def test_the_source_address_towards_this_machine_is_its_own() -> None:
    assert source_address(socket.AF_INET, ("127.0.0.1", 9)) == ip_address("127.0.0.1")


async def test_a_refusal_is_an_answer_too() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        assert await connects("127.0.0.1", port)
        listening.listen()
        assert await connects("127.0.0.1", port)
