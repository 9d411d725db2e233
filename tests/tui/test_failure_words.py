"""What is said when the server could not be asked."""

from plg.api.errors import ServerUnreachable, UnreachableReason
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg_tui.failure_words import failure_words, safe_lines


def test_a_failure_has_its_next_step_on_a_line_of_its_own_and_can_be_asked_again() -> None:
    error = CliError("no\x1b[2J", code="x", exit_code=ExitCode.USAGE, next_step="do this")
    assert failure_words(error) == ("no\\x1b[2J\ndo this", "again", "Ask again")


def test_a_server_out_of_reach_is_explained_as_the_commands_do() -> None:
    said, step, _label = failure_words(ServerUnreachable(server="http://s.test", reason=UnreachableReason.REFUSED))
    assert "http://s.test" in said
    assert step == "again"


def test_lines_stay_lines() -> None:
    assert safe_lines("a\nb\x07") == "a\nb\\x07"
