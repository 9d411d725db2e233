"""Which addresses are ours, and what lab mode may do with them."""

from ipaddress import ip_address

import pytest

from plg_relay.errors import ConfigError
from plg_relay.own_addresses import as_networks, interface_addresses, refuse_private_mode_in_public, resolve


def test_loopback_is_one_of_our_addresses() -> None:
    assert ip_address("127.0.0.1") in interface_addresses()


def test_literals_resolve_to_themselves_and_unknown_names_to_nothing() -> None:
    assert resolve("192.0.2.1") == {ip_address("192.0.2.1")}
    assert resolve("no-such-host.invalid") == frozenset()
    assert resolve("x" * 300) == frozenset()


def test_addresses_become_prefixes_of_one() -> None:
    assert [str(net) for net in as_networks(frozenset({ip_address("::1"), ip_address("1.2.3.4")}))] == [
        "1.2.3.4/32",
        "::1/128",
    ]


def test_lab_mode_is_refused_only_where_players_come_from_outside() -> None:
    public, private = frozenset({ip_address("9.9.9.9")}), frozenset({ip_address("10.0.0.1")})
    with pytest.raises(ConfigError, match=r"9\.9\.9\.9"):
        refuse_private_mode_in_public(allow_private=True, public_host="relay", public=public)
    refuse_private_mode_in_public(allow_private=False, public_host="relay", public=public)
    refuse_private_mode_in_public(allow_private=True, public_host="relay", public=private)
