"""Traces: answers read strictly, and two real routers in network namespaces."""

import json
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.lab.namespaces import Lab
from plg.probe.route_trace import (
    ICMP,
    UDP,
    IcmpAnswer,
    TraceUnavailable,
    _offender,
    _what_is_missing,
    read_icmp_answer,
    trace_methods,
    trace_route,
)
from support.requirements import require_binary, require_root

ECHO = struct.pack(">BBHHH", 8, 0, 0, 77, 5)
IPV4 = b"\x45" + bytes(19)

IN_A_HOST = """
import asyncio, json, sys
from plg.probe.route_trace import trace_route
found = asyncio.run(trace_route(sys.argv[1], method=sys.argv[2], max_hops=12))
print(json.dumps({"reached": found.reached, "hops": [[hop.address, len(hop.rtts_ms)] for hop in found.hops]}))
"""


class Routed:
    """client -> router -> second -> router -> game, and straight back: routers answer at distances 1, 2 and 3."""

    def __init__(self, lab: Lab) -> None:
        self.client, self.second, self.game = (lab.add_host(name) for name in ("client", "second", "game"))
        for key in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            self.second.write_sysctl(key, "1")
        for where in ("all", "eth0"):
            self.second.write_sysctl(f"net/ipv4/conf/{where}/rp_filter", "0")
            self.second.write_sysctl(f"net/ipv4/conf/{where}/send_redirects", "0")
        entry = self.client.router_interface
        for version, via in (("-4", self.second.ipv4), ("-6", self.second.ipv6)):
            lab.router.run(["ip", version, "rule", "add", "iif", entry, "lookup", "100", "priority", "50"])
            lab.router.run(["ip", version, "route", "add", "default", "via", via, "table", "100"])
        # Routers limit these answers: for the tests they are not to.
        for namespace in (lab.router, self.second):
            namespace.write_sysctl("net/ipv4/icmp_ratemask", "0")

    def trace(self, target: str, method: str) -> dict[str, Any]:
        done = self.client.run([sys.executable, "-c", IN_A_HOST, target, method])
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def routed() -> Iterator[Routed]:
    require_root()
    require_binary("ip")
    with Lab() as lab:
        yield Routed(lab)


@pytest.mark.parametrize("method", [UDP, ICMP])
def test_every_router_on_the_way_is_found_in_its_place(routed: Routed, method: str) -> None:
    found = routed.trace(routed.game.ipv4, method)
    client, second, game = routed.client, routed.second, routed.game
    assert found["reached"]
    assert [address for address, _ in found["hops"]] == [
        client.router_ipv4,
        second.ipv4,
        found["hops"][2][0],
        game.ipv4,
    ]
    assert found["hops"][2][0] in {second.router_ipv4, client.router_ipv4, game.router_ipv4}
    assert [answers for _, answers in found["hops"]] == [3, 3, 3, 3]


@pytest.mark.parametrize("method", [UDP, ICMP])
def test_ipv6_is_traced_as_well(routed: Routed, method: str) -> None:
    found = routed.trace(routed.game.ipv6, method)
    assert found["reached"]
    addresses = [address for address, _ in found["hops"]]
    assert addresses[-1] == routed.game.ipv6
    assert routed.second.ipv6 in addresses


def test_a_silent_end_leaves_the_routers_before_it(routed: Routed) -> None:
    drop = [
        "add table inet quiet",
        "add chain inet quiet in { type filter hook input priority 0; policy drop; }",
    ]
    require_binary("nft")
    routed.game.run(["nft", "-f", "-"], input_text="\n".join(drop) + "\n")
    try:
        found = routed.trace(routed.game.ipv4, UDP)
    finally:
        routed.game.run(["nft", "delete", "table", "inet", "quiet"])
    assert not found["reached"]
    assert len(found["hops"]) == 3


def test_without_any_right_udp_works_and_icmp_says_what_is_missing(routed: Routed) -> None:
    address = routed.client.router_ipv4
    script = (
        "import os, asyncio\nfrom plg.probe.route_trace import *\n"
        f"asyncio.run(trace_route({address!r}))\n"  # loads what an ordinary user may not read in this checkout
        "os.setgid(65534); os.setuid(65534)\n"
        f"print(trace_methods())\nprint(asyncio.run(trace_route({address!r})).reached)\n"
        "try:\n    asyncio.run(trace_route('127.0.0.1', method='icmp'))\n"
        "except TraceUnavailable as error:\n    print(error)\n"
    )
    done = routed.client.run([sys.executable, "-c", script])
    assert done.stdout.splitlines() == ["['udp']", "True", "ICMP traces need root or CAP_NET_RAW"]


async def test_this_machine_is_one_hop_away() -> None:
    for method in trace_methods():
        found = await trace_route("127.0.0.1", method=method)
        assert (found.reached, len(found.hops), found.hops[0].address) == (True, 1, "127.0.0.1")


async def test_a_way_that_this_machine_has_not_is_refused_with_the_reason() -> None:
    with pytest.raises(TraceUnavailable):
        await trace_route("127.0.0.1", method="pigeon")
    assert "administrator" in _what_is_missing(None, "win32")
    assert "Linux" in _what_is_missing(UDP, "win32")


async def test_an_unknown_name_is_an_error_of_the_network() -> None:
    with pytest.raises(socket.gaierror):
        await trace_route("no.such.host.invalid")


def test_errors_that_quote_our_question_are_understood() -> None:
    exceeded = struct.pack(">BBHI", 11, 0, 0, 0) + IPV4 + ECHO
    reply = struct.pack(">BBHHH", 0, 0, 0, 77, 5)
    assert read_icmp_answer(IPV4 + exceeded, socket.AF_INET) == IcmpAnswer(False, 77, 5)
    assert read_icmp_answer(IPV4 + reply, socket.AF_INET) == IcmpAnswer(True, 77, 5)
    six = struct.pack(">BBHI", 3, 0, 0, 0) + bytes(40) + struct.pack(">BBHHH", 128, 0, 0, 77, 5)
    assert read_icmp_answer(six, socket.AF_INET6) == IcmpAnswer(False, 77, 5)


@pytest.mark.parametrize("packet", [b"", IPV4, IPV4 + ECHO, IPV4 + struct.pack(">BBHI", 11, 0, 0, 0) + IPV4 + ECHO[:7]])
def test_anything_else_is_not(packet: bytes) -> None:
    assert read_icmp_answer(packet, socket.AF_INET) is None


@given(st.binary(max_size=120), st.sampled_from([socket.AF_INET, socket.AF_INET6]))
def test_nothing_that_arrives_raises(packet: bytes, family: socket.AddressFamily) -> None:
    read_icmp_answer(packet, family)
    _offender(packet)
