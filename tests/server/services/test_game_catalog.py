"""The catalogue: profiles resolved from the files, with access lists for relays."""

from ipaddress import ip_address

import pytest

from plg.contract.games import Transport
from plg.protocol.destination import check_destination
from plg_server.services.game_catalog import GameCatalog, build_catalog
from plg_server.services.game_files import load_game_files, parse_game_texts

LISTS = """
[[prefixes]]
name = "maker"
cidrs = ["5.5.4.0/24", "5.5.5.0/24"]

[[cloud]]
id = "aws:moon-1"
cidrs = ["6.6.0.0/16"]

[[game]]
slug = "pong"
name = "Pong"
category = "sports"
aliases = ["ball", "пинг понг"]
transport = "udp"
udp = ["4000-4010", "4005-4020", "500"]
prefixes = ["maker"]
hosting = ["aws:moon-1", "ovh"]
server_cidrs = ["7.7.7.0/24"]

[[game.region]]
code = "moon-1"
name = "Moon"

[[game.region]]
code = "eu"
name = "Europe"
cidrs = ["7.7.7.0/25"]

[[game]]
slug = "chess"
name = "Chess"
category = "card"
aliases = ["ball"]
transport = "tcp"
server_cidrs = ["9.9.9.0/24"]
"""


@pytest.fixture(scope="module")
def seed() -> GameCatalog:
    return build_catalog(load_game_files())


@pytest.fixture
def small() -> GameCatalog:
    return build_catalog(parse_game_texts([("f", LISTS)]))


def test_prefix_lists_and_hosting_regions_expand_and_neighbours_are_merged(small: GameCatalog) -> None:
    rule = small.by_slug["pong"].acl.rules[0]
    assert rule.cidrs == ["5.5.4.0/23", "6.6.0.0/16", "7.7.7.0/24"]
    assert rule.ports == ["500", "4000-4020"]


def test_a_low_port_that_the_profile_names_is_told_to_the_relay(small: GameCatalog) -> None:
    assert small.by_slug["pong"].acl.low_ports_allowed == [500]


def test_an_address_is_placed_in_its_region(small: GameCatalog) -> None:
    pong = small.by_slug["pong"]
    for address, code in (("7.7.7.1", "eu"), ("6.6.1.1", "moon-1")):
        region = pong.region_of(ip_address(address))
        assert region is not None
        assert region.code == code
    assert pong.region_of(ip_address("7.7.7.200")) is None


def test_a_tcp_game_is_listed_but_not_boostable_and_relays_never_hear_of_it(small: GameCatalog) -> None:
    chess = small.by_slug["chess"]
    assert not chess.detail.boostable
    assert not chess.detail.observed_targets
    assert chess.acl.rules == []
    assert [profile.slug for profile in small.profile_set.profiles] == ["pong"]


def test_a_game_is_found_by_slug_name_and_alias_but_not_by_an_alias_of_two(small: GameCatalog) -> None:
    assert small.find("PONG") is small.by_slug["pong"]
    assert small.find(" Пинг  Понг ") is small.by_slug["pong"]
    assert small.find("ball") is None
    assert small.find("nothing") is None


def test_numbers_and_revisions_come_from_the_content_alone(small: GameCatalog) -> None:
    again = build_catalog(parse_game_texts([("other", LISTS)]))
    changed = build_catalog(parse_game_texts([("f", LISTS.replace("4005-4020", "4005-4021"))]))

    assert again.profile_set == small.profile_set
    assert changed.by_slug["pong"].acl.profile_id == small.by_slug["pong"].acl.profile_id
    assert changed.by_slug["pong"].acl.revision != small.by_slug["pong"].acl.revision
    assert changed.profile_set.etag != small.profile_set.etag


def test_a_changed_game_has_the_time_of_its_change_as_revision_and_the_others_stay_as_they_are(
    small: GameCatalog,
) -> None:
    files = parse_game_texts([("f", LISTS.replace("4005-4020", "4005-4021"))])
    changed = build_catalog(files, base=small, changed_s={"pong": 1_800_000_000})

    assert changed.by_slug["pong"].acl.revision == changed.by_slug["pong"].detail.revision == 1_800_000_000
    assert small.by_slug["pong"].acl.revision < 2**30
    assert all(changed.by_slug[slug] is small.by_slug[slug] for slug in small.by_slug if slug != "pong")


def test_a_catalogue_that_adopts_another_has_its_games() -> None:
    one = build_catalog(parse_game_texts([("f", LISTS)]))
    other = build_catalog(parse_game_texts([("f", LISTS.replace("4005-4020", "4005-4021"))]))

    one.adopt(other)

    assert one.profile_set == other.profile_set
    assert one.find("pong") is other.find("pong")


def test_every_number_of_the_seed_fits_the_ticket_and_is_its_own(seed: GameCatalog) -> None:
    assert len(seed.by_profile_id) == len(seed.profiles)
    assert all(0 <= p.acl.profile_id < 2**32 and 0 <= p.acl.revision < 2**32 for p in seed.profiles)


def test_the_whole_set_of_access_lists_stays_small(seed: GameCatalog) -> None:
    import msgspec

    assert len(msgspec.json.encode(seed.profile_set)) < 400_000


def test_no_seed_profile_reaches_a_private_address_or_a_low_or_amplifier_port(seed: GameCatalog) -> None:
    for profile in seed.profiles:
        for address in ("10.0.0.1", "127.0.0.1", "192.168.1.1", "169.254.169.254", "224.0.0.1", "0.0.0.0"):
            assert not profile.access.allows(ip_address(address), 27015)
        for rule in profile.acl.rules:
            first = ip_address(rule.cidrs[0].partition("/")[0]) + 1
            for port in (53, 80, 123, 443, 1900, 11211):
                assert check_destination(first, port, [profile.access], allow_private=False) is not None


def test_a_profile_that_knows_no_prefix_lets_the_server_approve_what_the_game_talks_to(seed: GameCatalog) -> None:
    for profile in seed.profiles:
        if profile.detail.transport is Transport.TCP:
            continue
        assert profile.detail.observed_targets or profile.acl.rules
