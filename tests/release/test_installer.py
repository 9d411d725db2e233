"""A checked installer is started, and not waited for."""

from pathlib import Path

import pytest

from plg.release.errors import CannotWrite
from plg.release.installer import QUIET_WORDS, start_installer
from support.requirements import require_linux


def test_it_runs_quietly_under_the_name_that_windows_starts(tmp_path: Path) -> None:
    require_linux()  # a script stands for the installer
    archive = tmp_path / "0123.part"
    archive.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\n')
    with start_installer(archive) as started:
        assert started.wait(20) == 0
    assert (tmp_path / "0123.exe").is_file()
    assert (tmp_path / "words").read_text().split() == list(QUIET_WORDS)


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite):
        start_installer(tmp_path / "missing.part")
