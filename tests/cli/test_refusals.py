"""What each refusal of the server means to a person."""

import pytest

from plg.api.errors import ServerRefused
from plg.cli.exit_codes import ExitCode
from plg.cli.language import Language, speak
from plg.cli.refusals import explain
from plg.contract.problem import ErrorCode


def refusal(code: str, detail: str = "the server's own words", **more: float) -> ServerRefused:
    return ServerRefused(
        server="http://x", code=code, status=400, detail=detail, request_id="r", retry_after_s=more.get("retry")
    )


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_a_sentence_in_both_languages(code: ErrorCode) -> None:
    assert explain(refusal(code)).message == "the server's own words"
    ours = explain(refusal(code, "")).message
    assert ours
    assert "refused" not in ours
    speak(Language.RU)
    russian = explain(refusal(code, "")).message
    assert russian != ours
    assert not russian.isascii()


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        (ErrorCode.BAD_CREDENTIALS, ExitCode.NOT_LOGGED_IN),
        (ErrorCode.TOKEN_REUSED, ExitCode.NOT_LOGGED_IN),
        (ErrorCode.SUBSCRIPTION_NEEDED, ExitCode.SUBSCRIPTION_NEEDED),
        (ErrorCode.GAME_NOT_FOUND, ExitCode.NOT_FOUND),
        (ErrorCode.NODE_NOT_FOUND, ExitCode.NOT_FOUND),
        (ErrorCode.NO_RELAY_FREE, ExitCode.UNREACHABLE),
        (ErrorCode.NODE_FULL, ExitCode.UNREACHABLE),
        (ErrorCode.NODE_DRAINING, ExitCode.UNREACHABLE),
        (ErrorCode.NODE_OFFLINE, ExitCode.UNREACHABLE),
        (ErrorCode.NODE_DISABLED, ExitCode.NOT_FOUND),
        (ErrorCode.MODE_NOT_ALLOWED, ExitCode.USAGE),
        (ErrorCode.DATABASE_UNAVAILABLE, ExitCode.UNREACHABLE),
        (ErrorCode.TOO_MANY_SESSIONS, ExitCode.BUSY),
        (ErrorCode.INVALID_BODY, ExitCode.USAGE),
        (ErrorCode.EMAIL_TAKEN, ExitCode.FAILURE),
        ("something_new", ExitCode.FAILURE),
    ],
)
def test_scripts_can_tell_refusals_apart(code: str, exit_code: ExitCode) -> None:
    told = explain(refusal(code))
    assert (told.exit_code, told.code, told.request_id) == (exit_code, code, "r")


def test_a_detail_that_names_the_fault_is_kept_in_russian() -> None:
    speak(Language.RU)
    assert explain(refusal(ErrorCode.INVALID_BODY, "`$.email` too short")).message.endswith("(`$.email` too short)")
    assert "own words" not in explain(refusal(ErrorCode.BAD_CREDENTIALS)).message


def test_too_many_tries_say_how_long_to_wait() -> None:
    assert explain(refusal(ErrorCode.RATE_LIMITED, retry=0.2)).next_step == "try again in 1 second"
    assert explain(refusal(ErrorCode.RATE_LIMITED, retry=42.0)).next_step == "try again in 42 seconds"
    assert explain(refusal(ErrorCode.RATE_LIMITED)).next_step is None


def test_a_code_that_is_new_to_us_is_told_in_the_server_s_words() -> None:
    assert explain(refusal("something_new")).message == "the server refused: the server's own words"
    assert explain(refusal("something_new", "")).message == "the server refused: something_new"


def test_the_nearest_names_are_not_said_twice() -> None:
    told = explain(
        ServerRefused(
            server="http://x",
            code=ErrorCode.GAME_NOT_FOUND,
            status=404,
            detail="no game is called 'openarna'; did you mean openarena?",
            nearest=("openarena",),
        )
    )
    assert (told.message, told.nearest) == ("no game is called 'openarna'", ("openarena",))
