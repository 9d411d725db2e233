"""What is asked for to guard an account."""

import io
import sys
from pathlib import Path

import pytest

from plg.cli.account.proof import asked_code, can_ask, code_given, login_code, password_given
from plg.cli.cli_error import CliError
from support.inside import invocation_at


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_password_and_code_may_both_come_on_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = invocation_at(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("the password\n 123456 \n"))
    assert password_given(run, from_stdin=True) == "the password"
    assert code_given(run, None, from_stdin=True) == "123456"
    assert code_given(run, " 654321", from_stdin=False) == "654321"
    assert code_given(run, None, from_stdin=False) is None


def test_nobody_is_asked_where_nobody_sits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = invocation_at(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("123456\n"))
    assert not can_ask(run)
    with pytest.raises(CliError) as refused:
        asked_code(run)
    assert refused.value.next_step == "give --totp"


def test_a_person_is_told_what_was_wrong_and_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = invocation_at(tmp_path)
    monkeypatch.setattr(sys, "stdin", Terminal("123456\n654321\n"))
    assert can_ask(run)
    assert login_code(run, "") == "123456"
    assert login_code(run, "That was wrong.") == "654321"
    assert capsys.readouterr().err.count("That was wrong.") == 1
