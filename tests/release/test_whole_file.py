"""Whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from plg.release.errors import CannotWrite
from plg.release.whole_file import replace_file, sync_folder, sync_tree, told_as


def test_a_file_is_replaced_with_its_rights_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    replace_file(path, b"one")
    replace_file(path, b"two", mode=0o644)
    assert (path.read_bytes(), path.stat().st_mode & 0o777, list(path.parent.iterdir())) == (b"two", 0o644, [path])


def test_what_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "inside").touch()
    with pytest.raises(CannotWrite):
        replace_file(tmp_path / "file", b"x")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize(("number", "is_full", "is_forbidden"), [(errno.ENOSPC, True, False), (errno.EDQUOT, True, False), (errno.EACCES, False, True), (errno.EROFS, False, True), (errno.EIO, False, False)])  # fmt: skip
def test_reasons_are_told_apart(tmp_path: Path, number: int, is_full: bool, is_forbidden: bool) -> None:
    with pytest.raises(CannotWrite) as refused, told_as(tmp_path):
        raise OSError(number, os.strerror(number))
    assert (refused.value.is_full, refused.value.is_forbidden, refused.value.path) == (
        is_full,
        is_forbidden,
        str(tmp_path),
    )


def test_syncing_a_tree_reaches_every_file(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("x")
    sync_tree(tmp_path)
    sync_folder(tmp_path)
    (tmp_path / "a" / "link").symlink_to("nowhere")
    with pytest.raises(OSError):  # noqa: PT011 - a link is not followed, whatever the system calls that
        sync_tree(tmp_path)
