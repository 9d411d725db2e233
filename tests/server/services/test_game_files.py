"""Game files: what they hold is checked, and what is wrong is named by file, line and what is allowed."""

from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.game_files import (
    MAX_FAULTS,
    GameFileError,
    GameFileLoader,
    GameFiles,
    load_game_files,
    parse_game_texts,
    parse_network,
    parse_port_range,
    seed_texts,
)

GOOD = """
[[game]]
slug = "pong"
name = "Pong"
category = "sports"
udp = ["4000"]
server_cidrs = ["9.9.9.0/24"]
"""


def refusal(text: str, *, allow_private: bool = False) -> str:
    with pytest.raises(GameFileError) as caught:
        parse_game_texts([("mine.toml", text)], allow_private=allow_private)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_seed_loads_and_holds_every_reference_game_and_the_open_ones() -> None:
    seed = load_game_files()

    assert len(seed.games) >= 233 + 30
    assert {"cs2", "dota-2", "openarena", "xonotic", "chocolate-doom", "luanti", "teeworlds"} <= seed.games.keys()
    assert seed.games["cs2"].confidence
    assert sum(1 for game in seed.games.values() if game.notes) >= 148


def test_the_seed_is_small_enough_to_travel_in_the_wheel() -> None:
    folder = files("plg_server") / "seed"
    assert sum(len(text.encode()) for _, text in seed_texts()) < 1_000_000
    assert folder.is_dir()


def test_openarena_is_recognised_by_the_engine_that_debian_runs_it_with() -> None:
    game = load_game_files().games["openarena"]

    assert {"openarena", "openarena.x86_64", "ioquake3"} <= set(game.linux)
    assert game.udp == ["27960-27969"]
    assert game.observed_targets is True


def test_an_operators_file_adds_a_game_and_overrides_fields_of_another(tmp_path: Path) -> None:
    overlay = tmp_path / "lab.toml"
    overlay.write_text(GOOD + '\n[[game]]\nslug = "openarena"\nserver_cidrs = ["10.9.0.0/24"]\n')

    merged = load_game_files(overlay, allow_private=True)

    assert merged.games["pong"].udp == ["4000"]
    assert merged.games["openarena"].server_cidrs == ["10.9.0.0/24"]
    assert merged.games["openarena"].udp == ["27960-27969"]
    assert merged.games["openarena"].name == "OpenArena"


def test_private_prefixes_are_refused_unless_the_lab_flag_is_set(tmp_path: Path) -> None:
    overlay = tmp_path / "lab.toml"
    overlay.write_text('[[game]]\nslug = "openarena"\nserver_cidrs = [\n  "9.9.9.0/24",\n  "10.9.0.0/24",\n]\n')

    with pytest.raises(GameFileError) as caught:
        load_game_files(overlay)

    assert str(caught.value) == (
        f"{overlay}:5: '10.9.0.0/24' lies in 10.0.0.0/8: private prefixes need allow_private_targets (a lab's setting)"
    )


@pytest.mark.parametrize(
    ("broken", "line", "says"),
    [
        (GOOD.replace("9.9.9.0/24", "9.9.9.1/24"), 7, "'9.9.9.1/24' is not a prefix: 9.9.9.1/24 has host bits set"),
        (GOOD.replace("9.9.9.0/24", "9.9.9.9"), 7, "'9.9.9.9' is not a prefix: write ADDRESS/BITS"),
        (GOOD.replace("9.9.9.0/24", "8.0.0.0/7"), 7, "too wide: an IPv4 prefix has at least 8 bits"),
        (GOOD.replace("9.9.9.0/24", "224.1.0.0/16"), 7, "lies in 224.0.0.0/4, where no game server can be"),
        (GOOD.replace("4000", "4000-3000"), 6, "'4000-3000' is not a port range: ports go from 1 to 65535"),
        (GOOD.replace("4000", "70000"), 6, "'70000' is not a port range"),
        (GOOD.replace("4000", "many"), 6, "udp: Expected `str` matching regex"),
        (GOOD.replace('["4000"]', "4000"), 6, "udp: Expected `array`, got `int`"),
        (GOOD.replace("sports", "ballgame"), 5, "Invalid enum value 'ballgame'; allowed: battle-royale, card"),
        (GOOD.replace("udp", "upd"), 6, "unknown key 'upd'; allowed: slug, name, category"),
        (GOOD.replace('slug = "pong"\n', ""), 2, "a [[game]] needs a slug"),
        (GOOD.replace("pong", "Pong!"), 3, "slug: Expected `str` matching regex"),
        (GOOD.replace('name = "Pong"\n', ""), 2, "missing required field `name`"),
        (GOOD + GOOD, 10, "game 'pong' stands twice (first in line 3)"),
        (GOOD.replace("udp =", "udp"), 6, "is not valid TOML"),
        (GOOD + "x = [", 8, "is not valid TOML"),
        ("[[games]]\nslug = 'a'\n", 1, "unknown table 'games'; allowed: [[game]], [[prefixes]]"),
        ("# a\ngame = 3\n", 2, "'game' must be written as [[game]] tables"),
        (GOOD + 'hosting = ["aws:mars-1"]\n', 8, "hosting: 'aws:mars-1' is not defined"),
        (GOOD + 'prefixes = ["nobody"]\n', 8, "prefixes: 'nobody' is not defined"),
        (GOOD + 'region_set = "none"\n', 8, "region_set: 'none' is not defined"),
        (GOOD + 'sources = { ports = ["hearsay"] }\n', 8, "sources: 'hearsay' is not defined"),
        (GOOD + 'confidence = { ports = "certain" }\n', 8, "Invalid enum value 'certain'"),
        (GOOD + 'aliases = [\n  "good",\n  "BAD",\n]\n', 10, "aliases: Expected `str` matching regex"),
        (
            GOOD + '[[game.region]]\ncode = "eu"\nname = "Europe"\ncidrs = ["1.2.3.4/8"]\n',
            11,
            "'1.2.3.4/8' is not a prefix",
        ),
        (GOOD + '[[prefixes]]\nname = "lot"\ncidrs = ["5.5.5.0/24", "x/24"]\n', 10, "'x/24' is not a prefix"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_what_is_allowed(broken: str, line: int, says: str) -> None:
    message = refusal(broken)
    assert message.startswith(f"mine.toml:{line}: "), message
    assert says in message


def test_a_file_that_cannot_be_read_or_is_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(GameFileError, match=r"absent\.toml: cannot be read: No such file"):
        load_game_files(tmp_path / "absent.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"a = 1\n\xff\xfe")
    with pytest.raises(GameFileError, match=r"binary\.toml:2: is not UTF-8 text"):
        load_game_files(binary)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(GameFileError, match="has 4194305 bytes, at most 4194304"):
        load_game_files(large)


def outcome(text: str) -> GameFiles | GameFileError:
    try:
        return parse_game_texts([("f", text)])
    except GameFileError as error:
        return error


@given(st.text(max_size=200))
def test_no_text_makes_the_loader_fail_in_another_way_than_its_own_error(text: str) -> None:
    assert "\n" not in str(outcome(text))


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-(2**40), 2**40), st.sampled_from(["", "x", "4000", "9.9.9.0/24", "é", "cs2"])
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


def toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@given(
    st.sampled_from(["name", "udp", "server_cidrs", "p2p", "confidence", "region", "steam_appid", "tags", "extra"]),
    VALUES,
)
def test_any_value_under_any_key_is_taken_or_refused_with_a_line_of_its_own_table(key: str, value: object) -> None:
    text = f'[[game]]\nslug = "a"\ncategory = "fps"\n{key} = {toml_value(value)}\n' + (
        "" if key == "name" else 'name = "A"\n'
    )
    loaded = outcome(text)
    if isinstance(loaded, GameFileError):
        assert loaded.line is not None
        assert 1 <= loaded.line <= 5
    else:
        assert loaded.games.keys() == {"a"}


@given(st.ip_addresses(), st.integers(0, 128))
def test_no_prefix_is_taken_that_touches_a_denied_range_or_is_wide(address: object, bits: int) -> None:
    from ipaddress import ip_network

    from plg.protocol.destination import special_range

    text = f"{address}/{bits}"
    try:
        network = parse_network(text, allow_private=False)
    except ValueError:
        return
    assert network == ip_network(text)
    for edge in (network.network_address, network.broadcast_address):
        assert special_range(edge, allow_private=False) is None


def test_port_ranges_are_inclusive_and_ordered() -> None:
    assert parse_port_range("27015") == (27015, 27015)
    assert parse_port_range("1-65535") == (1, 65535)
    with pytest.raises(ValueError, match="ports go from 1"):
        parse_port_range("0-5")


def test_every_fault_of_a_file_is_told_with_its_line() -> None:
    text = """
[[game]]
slug = "pong"
category = "sport"
colour = "red"
udp = ["4000", "70000", "x"]
server_cidrs = ["9.9.9.0/24", "10.0.0.0/8", "9.9.9.9/24"]
prefixes = ["nowhere"]
unset = ["slug"]
p2p = "yes"

[[game]]
name = "without a slug"

[[sport]]
x = 1
"""
    faults = GameFileLoader(allow_private=False).faults_of("mine.toml", text)

    assert [(fault.line, fault.problem.split()[0]) for fault in faults] == [
        (2, "table:"), (4, "category:"), (5, "unknown"), (6, "udp:"), (6, "'70000'"), (7, "'10.0.0.0/8'"), (7, "'9.9.9.9/24'"),
        (8, "prefixes:"), (9, "unset:"), (10, "p2p:"), (12, "a"), (15, "unknown"),
    ]  # fmt: skip
    assert all(fault.source == "mine.toml" and "\n" not in str(fault) for fault in faults)


def test_looking_for_faults_changes_nothing_and_has_an_end() -> None:
    loader = GameFileLoader(allow_private=False)
    loader.add("good.toml", GOOD)

    assert loader.faults_of("good.toml", GOOD.replace("Pong", "Gnop")) == []
    assert loader.result.games["pong"].name == "Pong"
    many = "\n".join(f'[[game]]\nslug = "g{number}"' for number in range(MAX_FAULTS))
    assert len(loader.faults_of("many.toml", many)) == MAX_FAULTS
    assert [fault.problem[:18] for fault in loader.faults_of("x.toml", "[[game")] == ["is not valid TOML:"]


@given(st.text(alphabet='[]{}game="slug\\n.udp# 1,', max_size=200))
def test_no_text_makes_the_search_for_faults_fail(text: str) -> None:
    faults = GameFileLoader(allow_private=False).faults_of("any.toml", text)
    assert all(fault.problem for fault in faults)


def test_unset_takes_a_field_of_an_earlier_file_away() -> None:
    games = parse_game_texts(
        [("a", GOOD + 'notes = "old"\n'), ("b", '[[game]]\nslug = "pong"\nunset = ["notes"]\n')]
    ).games

    assert games["pong"].notes is None
    assert games["pong"].udp == ["4000"]
