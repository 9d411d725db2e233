"""The frame of `plg admin`."""

import pytest

from plg.cli.admin.command import COMMANDS
from plg.cli.root import load_command
from support.inside import Inside


def test_the_page_lists_every_subject(plg: Inside) -> None:
    page = plg("admin", "--help").out
    assert all(f"\n  {name}" in page for name in COMMANDS)
    bare = plg("admin")
    assert (bare.code, bare.out) == (2, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_subject_can_be_loaded(name: str) -> None:
    assert load_command(name, COMMANDS[name]).name == name


def test_a_word_that_is_no_subject_is_a_usage_error_with_the_nearest_name(plg: Inside) -> None:
    done = plg("admin", "user", "list")
    assert done.code == 2
    assert "users" in done.err
