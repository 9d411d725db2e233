"""Remarks, warnings and questions; never on standard output."""

import io
import json
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.talk import Talk

PEOPLE = Talk(as_json=False, no_input=False)
PROGRAMS = Talk(as_json=True, no_input=False)

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)


def at_a_terminal(work: Callable[[], str], typed: str) -> tuple[int, str]:
    """Runs `work` in a child at a terminal of its own, types, and gives exit code and everything that the screen showed."""
    child, screen = pty.fork()
    if child == 0:  # pragma: no cover - measured in no process of ours
        code = 1
        try:
            sys.stdin, sys.stderr = open(0, closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            code = 0 if work() == typed.strip() else 3
        finally:
            os._exit(code)
    shown = b""
    os.write(screen, typed.encode())
    while True:
        try:
            piece = os.read(screen, 1000)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(screen)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_remarks_are_for_people_only(capsys: pytest.CaptureFixture[str]) -> None:
    PEOPLE.say("3 games\x1b[2J")
    PROGRAMS.say("3 games")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "3 games\\x1b[2J\n")


def test_warnings_reach_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    PEOPLE.warn("not encrypted", event="plain_http")
    assert capsys.readouterr().err == "warning: not encrypted\n"
    PROGRAMS.warn("not encrypted", event="plain_http")
    event = json.loads(capsys.readouterr().err)
    assert (event["schema"], event["event"], event["detail"]) == (
        "plg.event/1",
        "plain_http",
        {"message": "not encrypted"},
    )
    assert event["at"].endswith("Z")


@pytest.mark.parametrize("talk", [PEOPLE, Talk(as_json=False, no_input=True)])
def test_where_nobody_can_be_asked_the_option_is_named(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("ann@example.org\n"))
    for ask in (talk.ask, talk.ask_secret):
        with pytest.raises(CliError) as caught:
            ask("E-mail? ", instead="--email")
        assert (caught.value.exit_code, caught.value.next_step) == (ExitCode.USAGE, "give --email")


def test_a_question_is_answered_at_the_terminal() -> None:
    code, shown = at_a_terminal(lambda: PEOPLE.ask("E-mail? ", instead="--email"), "ann@example.org\n")
    assert code == 0
    assert "E-mail? " in shown


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_secret_is_not_shown_while_it_is_typed(tmp_path: Path) -> None:
    # Typed only once the question is there: before that the terminal still shows what comes in.
    child, screen = pty.fork()
    if child == 0:  # pragma: no cover - measured in no process of ours
        code = 1
        try:
            sys.stdin, sys.stderr = open(0, closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            code = 0 if PEOPLE.ask_secret("Password? ", instead="--password-stdin") == "geheim" else 3
        finally:
            os._exit(code)
    shown = b""
    while b"Password? " not in shown:
        shown += os.read(screen, 1000)
    os.write(screen, b"geheim\n")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    shown += os.read(screen, 1000)
    os.close(screen)
    assert code == 0
    assert b"geheim" not in shown


def test_a_password_comes_from_the_first_line_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" pass word \r\nrest\n"))
    assert PEOPLE.secret_from_stdin() == " pass word "
    for nothing in ("", "\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(nothing))
        with pytest.raises(CliError, match="no password"):
            PEOPLE.secret_from_stdin()


def test_talk_to_nobody_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    PEOPLE.say("x")
    assert isinstance(sys.stderr, Gone)
