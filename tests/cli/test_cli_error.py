"""What a foreseen failure carries."""

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode


def test_a_foreseen_failure_keeps_what_was_said() -> None:
    error = CliError("no", code="usage", exit_code=ExitCode.USAGE, next_step="do", nearest=("a",), request_id="r")
    assert str(error) == error.message == "no"
    assert (error.code, error.exit_code, error.next_step, error.nearest, error.request_id) == (
        "usage",
        ExitCode.USAGE,
        "do",
        ("a",),
        "r",
    )
