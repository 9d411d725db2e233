"""Where a relay may send."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.destination import (
    AMPLIFIER_PORTS,
    NEVER,
    PRIVATE,
    AccessList,
    AccessRule,
    Network,
    address_of,
    check_destination,
    pack_address,
    port_denied,
    special_range,
    unpack_address,
)
from plg.protocol.errors import FlowDenial

EVERYWHERE = AccessList([AccessRule((ip_network("0.0.0.0/0"), ip_network("::/0")))])
VALVE = AccessList([AccessRule((ip_network("155.133.224.0/19"),), ((27015, 27050),))])


@pytest.mark.parametrize("network", [*NEVER, *PRIVATE], ids=str)
def test_the_first_and_last_address_of_every_special_range_is_denied_even_by_a_profile_that_allows_all(
    network: Network,
) -> None:
    for value in (int(network.network_address), int(network.broadcast_address)):
        address = IPv4Address(value) if network.version == 4 else IPv6Address(value)
        assert check_destination(address, 27015, [EVERYWHERE], allow_private=False) is FlowDenial.HARD_DENIED


@pytest.mark.parametrize(
    "text", ["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:0:808:808::1", "::8.8.8.8"]
)
def test_an_ipv4_address_hidden_in_ipv6_is_denied(text: str) -> None:
    assert special_range(ip_address(text), allow_private=True) is not None


def test_a_lab_may_reach_private_addresses_but_not_multicast() -> None:
    assert check_destination(ip_address("10.1.2.3"), 27015, [EVERYWHERE], allow_private=True) is None
    assert check_destination(ip_address("127.0.0.1"), 27015, [EVERYWHERE], allow_private=True) is None
    assert check_destination(ip_address("::1"), 27015, [EVERYWHERE], allow_private=True) is None
    assert check_destination(ip_address("224.0.0.1"), 27015, [EVERYWHERE], allow_private=True) is FlowDenial.HARD_DENIED


@pytest.mark.parametrize("port", [0, 22, 53, 1023, *sorted(AMPLIFIER_PORTS)])
def test_low_and_amplifier_ports_are_denied_unless_the_profile_names_them(port: int) -> None:
    assert check_destination(ip_address("8.8.8.8"), port, [EVERYWHERE], allow_private=False) is FlowDenial.HARD_DENIED
    assert port_denied(port, frozenset({port})) is (port == 0)


def test_a_named_low_port_is_allowed_where_the_rule_holds() -> None:
    named = AccessList([AccessRule((ip_network("8.8.8.0/24"),), ((123, 123),))], named_ports=[123])
    assert check_destination(ip_address("8.8.8.8"), 123, [named], allow_private=False) is None
    assert check_destination(ip_address("8.8.9.8"), 123, [named], allow_private=False) is FlowDenial.NOT_ALLOWED


@pytest.mark.parametrize(
    ("address", "port", "verdict"),
    [
        ("155.133.224.0", 27015, None),
        ("155.133.255.255", 27050, None),
        ("155.133.223.255", 27015, FlowDenial.NOT_ALLOWED),
        ("155.134.0.0", 27015, FlowDenial.NOT_ALLOWED),
        ("155.133.224.1", 27051, FlowDenial.NOT_ALLOWED),
    ],
)
def test_prefix_and_port_must_both_match(address: str, port: int, verdict: FlowDenial | None) -> None:
    assert check_destination(ip_address(address), port, [VALVE], allow_private=False) is verdict


def test_what_the_server_denies_is_denied() -> None:
    denied = [ip_network("155.133.230.7/32")]
    verdict = check_destination(ip_address("155.133.230.7"), 27015, [VALVE], allow_private=False, denied=denied)
    assert verdict is FlowDenial.HARD_DENIED


def test_no_list_allows_nothing() -> None:
    assert check_destination(ip_address("8.8.8.8"), 27015, [], allow_private=False) is FlowDenial.NOT_ALLOWED


prefixes = st.builds(
    lambda value, length: ip_network((value >> (32 - length) << (32 - length), length)),
    st.integers(min_value=0, max_value=2**32 - 1),
    st.integers(min_value=1, max_value=32),
)


@given(st.lists(prefixes, max_size=40), st.integers(min_value=0, max_value=2**32 - 1))
def test_merged_intervals_say_the_same_as_asking_each_prefix(networks: list[Network], value: int) -> None:
    address = IPv4Address(value)
    access = AccessList([AccessRule(tuple(networks))])
    assert access.allows(address, 27015) == any(address in network for network in networks)


@given(st.ip_addresses(network="0.0.0.0/0") | st.ip_addresses(v=6))
def test_an_address_field_holds_both_families_and_gives_ipv4_back_in_its_own_form(
    address: IPv4Address | IPv6Address,
) -> None:
    packed = pack_address(address)
    assert len(packed) == 16
    plain = address if isinstance(address, IPv4Address) else address.ipv4_mapped or address
    assert unpack_address(packed) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("198.20.0.1", "198.20.0.1"),
        ("::ffff:198.20.0.1", "198.20.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2600::1", "2600::1"),
    ],
)
def test_a_sockets_source_is_an_address_without_scope_and_disguise(text: str, plain: str) -> None:
    assert str(address_of(text)) == plain
