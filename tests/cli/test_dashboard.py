"""`plg dashboard`, and `plg` alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from plg.cli.dashboard import is_installed, is_possible
from support.inside import Inside, invocation_at


def test_without_a_terminal_it_says_what_to_use_instead(plg: Inside) -> None:
    done = plg("dashboard")
    assert (done.code, done.out) == (2, "")
    assert "the dashboard needs a terminal" in done.err
    assert "plg status --json" in done.err


def test_plg_alone_in_a_pipe_is_the_help_page(plg: Inside) -> None:
    done = plg()
    assert done.code == 0
    assert "Usage: plg" in done.out
    assert "dashboard" in done.out


def test_json_and_no_input_never_open_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    assert not is_possible(invocation_at(tmp_path, as_json=True))


def test_looking_whether_it_is_installed_loads_nothing() -> None:
    assert is_installed()
    code = "import sys; from plg.cli.dashboard import is_installed; is_installed(); print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_plain_lines_are_for_people_and_json_has_its_own_command(plg: Inside) -> None:
    done = plg("dashboard", "--plain", "--json")
    assert done.code == 2
    assert "plg status --watch --json" in done.err
    assert plg("dashboard", "--plain", "--interval", "0").code == 2
