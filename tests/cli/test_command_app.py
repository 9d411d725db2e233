"""Commands and groups, and their help pages."""

from typing import Annotated

import pytest
import typer
import typer.main

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import GlobalFlags, Invocation


def example() -> typer.Typer:
    app = command_app(help="Look after things.")

    @add_command(app, help="Count things.\nSlowly, one after the other.", examples="thing count 3")
    def count(
        how_many: Annotated[int, typer.Argument(metavar="N", help="How many.")],
        step: Annotated[int, typer.Option("--step", help="How far apart.")] = 2,
        hidden: Annotated[bool, typer.Option("--secret", hidden=True)] = False,
        a_very_long_option_name_indeed: Annotated[
            bool, typer.Option("--a-very-long-option-name-indeed", help="Long.")
        ] = False,
    ) -> None: ...

    return app


HERE = Invocation(GlobalFlags(), {})


def page(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    typer.main.get_command(example()).main([*arguments, "--help"], prog_name="thing", standalone_mode=False, obj=HERE)
    return capsys.readouterr().out


def test_a_command_s_page_has_everything_in_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = page("count", capsys=capsys)
    assert text.startswith("Usage: thing count [OPTIONS] {N}\n\n  Count things.\n  Slowly, one after the other.\n")
    order = [
        text.index(part)
        for part in ("Arguments:", "Options:", "Options of every command:", "Examples:\n  thing count 3")
    ]
    assert order == sorted(order)
    assert "How many. [required]" in text
    assert "How far apart. [default: 2]" in text
    assert "--secret" not in text
    assert "--a-very-long-option-name-indeed\n" in text
    assert "--json" in text


def test_a_group_s_page_lists_its_commands_by_their_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = page(capsys=capsys)
    assert "  count  Count things.\n" in text
    assert "Slowly" not in text


def test_lines_fit_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert max(len(line) for line in page("count", capsys=capsys).splitlines()) <= 60


def test_an_unknown_command_of_a_group_offers_the_nearest() -> None:
    with pytest.raises(CliError) as caught:
        typer.main.get_command(example()).main(["cuont"], prog_name="thing", standalone_mode=False)
    assert caught.value.nearest == ("count",)
    assert caught.value.next_step == "see: thing --help"
