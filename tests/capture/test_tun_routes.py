"""Which routes and rules a spec becomes."""

import socket
from ipaddress import ip_address, ip_network

import pytest

from plg.capture.netlink import Netlink
from plg.capture.packet_source import CaptureRule, CaptureSpec, PortSpan
from plg.capture.tun_routes import NEVER_IN_TUNNEL, plan_routes, subtract
from support.requirements import require_linux


def plan_of(*rules: CaptureRule, excluded: tuple[str, ...] = ()) -> list[object]:
    require_linux()
    with Netlink() as netlink:
        plan = plan_routes(CaptureSpec(rules, ("game",), excluded), netlink)
    return [
        [[str(prefix) for prefix in prefixes] for _, prefixes in plan.tables],
        [(rule.family, rule.ports) for rule in plan.rules],
    ]


def rule(*prefixes: str, ports: tuple[tuple[int, int], ...] = ()) -> CaptureRule:
    return CaptureRule(tuple(ip_network(text) for text in prefixes), tuple(PortSpan(*span) for span in ports))


def test_each_rule_gets_a_table_and_each_family_and_span_a_routing_rule() -> None:
    assert plan_of(
        rule("10.0.0.0/25", "10.0.0.128/25", "fd77::/64", ports=((5, 9), (20, 20))),
        rule("192.0.2.1/32", ports=((7, 7),)),
    ) == [
        [["10.0.0.0/24", "fd77::/64"], ["192.0.2.1/32"]],
        [
            (socket.AF_INET, (5, 9)),
            (socket.AF_INET, (20, 20)),
            (socket.AF_INET6, (5, 9)),
            (socket.AF_INET6, (20, 20)),
            (socket.AF_INET, (7, 7)),
        ],
    ]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0, 65535), None),
        ((1, 65534), None),
        ((65535, 65535), None),
        ((0, 9), (1, 9)),
        ((60000, 65535), (60000, 65534)),
    ],
)
def test_spans_that_the_kernel_refuses_are_trimmed_or_widened(
    span: tuple[int, int], expected: tuple[int, int] | None
) -> None:
    assert plan_of(rule("10.0.0.0/24", ports=(span,)))[1] == [(socket.AF_INET, expected)]


def test_any_address_means_everything_but_the_players_own_network_and_what_is_excluded() -> None:
    tables, rules = plan_of(rule(ports=((9, 9),)), excluded=("192.0.2.9",))
    assert isinstance(tables, list)
    prefixes = [ip_network(text) for text in tables[0]]
    for text, inside in (
        ("8.8.8.8", True),
        ("192.0.2.8", True),
        ("192.0.2.9", False),
        ("224.0.0.251", False),
        ("169.254.9.9", False),
        ("255.255.255.255", False),
        ("2001:db8::1", True),
        ("fe80::1", False),
        ("ff02::1", False),
    ):
        assert any(ip_address(text) in prefix for prefix in prefixes) is inside, text
    assert rules == [(socket.AF_INET, (9, 9)), (socket.AF_INET6, (9, 9))]


def test_holes_are_cut_exactly() -> None:
    left = subtract(
        [ip_network("10.0.0.0/30"), ip_network("fd77::/127")], [ip_network("10.0.0.1/32"), ip_network("10.0.0.0/32")]
    )
    assert [str(prefix) for prefix in left] == ["10.0.0.2/31", "fd77::/127"]
    assert subtract([ip_network("224.1.0.0/16"), ip_network("fe80::/64")], NEVER_IN_TUNNEL) == []
