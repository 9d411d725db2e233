"""An account as people and programs see it."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.account_view import plan_text, show_account, totals_text
from plg.cli.language import Language, speak
from support.contract_bodies import account
from support.inside import invocation_at


def test_a_person_sees_name_server_plan_totals_and_where_the_login_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_account(invocation_at(tmp_path), account(sessions=2), server="http://x", token_store="file")
    assert capsys.readouterr().out.splitlines() == [
        "Account:  Ann <ann@example.org>",
        "Server:   http://x",
        "Plan:     free, 2 sessions at a time",
        "Played:   2 sessions, 10 minutes, 2.5 MB",
        "Login:    in a file that only you may read",
    ]


def test_a_program_sees_the_whole_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_account(invocation_at(tmp_path, as_json=True), account(), server="http://x", token_store="keyring")
    document = msgspec.json.decode(capsys.readouterr().out)
    assert (document["schema"], document["server"], document["token_store"]) == ("plg.account/1", "http://x", "keyring")
    assert document["account"] == msgspec.to_builtins(account())


def test_a_plan_with_an_end_names_the_day() -> None:
    plan = msgspec.structs.replace(account().plan, expires_at="2026-12-31T10:00:00Z", max_sessions=1)
    assert plan_text(msgspec.structs.replace(account(), plan=plan)) == "free until 2026-12-31, 1 session at a time"


def test_a_new_account_has_played_nothing_yet() -> None:
    assert totals_text(account()) == "nothing yet"
    speak(Language.RU)
    assert totals_text(account(sessions=21)) == "21 сеанс, 10 минут, 2.5 МБ"
