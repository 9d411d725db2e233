"""Filter texts: what they match, how many kernel rules they are, and that WinDivert's own compiler takes them."""

import time
from ipaddress import IPv4Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.capture.filter_expression import (
    MAX_HANDLES,
    MAX_KERNEL_RULES,
    SpecMatcher,
    SpecTooWide,
    merge_prefixes,
    plan_filters,
)
from plg.capture.packet_source import CaptureRule, CaptureSpec, PortSpan
from support.requirements import require_linux

ANYONE = ("game.exe",)


def spec(*prefixes: str, ports: tuple[tuple[int, int], ...] = (), excluded: tuple[str, ...] = ()) -> CaptureSpec:
    rule = CaptureRule(tuple(ip_network(prefix) for prefix in prefixes), tuple(PortSpan(*span) for span in ports))
    return CaptureSpec((rule,), ANYONE, excluded)


def scattered(count: int) -> list[str]:
    """Prefixes of which no two collapse into one."""
    return [f"10.{index // 128}.{index % 128 * 2}.0/24" for index in range(count)]


def compiles(expression: str) -> bool:
    require_linux()
    import pydivert

    ok, _position, _message = pydivert.EBPFDivert.check_filter(expression)
    return bool(ok)


def test_prefixes_and_ports_become_one_expression() -> None:
    plan = plan_filters(spec("10.1.0.0/16", "fd77::/64", ports=((27015, 27050), (3000, 3000))))
    text = (
        "outbound and !loopback and udp and (("
        "((ip.DstAddr >= 10.1.0.0 and ip.DstAddr <= 10.1.255.255)"
        " or (ipv6.DstAddr >= fd77:: and ipv6.DstAddr <= fd77::ffff:ffff:ffff:ffff))"
        " and ((udp.DstPort >= 3000 and udp.DstPort <= 3000) or (udp.DstPort >= 27015 and udp.DstPort <= 27050))))"
    )
    assert plan.expressions == (text,)
    assert (plan.exact, plan.kernel_rules) == (True, (4,))
    assert compiles(plan.expressions[0])


def test_neighbouring_prefixes_and_ports_are_joined_without_loss() -> None:
    plan = plan_filters(spec("10.0.0.0/25", "10.0.0.128/25", "10.0.0.7/32", ports=((5, 9), (10, 12), (11, 11))))
    assert (plan.exact, plan.kernel_rules) == (True, (1,))
    assert "10.0.0.0 and ip.DstAddr <= 10.0.0.255" in plan.expressions[0]
    assert "udp.DstPort >= 5 and udp.DstPort <= 12" in plan.expressions[0]


@pytest.mark.parametrize(
    ("prefixes", "handles", "exact"), [(64, 1, True), (65, 2, True), (256, 4, True), (257, 4, False), (3000, 4, False)]
)
def test_many_prefixes_are_spread_over_handles_and_then_merged(prefixes: int, handles: int, exact: bool) -> None:
    began = time.process_time()
    plan = plan_filters(spec(*scattered(prefixes)))
    assert time.process_time() - began < 5
    assert (len(plan.expressions), plan.exact) == (handles, exact)
    assert max(plan.kernel_rules) <= MAX_KERNEL_RULES
    assert all(compiles(expression) for expression in plan.expressions)


@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=150),
    st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 300)), max_size=40),
)
def test_no_plan_ever_has_a_handle_with_more_rules_than_the_kernel_takes(
    addresses: list[int], spans: list[tuple[int, int]]
) -> None:
    ports = tuple((first, min(65535, first + width)) for first, width in spans)
    wanted = spec(*(f"{ip_address(address)}/32" for address in addresses), ports=ports)
    plan = plan_filters(wanted)
    assert 1 <= len(plan.expressions) <= MAX_HANDLES
    assert max(plan.kernel_rules) <= MAX_KERNEL_RULES
    for expression in plan.expressions:
        assert expression.startswith("outbound and !loopback and udp and ((")
        assert compiles(expression)


def test_merged_prefixes_cover_everything_and_join_the_nearest_first() -> None:
    near = [ip_network(text) for text in ("10.0.0.0/32", "10.0.0.2/32", "10.0.0.4/32", "192.168.7.0/24", "fd77::1/128")]
    merged = merge_prefixes(tuple(near), 3)
    assert [str(prefix) for prefix in merged] == ["10.0.0.0/29", "192.168.7.0/24", "fd77::1/128"]


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=100), st.integers(1, 20))
def test_merging_never_loses_an_address_and_never_reaches_match_all(addresses: list[int], limit: int) -> None:
    prefixes = tuple(IPv4Network((address, 32)) for address in addresses)
    merged = merge_prefixes(prefixes, limit)
    assert all(any(prefix.network_address in wide for wide in merged) for prefix in prefixes)
    assert min(wide.prefixlen for wide in merged) >= 8


def test_an_excluded_address_is_cut_out_of_the_prefix_that_holds_it() -> None:
    plan = plan_filters(spec("10.0.0.0/30", excluded=("10.0.0.1", "203.0.113.9")))
    assert plan.exact
    assert "10.0.0.0 and ip.DstAddr <= 10.0.0.0)" in plan.expressions[0]
    assert "10.0.0.2 and ip.DstAddr <= 10.0.0.3)" in plan.expressions[0]
    assert "10.0.0.1" not in plan.expressions[0]


def test_where_any_address_is_meant_an_exclusion_is_named_for_its_own_family_only() -> None:
    plan = plan_filters(spec(ports=((9, 9),), excluded=("10.0.0.1", "fd77::2")))
    assert plan.expressions[0].endswith(" and (ipv6 or ip.DstAddr != 10.0.0.1) and (ip or ipv6.DstAddr != fd77::2)")
    assert not plan.exact
    assert compiles(plan.expressions[0])


def test_a_spec_that_would_take_everybodys_udp_is_refused() -> None:
    with pytest.raises(ValueError, match="all UDP of this machine"):
        plan_filters(CaptureSpec((CaptureRule(),)))
    with pytest.raises(ValueError, match="no rule"):
        plan_filters(CaptureSpec(()))
    assert plan_filters(CaptureSpec((CaptureRule(),), ANYONE)).kernel_rules == (1,)


def test_a_spec_too_wide_even_when_merged_says_so() -> None:
    wide = [CaptureRule((ip_network(f"10.{index}.0.0/24"),), (PortSpan(index, index),)) for index in range(250)]
    wide += [CaptureRule((ip_network(f"11.{index}.0.0/24"),), (PortSpan(index, index),)) for index in range(250)]
    with pytest.raises(SpecTooWide, match="256 fit"):
        plan_filters(CaptureSpec(tuple(wide), ANYONE))


def test_a_span_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="9-5"):
        plan_filters(spec("10.0.0.0/8", ports=((9, 5),)))


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("10.1.2.3", 27015, True),
        ("10.1.2.3", 27016, False),
        ("10.2.0.1", 27015, False),
        ("10.1.0.9", 27015, False),
        ("fd77::5", 27015, True),
        ("fd78::5", 27015, False),
    ],
)
def test_the_exact_check_knows_prefixes_ports_and_exclusions(address: str, port: int, expected: bool) -> None:
    matcher = SpecMatcher(spec("10.1.0.0/16", "fd77::/64", ports=((27015, 27015),), excluded=("10.1.0.9",)))
    assert matcher.matches(ip_address(address), port) is expected


@pytest.mark.parametrize("address", ["224.0.0.251", "255.255.255.255", "127.0.0.1", "169.254.1.1", "0.0.0.0", "ff02::fb", "::1", "fe80::1"])  # fmt: skip
def test_addresses_of_the_players_own_network_never_match(address: str) -> None:
    assert not SpecMatcher(CaptureSpec((CaptureRule(),), ANYONE)).matches(ip_address(address), 5353)
