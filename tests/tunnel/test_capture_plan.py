"""From profile to capture."""

from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
import pytest

from plg.capture.packet_source import CaptureRule, PortSpan
from plg.contract.games import AddressChange, DestinationRule, GameDetail, Transport
from plg.tunnel.capture_plan import GameNotCarried, NotCarried, approvals, plan_capture

TARGET = (ip_address("198.20.0.7"), 27960)
GAME = GameDetail(
    slug="g", name="G", category="fps", badge=None, transport=Transport.UDP, boostable=True, aliases=[], tags=[],
    steam_appid=None, publisher=None, p2p=False, executables_windows=["g.exe"], executables_linux=["g"], capture="process+cidr",
    udp_ports=[], destinations=[DestinationRule(cidrs=["198.20.0.0/24", "2620:fe::/32"], ports=["27015", "27020-27030"])],
    observed_targets=False, address_change=AddressChange.BOUND, hosting=[], regions=[], linux_status=None, anti_cheat_note=None,
    notes=None, confidence={}, profile_id=1, revision=1,
)  # fmt: skip


def game(**changes: Any) -> GameDetail:
    return msgspec.structs.replace(GAME, **changes)


def refusal(detail: GameDetail, *, by_proxy: bool = False) -> NotCarried:
    with pytest.raises(GameNotCarried) as caught:
        plan_capture(detail, [], by_proxy=by_proxy)
    return caught.value.why


def test_known_servers_are_captured_by_prefix_and_port_and_program() -> None:
    spec = plan_capture(GAME, [], by_proxy=False, platform="linux")
    prefixes = (ip_network("198.20.0.0/24"), ip_network("2620:fe::/32"))
    assert spec.rules == (CaptureRule(prefixes, (PortSpan(27015, 27015), PortSpan(27020, 27030))),)
    assert spec.executables == ("g", "g.exe")


def test_on_windows_only_windows_programs_count() -> None:
    assert plan_capture(GAME, [], by_proxy=False, platform="win32").executables == ("g.exe",)


@pytest.mark.parametrize("way", ["cidr", "ports"])
def test_a_profile_that_goes_without_programs_names_none(way: str) -> None:
    assert plan_capture(game(capture=way), [], by_proxy=False).executables == ()


def test_a_game_with_unknown_servers_is_captured_by_its_program_on_any_game_port() -> None:
    spec = plan_capture(game(observed_targets=True, destinations=[]), [], by_proxy=False, platform="linux")
    assert spec.rules == (CaptureRule((), (PortSpan(1024, 65535),)),)
    assert spec.executables == ("g", "g.exe")


def test_without_programs_the_known_servers_alone_are_captured() -> None:
    spec = plan_capture(game(observed_targets=True, capture="cidr"), [], by_proxy=False)
    assert len(spec.rules[0].prefixes) == 2


def test_a_named_server_stands_alone_whichever_program_talks_to_it() -> None:
    other = (ip_address("2620:fe::9"), 27960)
    spec = plan_capture(GAME, [TARGET, other], by_proxy=False)
    assert spec.rules == (
        CaptureRule((ip_network("198.20.0.7"),), (PortSpan(27960, 27960),)),
        CaptureRule((ip_network("2620:fe::9"),), (PortSpan(27960, 27960),)),
    )
    assert spec.executables == ()


def test_a_proxy_stands_for_one_address() -> None:
    spec = plan_capture(GAME, [TARGET, (ip_address("198.20.0.8"), 27960)], by_proxy=True)
    assert [rule.prefixes for rule in spec.rules] == [(ip_network("198.20.0.7"),)]


def test_relays_are_left_out_but_for_an_address_that_the_player_wants() -> None:
    spec = plan_capture(
        GAME, [TARGET], by_proxy=False, relays=["198.20.0.7", "203.0.114.1", "relay.example", "203.0.114.1"]
    )
    assert spec.excluded == ("203.0.114.1",)
    assert plan_capture(GAME, [], by_proxy=False, relays=["203.0.114.1"]).excluded == ("203.0.114.1",)


def test_a_tcp_game_is_said_to_be_one() -> None:
    assert refusal(game(transport=Transport.TCP)) is NotCarried.TCP_ONLY
    assert refusal(game(boostable=False)) is NotCarried.TCP_ONLY


def test_a_game_of_which_nothing_is_known_needs_a_target() -> None:
    assert refusal(game(destinations=[])) is NotCarried.TARGET_NEEDED
    assert (
        refusal(game(destinations=[], observed_targets=True, executables_windows=[], executables_linux=[]))
        is NotCarried.TARGET_NEEDED
    )


def test_a_proxy_without_a_target_is_refused() -> None:
    assert refusal(GAME, by_proxy=True) is NotCarried.PROXY_NEEDS_TARGET


def test_a_damaged_profile_is_refused() -> None:
    assert refusal(game(destinations=[DestinationRule(cidrs=["198.20.0.300/24"], ports=[])])) is NotCarried.BAD_PROFILE


def test_only_the_targets_own_addresses_may_be_asked_for_when_one_is_named() -> None:
    assert approvals(game(observed_targets=True), [TARGET]).addresses == frozenset({"198.20.0.7"})
    assert not approvals(game(observed_targets=True), [TARGET]).anywhere
    assert approvals(game(observed_targets=True), []).anywhere
    assert not approvals(GAME, []).anywhere
