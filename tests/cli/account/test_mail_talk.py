"""What the commands about address and password share."""

from pathlib import Path

import pytest

from plg.cli.account.mail_talk import can_ask, chosen_password
from plg.cli.cli_error import CliError
from plg.cli.talk import Talk
from support.inside import invocation_at


def test_a_typed_password_is_typed_twice_and_long_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["a good password", "a good password", "a good password", "a bad password", "short"])
    monkeypatch.setattr(Talk, "ask_secret", lambda _self, _question, *, instead: next(typed))
    run = invocation_at(tmp_path)
    assert chosen_password(run, from_stdin=False) == "a good password"
    with pytest.raises(CliError, match="differ"):
        chosen_password(run, from_stdin=False)
    with pytest.raises(CliError, match="too short"):
        chosen_password(run, from_stdin=False)


def test_nobody_is_asked_without_a_terminal(tmp_path: Path) -> None:
    assert not can_ask(invocation_at(tmp_path))
