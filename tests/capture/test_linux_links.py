"""Interfaces and their filter hooks, in a namespace."""

import pytest

from plg.capture.linux_links import RTM_NEWLINK, parse_link
from support.capture_bench import CaptureBench

PASS_ALL = "1,6 0 0 0"
"""A program of one instruction for `tc`."""


def test_a_malformed_announcement_is_no_link() -> None:
    assert parse_link(RTM_NEWLINK, b"\0") is None
    assert parse_link(17, bytes(64)) is None


@pytest.mark.netns
def test_links_hooks_and_addresses_are_what_ip_and_tc_show(bench: CaptureBench) -> None:
    bench.client.run(["ip", "link", "add", "br0", "type", "bridge"])
    bench.client.run(["ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"])
    bench.client.run(["ip", "link", "set", "d0", "master", "br0"])
    bench.client.run(["tc", "qdisc", "add", "dev", "eth0", "clsact"])
    code = """
import json
from plg.capture.linux_links import *
from plg.capture.netlink import Netlink
with Netlink() as netlink:
    links = {link.name: link for link in list_links(netlink)}
    before = sorted(interfaces_with_clsact(netlink))
    bring_up(netlink, links["d0"].number, 9000, 777)
    add_host_address(netlink, links["d0"].number, bytes([192, 0, 0, 8]))
    gone = delete_clsact_if_empty(netlink, links["eth0"].number)
    again = delete_clsact_if_empty(netlink, links["eth0"].number)
    print(json.dumps([{name: list(link) for name, link in links.items()}, before, gone, again,
                      sorted(interfaces_with_clsact(netlink)), list_bpf_filters(netlink, links["eth0"].number)]))
"""
    links, before, gone, again, after, filters = bench.run_inside(code)
    assert links["lo"][2:4] == [True, True]
    assert links["eth0"][2:] == [True, False, 0]
    assert links["d0"][2:] == [False, False, links["br0"][0]]
    assert (before, gone, again, after, filters) == ([links["eth0"][0]], True, False, [], [])
    shown = bench.client.run(["ip", "address", "show", "dev", "d0"]).stdout
    assert "UP" in shown
    assert "mtu 9000" in shown
    assert "qlen 777" in shown
    assert "inet 192.0.0.8/32 scope link" in shown


@pytest.mark.netns
def test_a_hook_that_somebody_uses_stays(bench: CaptureBench) -> None:
    bench.client.run(["tc", "qdisc", "add", "dev", "eth0", "clsact"])
    bench.client.run(["tc", "filter", "add", "dev", "eth0", "egress", "protocol", "all", "bpf", "bytecode", PASS_ALL])
    code = """
import json, socket
from plg.capture.linux_links import *
from plg.capture.netlink import Netlink
with Netlink() as netlink:
    print(json.dumps(delete_clsact_if_empty(netlink, socket.if_nametoindex("eth0"))))
"""
    assert bench.run_inside(code) is False
    assert "clsact" in bench.client.run(["tc", "qdisc", "show", "dev", "eth0"]).stdout
