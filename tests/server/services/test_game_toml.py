"""Tables of game files as text: what is written is read again as the same."""

import tomllib

from plg_server.services.game_entries import GameEntry, Table
from plg_server.services.game_files import GameFileLoader, base_loader
from plg_server.services.game_toml import difference, plain_table, table_text


def test_every_table_of_the_seed_is_read_again_as_it_was() -> None:
    files = base_loader().result
    groups: dict[str, dict[str, Table]] = {
        "source": {**files.sources},
        "prefixes": {**files.prefixes},
        "cloud": {**files.clouds},
        "region_set": {**files.region_sets},
        "game": {**files.games},
    }
    text = "\n".join(table_text(kind, plain_table(entry)) for kind, group in groups.items() for entry in group.values())

    again = GameFileLoader(allow_private=False)
    again.add("again", text)

    assert again.result == files


def test_defaults_are_left_out_and_long_lists_stand_one_a_line() -> None:
    entry = GameEntry(slug="pong", name="Pong", category="fps", p2p=False, udp=["1-2"], aliases=["x" * 60, "y" * 60])

    assert table_text("game", plain_table(entry)).splitlines() == [
        "[[game]]", 'slug = "pong"', 'name = "Pong"', 'category = "fps"', "aliases = [", f'  "{"x" * 60}",',
        f'  "{"y" * 60}",', "]", 'udp = ["1-2"]',
    ]  # fmt: skip


def test_texts_and_keys_that_need_it_are_quoted() -> None:
    table = {"a key": 'quote " backslash \\ line\nend \x7f \x01 Ж', "n": 1.5, "t": True, "d": {"x y": ["1", 2]}}

    assert tomllib.loads(table_text("game", table)) == {"game": [table]}


def test_a_difference_shows_the_lines_that_change() -> None:
    assert difference("a\nb\n", "a\nc\n", "game x").splitlines() == [
        "--- game x (now)", "+++ game x (then)", "@@ -1,2 +1,2 @@", " a", "-b", "+c",
    ]  # fmt: skip
    assert difference("a\n", "a\n", "game x") == ""
