"""The player's wish."""

from ipaddress import ip_address

import pytest

from plg.tunnel.connect_request import ConnectRequest, TargetUnknown, find_targets
from plg.tunnel.grants import HostPort


async def test_a_target_is_found_with_its_port_and_none_is_none() -> None:
    assert await find_targets(None) == []
    assert await find_targets(HostPort("192.0.2.7", 27960)) == [(ip_address("192.0.2.7"), 27960)]
    assert await find_targets(HostPort("2001:db8::7", 1)) == [(ip_address("2001:db8::7"), 1)]


async def test_a_name_without_an_address_is_unknown() -> None:
    with pytest.raises(TargetUnknown) as caught:
        await find_targets(HostPort("no-such-host.invalid", 1))
    assert caught.value.target.host == "no-such-host.invalid"


def test_what_the_player_did_not_ask_for_is_left_to_server_and_system() -> None:
    wish = ConnectRequest(game="openarena")
    assert (wish.mode, wish.interfaces, wish.force, wish.standby) == (None, (), False, True)
