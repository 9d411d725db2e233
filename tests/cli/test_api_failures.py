"""What each failure of the API client means to a person."""

from pathlib import Path

import pytest

from plg.api.errors import (
    ApiError,
    NotSignedIn,
    NotSignedInReason,
    ServerMisbehaved,
    ServerRefused,
    ServerUnreachable,
    TokenFileCorrupt,
    TokenFileUnusable,
    UnreachableReason,
)
from plg.cli.api_failures import explain_api_error
from plg.cli.exit_codes import ExitCode

SERVER = "https://plg.example.org"
FILE = Path("tokens.json")
FAILURES: list[tuple[ApiError, ExitCode, str]] = [
    *((ServerUnreachable(SERVER, reason), ExitCode.UNREACHABLE, SERVER) for reason in UnreachableReason),
    *((NotSignedIn(SERVER, reason), ExitCode.NOT_LOGGED_IN, SERVER) for reason in NotSignedInReason),
    (ServerMisbehaved(SERVER, 502, "a page"), ExitCode.UNREACHABLE, "HTTP 502"),
    (TokenFileCorrupt(FILE, Path("kept")), ExitCode.BAD_CONFIGURATION, "kept as kept"),
    (TokenFileUnusable(FILE, "Permission denied"), ExitCode.BAD_CONFIGURATION, "Permission denied"),
    (ServerRefused(server=SERVER, code="game_not_found", status=404, detail="no game"), ExitCode.NOT_FOUND, "no game"),
]


@pytest.mark.parametrize(("error", "exit_code", "said"), FAILURES, ids=str)
def test_each_failure_has_a_line_a_next_step_and_a_number(error: ApiError, exit_code: ExitCode, said: str) -> None:
    told = explain_api_error(error)
    assert told.exit_code is exit_code
    assert said in told.message
    assert told.next_step


def test_a_failure_without_words_of_its_own_is_told_as_it_is() -> None:
    assert explain_api_error(ApiError("odd")).message == "odd"
