"""Secrets on disk."""

import stat
from pathlib import Path

import pytest

from plg_relay.private_file import read_bounded, write_private


def test_a_file_is_written_for_its_owner_only_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.mkdir()  # a directory cannot be replaced by a file
    with pytest.raises(OSError, match="directory"):
        write_private(path, b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_a_file_longer_than_allowed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(ValueError, match="more than 4"):
        read_bounded(path, 4)
