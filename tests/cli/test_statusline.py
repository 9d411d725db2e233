"""`plg statusline`: quick, one line, never a failure because nothing runs."""

import json
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.command_line import plg_at
from support.inside import Inside
from support.requirements import require_binary
from support.talking_tunnel import talking_tunnel

BUDGET_S = 0.12
TYPER_S = 0.05
"""The budget is for a machine of our time that has nothing else to do: one that imports typer within so long. Processor time is
measured, and a slower or busier machine gets as much more."""

ASK = """
import sys
sys.argv = ["plg", "statusline", "--format", sys.argv[1]]
from plg.cli.root import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print(" ".join(sorted(sys.modules)), file=sys.stderr)
"""
HEAVY = {"asyncio", "aiohttp", "textual", "psutil", "cryptography", "keyring", "uvloop", "rich", "tomlkit", "plg.tunnel.connect", "email"}  # fmt: skip


def test_the_line_comes_from_the_running_tunnel(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run"):
        here = {"PLG_RUNTIME_DIR": str(tmp_path / "run")}
        assert plg("statusline", **here).out == "● lab-game 20 ms\n"
        assert plg("statusline", "--format", "tmux", **here).out == "#[fg=green]● lab-game 20 ms#[default]\n"
        assert plg("statusline", "--template", "{relay}: {jitter}", "--format", "obs", **here).out == "Lab One: 1.3\n"
        assert json.loads(plg("statusline", "--format", "waybar", **here).out)["class"] == "good"
        document = plg("statusline", "--json", **here).document()
        assert plg("statusline", "--format", "json", **here).document() == document
    assert (document["level"], document["fields"]["ping"]) == ("good", "20")


def test_without_a_tunnel_it_says_so_and_is_no_failure(plg: Inside, tmp_path: Path) -> None:
    here = {"PLG_RUNTIME_DIR": str(tmp_path)}
    assert (plg("statusline", **here).code, plg("statusline", **here).out) == (0, "○ plg off\n")
    assert plg("statusline", "--when-off", "", **here).out == "\n"
    assert plg("statusline", "--lang", "ru", **here).out == "○ plg выключен\n"
    assert plg("statusline", "--json", **here).document()["level"] == "off"


def test_a_tunnel_that_does_not_answer_holds_nobody_up(plg: Inside, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "control.sock"))
        mute.listen()
        began = time.monotonic()
        assert plg("statusline", PLG_RUNTIME_DIR=str(tmp_path)).out == "○ plg does not answer\n"
    assert time.monotonic() - began < 3


def test_the_line_can_be_kept_in_a_file(plg: Inside, tmp_path: Path) -> None:
    target = tmp_path / "plg.txt"
    done = plg("statusline", "--format", "obs", "--file", str(target), PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.out, target.read_text()) == (0, "", "plg off\n")
    assert list(tmp_path.glob(".plg.txt*")) == []
    done = plg("statusline", "--file", str(tmp_path / "no" / "x"), PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, "cannot write" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "html"], "allowed: plain, tmux, waybar, obs, json"),
        (["--template", "{pin}"], "did you mean ping"),
        (["--template", "{ping.__class__}"], "fields, each in braces: state, symbol"),
        (["--when-off", "a\nb"], "no plain text"),
        (["--interval", "0"], "from 0.1 to 60"),
    ],
)
def test_what_is_wrong_is_said(plg: Inside, words: list[str], said: str) -> None:
    done = plg("statusline", *words)
    assert (done.code, said in done.err) == (2, True), done.err


@pytest.mark.parametrize("form", ["plain", "waybar", "json"])
def test_it_loads_nothing_heavy(tmp_path: Path, form: str) -> None:
    with talking_tunnel(tmp_path / "run"):
        environ = {**plg_at(tmp_path).environ, "PLG_RUNTIME_DIR": str(tmp_path / "run")}
        argv = [sys.executable, "-c", ASK, form]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert (done.returncode, "lab-game" in done.stdout) == (0, True), done.stderr
    assert set(done.stderr.split()) & HEAVY == set()


@pytest.mark.skipif(sys.platform == "win32", reason="no way to ask for a child's processor time")
def test_it_is_there_before_a_bar_is_drawn(tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run"):
        plg = plg_at(tmp_path)
        environ = {**plg.environ, "PLG_RUNTIME_DIR": str(tmp_path / "run")}
        line = [sys.executable, "-m", "plg", "statusline"]
        assert subprocess.run(line, capture_output=True, text=True, check=True, env=environ).stdout.startswith("●")
        pairs = [(cpu_s(line, environ), cpu_s([sys.executable, "-c", "import typer"], environ)) for _ in range(6)]
    spent_s, typer_s = (min(column) for column in zip(*pairs, strict=True))
    assert spent_s < BUDGET_S * max(1.0, typer_s / TYPER_S), pairs


def cpu_s(argv: list[str], environ: dict[str, str]) -> float:
    """Processor time of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, capture_output=True, check=True, env=environ, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_watching_goes_on_over_the_end_of_a_tunnel(tmp_path: Path) -> None:
    plg = plg_at(tmp_path)
    argv = [sys.executable, "-m", "plg", "statusline", "--watch", "--interval", "0.1"]
    environ = {**plg.environ, "PLG_RUNTIME_DIR": str(tmp_path / "run")}
    with talking_tunnel(tmp_path / "run"):
        bar = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environ)
        assert bar.stdout is not None
        assert bar.stdout.readline() == "● lab-game 20 ms\n"
    try:
        assert next(line for line in bar.stdout if "off" in line) == "○ plg off\n"
    finally:
        bar.stdout.close()
        bar.terminate()
        bar.wait()


def test_a_real_tmux_shows_the_line_and_no_style_from_outside(tmp_path: Path) -> None:
    tmux = str(require_binary("tmux"))
    environ = {**plg_at(tmp_path).environ, "TERM": "screen-256color", "PLG_RUNTIME_DIR": str(tmp_path / "run"), "TMUX_TMPDIR": str(tmp_path)}  # fmt: skip

    def run(server: str, *words: str) -> str:
        argv = [tmux, "-u", "-L", server, "-f", os.devnull, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30, env=environ).stdout

    with talking_tunnel(tmp_path / "run"):
        line = f"{sys.executable} -m plg statusline --format tmux --template 'a ##[bold]{{game}} 100%'"
        try:
            run("inner", "new-session", "-d", "-x", "100", "-y", "10", "sleep 60")
            run("inner", "set", "-g", "status-right-length", "80")
            run("inner", "set", "-g", "status-right", f"#({line.replace('##', '#')})")
            run("inner", "set", "-g", "status-interval", "1")
            run("outer", "new-session", "-d", "-x", "100", "-y", "12", f"env -u TMUX {tmux} -u -L inner attach")
            deadline = time.monotonic() + 20
            while "lab-game" not in (screen := run("outer", "capture-pane", "-p")) and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            for server in ("outer", "inner"):
                subprocess.run([tmux, "-L", server, "kill-server"], check=False, env=environ, capture_output=True)
    assert "● a #[bold]lab-game 100%" in screen
