"""Files that only their owner reads, whole or not there."""

import os
from pathlib import Path

import pytest

from plg.api import private_file
from plg.api.errors import TokenFileUnusable
from plg.api.private_file import close_to_others, make_private_directory, read_private, replace_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_file_and_its_directory_are_closed_to_others(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "credentials"
    assert not make_private_directory(directory)
    replace_private(directory / "tokens.json", b"secret")
    assert (mode(directory), mode(directory / "tokens.json")) == (0o700, 0o600)


def test_open_rights_are_taken_away_and_told(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(b"{}")
    path.chmod(0o644)
    tmp_path.chmod(0o755)
    assert close_to_others(path)
    assert make_private_directory(tmp_path)
    assert (mode(path), mode(tmp_path)) == (0o600, 0o700)
    assert not close_to_others(path)


def test_a_failed_write_leaves_the_old_content_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tokens.json"
    replace_private(path, b"old")

    def disk_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", disk_full)
    with pytest.raises(TokenFileUnusable, match="No space left"):
        replace_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_none_and_a_link_is_refused(tmp_path: Path) -> None:
    assert read_private(tmp_path / "tokens.json") is None
    target = tmp_path / "elsewhere"
    target.write_bytes(b"x")
    (tmp_path / "tokens.json").symlink_to(target)
    with pytest.raises(TokenFileUnusable):
        read_private(tmp_path / "tokens.json")


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(b"x" * (private_file.MAX_BYTES + 100))
    content = read_private(path)
    assert content is not None
    assert len(content) == private_file.MAX_BYTES + 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root to own files of another account")
def test_root_leaves_the_file_to_the_owner_of_the_directory(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    replace_private(tmp_path / "tokens.json", b"x")
    assert (tmp_path / "tokens.json").stat().st_uid == 12345
