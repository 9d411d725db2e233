"""Exceptions meet the terminal: one clear line, a next step, an exit code; JSON for programs; no traceback."""

import json

import pytest
import typer

from plg.cli.cli_error import CliError
from plg.cli.error_report import explain, extra_missing, report
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import GlobalFlags, Invocation
from support.inside import Inside

QUIET = GlobalFlags()
NOT_FOUND = CliError(
    "unknown game 'openarna\x1b[2J'",
    code="game_not_found",
    exit_code=ExitCode.NOT_FOUND,
    next_step="see: plg games",
    nearest=("openarena", "openra"),
    request_id="r-1",
)


def told(error: BaseException, capsys: pytest.CaptureFixture[str], flags: GlobalFlags = QUIET) -> tuple[ExitCode, str]:
    code = report(error, Invocation(flags, {}))
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


def test_a_person_gets_the_line_the_nearest_names_and_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(NOT_FOUND, capsys) == (
        ExitCode.NOT_FOUND,
        "plg: unknown game 'openarna\\x1b[2J': did you mean openarena or openra?\n  -> see: plg games\n  request id: r-1\n",
    )


def test_a_program_gets_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(NOT_FOUND, capsys, GlobalFlags(as_json=True))
    document = json.loads(text)
    assert document["schema"] == "plg.error/1"
    assert document["error"] == {
        "code": "game_not_found",
        "message": "unknown game 'openarna\x1b[2J'",
        "exit_code": int(code),
        "next_step": "see: plg games",
        "nearest": ["openarena", "openra"],
        "request_id": "r-1",
        "detail": {},
    }


def test_a_fault_of_ours_has_no_traceback_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = told(ZeroDivisionError("division by zero"), capsys)
    assert code is ExitCode.FAILURE
    assert text.splitlines()[0] == "plg: internal error: ZeroDivisionError: division by zero"
    assert "--debug" in text
    assert "Traceback" not in text
    _code, text = told(ZeroDivisionError("division by zero"), capsys, GlobalFlags(debug=True))
    assert text.splitlines()[0] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_ctrl_c_is_quiet_and_has_its_number(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(error, capsys) == (ExitCode.INTERRUPTED, "\n")
    assert explain(error).code == "interrupted"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["games", "--nope"], "no such option: --nope"),
        (["games", "--detail"], "no such option: --detail: did you mean --details?"),
        (["nodes", "extra"], "too many arguments: extra"),
        (["games", "--category"], "option --category needs a value"),
        (["games", "--details=1"], "option --details takes no value"),
        (["gamse"], "'gamse' is no command of plg: did you mean games?"),
    ],
)
def test_a_wrong_command_line_is_explained(plg: Inside, line: list[str], said: str) -> None:
    done = plg(*line)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == f"plg: {said}"
    assert "--help" in done.err
    assert plg(*line, "--json").error()["code"] == "usage"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("'abc' is not a valid integer.", "count: 'abc' is no whole number"),
        ("'abc' is not a valid float.", "count: 'abc' is no number"),
        ("7 is not in the range 1<=x<=5.", "count: 7 is not allowed: it goes from 1 to 5"),
    ],
)
def test_wrong_values_are_explained(message: str, said: str) -> None:
    assert explain(typer.BadParameter(message, param_hint="'count'")).message == said


def test_a_wording_that_is_new_to_us_is_shown_as_it_is() -> None:
    assert explain(typer.TyperException("Something else.")).message == "Something else."


def test_a_missing_part_of_the_installation_names_the_command_that_adds_it() -> None:
    error = extra_missing("relay", "relay", "structlog")
    assert error.next_step == "in the checkout run: pip install '.[relay]'"
    assert "structlog" in error.message
