"""Marked games in their file."""

import threading
from pathlib import Path

import pytest

from plg_tui.favourites import FILE_NAME, MOST_FAVOURITES, FavouritesNotKept, load_favourites, toggle_favourite


def test_a_mark_is_kept_and_taken_away(tmp_path: Path) -> None:
    home = tmp_path / "config"
    assert load_favourites(home) == frozenset()
    assert toggle_favourite(home, "cs2") == {"cs2"}
    assert toggle_favourite(home, "openarena") == load_favourites(home) == {"cs2", "openarena"}
    assert toggle_favourite(home, "cs2") == load_favourites(home) == {"openarena"}


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    toggle_favourite(tmp_path / "config", "cs2")
    assert (tmp_path / "config" / FILE_NAME).stat().st_mode & 0o077 == 0
    assert (tmp_path / "config").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"games": 7}', b'{"games": [""]}', b"[" * 100_000])
def test_a_file_that_is_not_ours_counts_as_none_and_is_replaced_by_the_next_mark(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert load_favourites(tmp_path) == frozenset()
    assert toggle_favourite(tmp_path, "cs2") == {"cs2"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text('{"games": ["x"]}')
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "other")
    assert load_favourites(tmp_path) == frozenset()
    toggle_favourite(tmp_path, "cs2")
    assert (tmp_path / "other").read_text() == '{"games": ["x"]}'


def test_two_dashboards_at_once_lose_no_mark(tmp_path: Path) -> None:
    hands = [threading.Thread(target=toggle_favourite, args=(tmp_path, f"game-{number}")) for number in range(12)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert load_favourites(tmp_path) == {f"game-{number}" for number in range(12)}


def test_what_cannot_be_written_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    in_the_way = tmp_path / "config"
    in_the_way.write_text("a file where the folder should be")
    with pytest.raises(FavouritesNotKept) as refused:
        toggle_favourite(in_the_way, "cs2")
    assert "\n" not in refused.value.why
    assert in_the_way.read_text() == "a file where the folder should be"


def test_the_file_stays_small(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"games": [' + ",".join(f'"g{n}"' for n in range(MOST_FAVOURITES)) + "]}")
    with pytest.raises(FavouritesNotKept):
        toggle_favourite(tmp_path, "one-more")
    assert len(load_favourites(tmp_path)) == MOST_FAVOURITES
