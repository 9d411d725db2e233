"""Address translation and IPv6."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from plg.doctor.addresses import (
    check_ipv6,
    check_nat,
    connects,
    judge_ipv6,
    judge_nat,
    routers,
    source_address,
)
from plg.doctor.finding import Verdict
from plg.probe.route_trace import Hop, RouteTrace
from support.doctor_scene import pinged, scene_at

HOME = ip_address("192.168.1.20")
PUBLIC = ip_address("93.184.216.34")


@pytest.mark.parametrize(
    ("mine", "hops", "code", "verdict"),
    [
        (PUBLIC, [], "nat_none", Verdict.OK),
        (HOME, ["192.168.1.1", "93.184.216.1"], "nat_type_not_told", Verdict.UNKNOWN),
        (HOME, ["192.168.1.1", "100.70.0.1", "93.184.216.1"], "nat_carrier_grade", Verdict.WARN),
        (ip_address("100.80.1.2"), [], "nat_carrier_grade", Verdict.WARN),
        (HOME, ["192.168.1.1", "10.0.0.1", "93.184.216.1"], "nat_double", Verdict.UNKNOWN),
        (HOME, ["192.168.1.1", "10.0.0.1"], "nat_type_not_told", Verdict.UNKNOWN),
        (None, [], "nat_type_not_told", Verdict.UNKNOWN),
    ],
)
def test_what_stands_in_front_is_told_by_addresses_on_the_way(
    mine: IPv4Address | IPv6Address | None, hops: list[str], code: str, verdict: Verdict
) -> None:
    found = judge_nat(mine, [ip_address(hop) for hop in hops])
    assert (found.code, found.verdict) == (code, verdict)


def test_the_end_of_the_way_is_no_router() -> None:
    hops = (Hop(1, "192.168.1.1"), Hop(2, None), Hop(3, "192.0.2.10"))
    assert routers(RouteTrace("relay", "192.0.2.10", "udp", hops, True)) == [ip_address("192.168.1.1")]
    assert routers(None) == []


async def test_without_relays_the_own_address_alone_speaks(tmp_path: Path) -> None:
    assert (await check_nat(scene_at(tmp_path))).code in {"nat_none", "nat_type_not_told", "nat_carrier_grade"}


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
