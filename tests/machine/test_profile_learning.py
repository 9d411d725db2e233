"""From sightings to a draft, with its doubts named."""

import tomllib
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.machine.profile_learning import (
    Doubt,
    FlowSeen,
    draft_profile,
    group_addresses,
    group_ports,
    profile_toml,
    slug_of,
)


def flow(address: str, port: int, packets: int | None = 1800, seconds: float = 60.0) -> FlowSeen:
    return FlowSeen(50_000, ip_address(address), port, packets, seconds)


MATCHES = [
    flow("9.9.9.10", 27015),
    flow("9.9.9.11", 27015),
    flow("8.8.4.4", 27020),
    flow("8.8.8.8", 53, 4, 50),
    flow("1.1.1.1", 27015, 6, 1),
]


def test_a_match_is_told_from_server_lists_and_name_servers() -> None:
    draft = draft_profile("MyGame.exe", ["MyGame.exe"], MATCHES, 120)
    assert draft.slug == "mygame"
    assert draft.on_windows
    assert draft.ports == ("27015", "27020")
    assert draft.prefixes == ("8.8.4.4/32", "9.9.9.0/24")
    assert draft.packets_per_s == 30.0
    assert (draft.confidence, draft.doubts) == ("high", ())


@pytest.mark.parametrize(
    ("flows", "seconds", "doubts"),
    [
        ([], 60, {Doubt.NO_FLOWS}),
        ([flow("9.9.9.9", 27015, 3, 1)], 60, {Doubt.NO_MATCH}),
        ([flow("9.9.9.9", 27015)], 10, {Doubt.SHORT, Doubt.ONE_SERVER}),
        ([flow("192.168.1.4", 27015)], 60, {Doubt.PRIVATE_ONLY}),
        ([flow("9.9.9.9", 27015, None)], 60, {Doubt.NO_DESTINATIONS, Doubt.ONE_SERVER}),
        ([flow(f"9.{n}.9.9", 27015) for n in range(100)], 60, {Doubt.MANY_PREFIXES}),
    ],
)
def test_reasons_to_doubt_a_draft_are_named(flows: list[FlowSeen], seconds: float, doubts: set[Doubt]) -> None:
    assert set(draft_profile("game", ["game"], flows, seconds).doubts) == doubts


def test_addresses_of_one_hoster_become_a_prefix_and_both_families_are_kept_apart() -> None:
    found = group_addresses(
        map(ip_address, ["2620:fe::9", "9.9.9.9", "9.9.9.200", "149.112.112.112", "2620:fe:0:1::9"])
    )
    assert found == ["9.9.9.0/24", "149.112.112.112/32", "2620:fe::/48"]


def test_many_ports_become_ranges() -> None:
    assert group_ports([7, 5, 5]) == ("5", "7")
    assert group_ports([27015, 27020, 27100, 40000, 27016]) == ("27015-27100", "40000")


@pytest.mark.parametrize(
    ("program", "slug"),
    [("My Game.EXE", "my-game"), ("-x-", "x"), ("игра", "my-game"), ("ü" * 200, "u" * 64), ("", "my-game")],
)
def test_an_identifier_is_always_one(program: str, slug: str) -> None:
    assert slug_of(program) == slug


@given(st.text(max_size=60), st.lists(st.text(max_size=40), max_size=3))
def test_no_name_of_a_program_breaks_the_file(program: str, names: list[str]) -> None:
    text = profile_toml(draft_profile(program, [program, *names], MATCHES, 60), [program])
    game = tomllib.loads(text)["game"][0]
    assert game["udp"] == ["27015", "27020"]
    assert "slug" in game
