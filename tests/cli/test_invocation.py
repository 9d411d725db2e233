"""The tools of a command's body."""

from pathlib import Path

import pytest

from plg.cli.invocation import invocation
from support.inside import invocation_at


def test_plain_http_to_another_machine_is_warned_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = invocation_at(tmp_path)
    for quiet in (None, "http://127.0.0.1:1", "http://localhost:8080", "http://[::1]", "https://plg.example.org"):
        run.server(quiet)
    assert capsys.readouterr().err == ""
    run.server("http://192.0.2.1:8080")
    assert "http://192.0.2.1:8080 is not encrypted" in capsys.readouterr().err


def test_a_command_outside_plg_is_a_fault_of_ours() -> None:
    import typer.main

    app = typer.Typer()
    app.command()(lambda: None)
    command = typer.main.get_command(app)
    context = command.make_context("x", [])
    with pytest.raises(TypeError, match=r"plg\.cli\.root"):
        invocation(context)
