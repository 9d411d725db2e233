"""Profiles kept in the configuration directory."""

import os
from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.profile_files import add_profile, find_profile, list_profiles, profile_file, remove_profile
from plg.cli.profile_lint import LocalProfile, lint_profile


def profile(slug: str = "my-game") -> LocalProfile:
    found, faults = lint_profile(f'[[game]]\nslug = "{slug}"\nname = "My Game"\ncategory = "fps"\nlinux = ["mygame"]\n')
    assert faults == []
    assert found is not None
    return found


def test_a_profile_is_kept_found_listed_and_removed(tmp_path: Path) -> None:
    kept = add_profile(tmp_path, profile())
    assert kept.stat().st_mode & 0o077 == 0
    assert find_profile(tmp_path, "my-game") == profile()
    add_profile(tmp_path, profile("other"))
    assert [found.slug for found in list_profiles(tmp_path)[0]] == ["my-game", "other"]
    assert remove_profile(tmp_path, "my-game")
    assert not remove_profile(tmp_path, "my-game")
    assert find_profile(tmp_path, "my-game") is None


def test_a_damaged_profile_is_named_not_used(tmp_path: Path) -> None:
    kept = add_profile(tmp_path, profile())
    kept.write_text("[[game]")
    os.mkfifo(kept.with_name("pipe.toml"))
    assert list_profiles(tmp_path) == ([], [kept])
    with pytest.raises(CliError, match="breaks the rules"):
        find_profile(tmp_path, "my-game")


def test_a_profile_under_another_name_than_its_own_is_damaged(tmp_path: Path) -> None:
    kept = add_profile(tmp_path, profile())
    kept.rename(kept.with_name("other.toml"))
    assert list_profiles(tmp_path) == ([], [kept.with_name("other.toml")])


@pytest.mark.parametrize("name", ["../config", "", "a/b", "..", "C:x", "\0", "игра"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    assert profile_file(tmp_path, name).parent == tmp_path / "profiles"
    assert find_profile(tmp_path, name) is None
    assert not remove_profile(tmp_path, name)


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "profiles").write_text("a file")
    with pytest.raises(CliError) as caught:
        add_profile(tmp_path, profile())
    assert caught.value.exit_code == 10
