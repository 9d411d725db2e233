"""How this plg came here."""

import re
import sys
from pathlib import Path

import pytest

from plg.release.installation import Form, frozen_installation, platform_name, this_installation


def test_pythons_own_installation_is_recognised() -> None:
    assert this_installation().form is Form.PIP


def test_a_folder_is_told_from_a_single_file_by_where_the_libraries_are(tmp_path: Path) -> None:
    (tmp_path / "plg" / "_internal").mkdir(parents=True)
    program = tmp_path / "plg" / "plg"
    program.touch()
    in_folder = frozen_installation(program, tmp_path / "plg" / "_internal")
    assert (in_folder.form, in_folder.target, in_folder.program) == (Form.FOLDER, tmp_path / "plg", program)
    single = frozen_installation(program, tmp_path / "_MEI123")
    assert (single.form, single.target, single.program) == (Form.SINGLE, program, program)
    assert single.previous == tmp_path / "plg" / "plg.previous"
    assert in_folder.staging == tmp_path / ".plg.update"
    assert (in_folder.program_in(tmp_path / "x"), single.program_in(tmp_path / "x")) == (
        tmp_path / "x" / "plg",
        tmp_path / "x",
    )


def test_a_link_to_the_program_is_followed(tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "plg").touch()
    (tmp_path / "plg").symlink_to(tmp_path / "opt" / "plg")
    assert frozen_installation(tmp_path / "plg", tmp_path / "_MEI1").target == tmp_path / "opt" / "plg"


def test_a_frozen_process_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "plg"))
    assert this_installation().form is Form.SINGLE


def test_the_platform_is_named_as_in_an_index() -> None:
    assert re.fullmatch(r"[a-z0-9]+-[a-z0-9_]+", platform_name())


def test_on_windows_a_folder_is_left_to_its_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.release.installation.sys.platform", "win32")
    assert frozen_installation(tmp_path / "plg.exe", tmp_path / "_internal").form is Form.INSTALLER
