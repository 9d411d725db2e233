"""Names kept for completion."""

import json
from pathlib import Path

import pytest

from plg.cli.completion_cache import FILE_NAME, MAX_NAMES, names, remember


def test_what_was_seen_is_known_and_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    remember(tmp_path, "games", [("openarena", "OpenArena"), ("doom", "Doom")], is_all=True)
    remember(tmp_path, "nodes", [("n1", "Frankfurt")], is_all=True)
    remember(tmp_path, "games", [("cs2", "Counter-Strike 2")], is_all=False)
    assert names(tmp_path, "games") == {"openarena": "OpenArena", "doom": "Doom", "cs2": "Counter-Strike 2"}
    remember(tmp_path, "games", [("cs2", "CS")], is_all=True)
    assert (names(tmp_path, "games"), names(tmp_path, "nodes")) == ({"cs2": "CS"}, {"n1": "Frankfurt"})
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_server_cannot_put_a_command_into_a_shell(tmp_path: Path) -> None:
    evil = [
        ("$(reboot)", "x"),
        ("a b", "x"),
        ("-rf", "x"),
        ("", "x"),
        ("a" * 65, "x"),
        ("ok", "a\x1b[2J\nb" + "c" * 200),
    ]
    remember(tmp_path, "games", evil, is_all=True)
    assert names(tmp_path, "games") == {"ok": "a[2Jb" + "c" * 75}
    (tmp_path / FILE_NAME).write_text(json.dumps({"games": {"$(x)": "x", "ok": 7, "fine": "y"}, "nodes": [1]}))
    assert (names(tmp_path, "games"), names(tmp_path, "nodes")) == ({"fine": "y"}, {})


def test_the_list_does_not_grow_for_ever(tmp_path: Path) -> None:
    remember(tmp_path, "games", ((f"g{number}", "") for number in range(MAX_NAMES + 10)), is_all=True)
    assert len(names(tmp_path, "games")) == MAX_NAMES


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"games": 1}'])
def test_a_damaged_file_is_as_if_it_was_not_there(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert names(tmp_path, "games") == {}
    remember(tmp_path, "games", [("cs2", "CS")], is_all=False)
    assert names(tmp_path, "games") == {"cs2": "CS"}


def test_where_nothing_can_be_kept_nothing_fails(tmp_path: Path) -> None:
    remember(tmp_path / "nowhere", "games", [("cs2", "CS")], is_all=True)
    (tmp_path / FILE_NAME).mkdir()
    remember(tmp_path, "games", [("cs2", "CS")], is_all=True)
    assert names(tmp_path, "games") == {}
