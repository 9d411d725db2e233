"""Rules and routes, as `ip` shows them."""

import pytest

from support.capture_bench import CaptureBench

pytestmark = pytest.mark.netns


def test_rules_and_routes_come_and_go(bench: CaptureBench) -> None:
    code = """
import json, socket, subprocess
from ipaddress import ip_address, ip_network
from plg.capture.netlink import Netlink
from plg.capture.policy_routing import *
def shown(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout
with Netlink() as netlink:
    rules = [Rule(socket.AF_INET, 5100, 700, (27000, 27050)), Rule(socket.AF_INET6, 5100, 700, None)]
    for rule in rules:
        add_rule(netlink, rule)
    used = used_tables_and_priorities(netlink)
    eth0 = socket.if_nametoindex("eth0")
    set_route(netlink, ip_network("198.51.100.0/24"), 700, eth0, socket.inet_aton("10.77.1.2"))
    set_route(netlink, ip_network("198.51.100.0/24"), 700, eth0, None)
    path = find_path(netlink, socket.inet_aton("10.77.2.2"), 5)
    with_rule = [shown("rule"), shown("-6", "rule"), shown("route", "show", "table", "700")]
    gone = [delete_rule(netlink, rule) for rule in rules + rules]
    print(json.dumps({
        "used": [700 in used[0], 5100 in used[1]],
        "path": [path.interface == eth0, str(ip_address(path.source))],
        "nowhere": find_path(netlink, socket.inet_pton(socket.AF_INET6, "::ffff:0:1"), 0) is None,
        "with_rule": with_rule, "gone": gone, "after": shown("rule") + shown("-6", "rule"),
    }))
"""
    answer = bench.run_inside(code)
    assert answer["used"] == [True, True]
    assert answer["path"] == [True, bench.client.ipv4]
    v4, v6, routes = answer["with_rule"]
    assert "5100:\tfrom all fwmark 0 iif lo ipproto udp dport 27000-27050 lookup 700" in v4
    assert "5100:\tfrom all fwmark 0 iif lo ipproto udp lookup 700" in v6
    assert routes.split() == ["198.51.100.0/24", "dev", "eth0", "proto", "static", "scope", "link"]
    assert answer["gone"] == [True, True, False, False]
    assert "5100" not in answer["after"]


def test_a_second_rule_like_the_first_is_refused(bench: CaptureBench) -> None:
    code = """
import json, socket
from plg.capture.netlink import Netlink
from plg.capture.policy_routing import *
with Netlink() as netlink:
    add_rule(netlink, Rule(socket.AF_INET, 5100, 700, None))
    try:
        add_rule(netlink, Rule(socket.AF_INET, 5100, 700, None))
    except FileExistsError:
        print(json.dumps("refused"))
"""
    assert bench.run_inside(code) == "refused"
