"""The frame of `plg account`: its table and what it does without a command."""

from plg.cli.account.command import COMMANDS
from plg.cli.root import load_command
from support.inside import Inside


def test_the_help_page_lists_every_command(plg: Inside) -> None:
    done = plg("account", "--help")
    assert done.code == 0
    assert all(f"\n  {name} " in done.out for name in COMMANDS)


def test_every_command_of_the_table_loads_and_says_the_same_of_itself() -> None:
    for name, entry in COMMANDS.items():
        help_text = load_command(name, entry).help or ""
        assert help_text.partition("\n")[0] == entry.summary, name


def test_a_word_that_is_no_command_is_answered_with_the_nearest(plg: Inside) -> None:
    done = plg("account", "shwo", "--json")
    assert (done.code, done.error()["nearest"]) == (2, ["show"])


def test_without_a_command_it_shows_the_account_and_that_needs_a_login(plg: Inside) -> None:
    done = plg("account", PLG_SERVER="http://127.0.0.1:9")
    assert (done.code, "plg login" in done.err) == (4, True)
