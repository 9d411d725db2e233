"""What the commands of `plg admin` share."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plg.cli.admin.asking import be_sure, moment, say_page
from plg.cli.cli_error import CliError
from plg.cli.invocation import Invocation
from support.inside import invocation_at

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(days=1)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T18:00:00Z", datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("2026-01-31T18:00+03:00", datetime(2026, 1, 31, 15, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_a_moment_or_so_long_ago(text: str, meant: datetime) -> None:
    assert moment(text, option="--since", now=NOW) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7w", "-1d", "123456d", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_anything_else_is_a_usage_error_that_names_the_option(text: str) -> None:
    with pytest.raises(CliError) as caught:
        moment(text, option="--since")
    assert caught.value.exit_code == 2
    assert "--since" in str(caught.value.next_step)


def answering(run: Invocation, monkeypatch: pytest.MonkeyPatch, answer: str) -> Invocation:
    """An invocation whose person says this."""
    monkeypatch.setattr(type(run.talk), "ask", lambda _talk, _question, *, instead: answer + instead[:0])
    return run


def test_only_a_yes_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = answering(invocation_at(tmp_path), monkeypatch, "y")
    be_sure(run, "Ban?", yes=False)
    for answer in ("", "n", "no", "maybe"):
        with pytest.raises(CliError) as caught:
            be_sure(answering(run, monkeypatch, answer), "Ban?", yes=False)
        assert (caught.value.code, caught.value.exit_code) == ("not_confirmed", 1)
    be_sure(run, "Ban?", yes=True)


def test_without_a_terminal_and_without_yes_it_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        be_sure(invocation_at(tmp_path), "Ban?", yes=False)
    assert caught.value.exit_code == 2


def test_a_page_says_which_part_it_is_and_how_to_see_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = invocation_at(tmp_path)
    say_page(run, 2, 2, 0)
    assert capsys.readouterr().err == ""
    say_page(run, 50, 120, 50)
    assert capsys.readouterr().err == "51 to 100 of 120\nMore: --offset 100\n"
    say_page(run, 20, 120, 100)
    assert "More" not in capsys.readouterr().err
