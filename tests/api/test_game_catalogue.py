"""The kept list of games: whole, bounded, and nothing that can break what reads it."""

from pathlib import Path

import pytest

from plg.api.game_catalogue import (
    FRESH_S,
    MAX_GAMES,
    GameCatalogue,
    KnownGame,
    catalogue_file,
    keep_catalogue,
    make_catalogue,
    read_catalogue,
)

SERVER = "https://plg.example.org"
CS2 = KnownGame(slug="cs2", name="Counter-Strike 2", executables=["cs2.exe", "cs2"], steam_app=730)


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    kept = make_catalogue(SERVER, [CS2], lambda: 100.0)
    keep_catalogue(tmp_path, kept)
    assert read_catalogue(tmp_path, SERVER) == kept
    assert read_catalogue(tmp_path, "https://other.example.org") is None
    assert catalogue_file(tmp_path, SERVER).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"server":"https://plg.example.org","fetched_at_s":1,"games":[{"slug":"NOT A SLUG","name":"x","executables":[]}]}',
        b'{"server":"https://other.example.org","fetched_at_s":1,"games":[]}',
        b'{"server":"https://plg.example.org","fetched_at_s":1,"games":[' + b" " * 1_000_001 + b"]}",
    ],
)
def test_a_file_that_is_damaged_or_strange_counts_as_none(tmp_path: Path, content: bytes) -> None:
    file = catalogue_file(tmp_path, SERVER)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert read_catalogue(tmp_path, SERVER) is None


def test_a_catalogue_is_fresh_for_a_day_also_when_the_clock_jumps() -> None:
    catalogue = GameCatalogue(server=SERVER, fetched_at_s=1000.0, games=[])
    assert catalogue.is_fresh(1000.0 + FRESH_S - 1)
    assert not catalogue.is_fresh(1000.0 + FRESH_S)
    assert not catalogue.is_fresh(999.0)


def test_an_endless_list_is_cut() -> None:
    assert len(make_catalogue(SERVER, [CS2] * (MAX_GAMES + 1)).games) == MAX_GAMES
