"""The scripts for shells: real shells complete real lines."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plg.cli.completion_cache import remember
from plg.cli.completion_scripts import MARK, SHELLS, is_ours, own_file, script
from support.command_line import plg_at
from support.requirements import require_binary

START = {
    "bash": ("bash --norc --noprofile", 'eval "$(plg completion bash)"'),
    "zsh": ("zsh -f", "autoload -U compinit; compinit -u -D; zmodload zsh/complist; eval \"$(plg completion zsh)\""),
    "fish": ("fish --no-config", "plg completion fish | source"),
}  # fmt: skip


class Screen:
    """A shell in a real terminal, typed into."""

    def __init__(self, tmux: list[str], environ: dict[str, str]) -> None:
        self._tmux = tmux
        self._environ = environ

    def type(self, text: str, *keys: str) -> None:
        """Types `text`, then presses keys."""
        if text:
            self.run("send-keys", "-l", "--", text)
        if keys:
            self.run("send-keys", *keys)

    def run(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True, timeout=30, env=self._environ)  # fmt: skip
        return done.stdout

    def wait_for(self, text: str) -> str:
        """The screen, once `text` stands on it."""
        deadline = time.monotonic() + 30
        while text not in (shown := self.run("capture-pane", "-p")):
            assert time.monotonic() < deadline, f"no {text!r} on:\n{shown}"
            time.sleep(0.1)
        return shown


@contextmanager
def shell(name: str, home: Path) -> Iterator[Screen]:
    tmux, _shell = str(require_binary("tmux")), require_binary(name)
    programs = home / "bin"
    programs.mkdir()
    (programs / "plg").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m plg "$@"\n')
    (programs / "plg").chmod(0o755)
    remember(home, "games", [("openarena", "OpenArena: a shooter")], is_all=True)
    environ = dict(plg_at(home, "http://127.0.0.1:1").environ) | {"PATH": f"{programs}:{os.environ['PATH']}", "TERM": "screen", "TMUX_TMPDIR": str(home), "PS1": "> ", "SHELL": "/bin/sh"}  # fmt: skip
    start, prepare = START[name]
    argv = [tmux, "-u", "-L", name, "-f", os.devnull]
    screen = Screen(argv, environ)
    screen.run("new-session", "-d", "-x", "250", "-y", "40", start)
    try:
        screen.type(f"{prepare}; echo rea''dy", "Enter")
        screen.wait_for("ready\n")
        yield screen
    finally:
        subprocess.run([*argv, "kill-server"], check=False, capture_output=True, env=environ)


@pytest.mark.parametrize("name", START)
def test_a_real_shell_completes_commands_games_and_values(tmp_path: Path, name: str) -> None:
    with shell(name, tmp_path) as screen:
        screen.type("plg conn", "Tab")
        screen.wait_for("plg connect")
        screen.type("ope", "Tab")
        screen.wait_for("plg connect openarena")
        screen.type("--mode ad", "Tab")
        screen.wait_for("plg connect openarena --mode adaptive")
        screen.type("--mode=re", "Tab")
        screen.wait_for("--mode=redundant")
        screen.type("", "C-u")
        (tmp_path / "recorded.plgrec").write_text("")
        screen.type(f"plg replay {tmp_path}/recor", "Tab")
        screen.wait_for("recorded.plgrec")
        screen.type("", "C-u")
        screen.type("plg con", "Tab")
        time.sleep(0.5)
        screen.type("", "Tab")
        screen.wait_for("config")


@pytest.mark.parametrize("name", SHELLS)
def test_each_script_asks_the_program_and_bears_our_mark(tmp_path: Path, name: str) -> None:
    text = next(script(one) for one in SHELLS if one == name)
    assert f"plg completion --suggest {name}" in text
    file = tmp_path / "x"
    file.write_text(text)
    assert is_ours(file)
    assert MARK in text.split("\n", 2)[0] + text.split("\n", 2)[1]
    file.write_text("complete -F _other plg\n")
    assert not is_ours(file)


def test_a_file_of_our_own_stands_where_the_shell_looks(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert own_file("bash", environ) == tmp_path / ".local/share/bash-completion/completions/plg"
    assert own_file("fish", environ) == tmp_path / ".config/fish/completions/plg.fish"
    assert own_file("fish", {**environ, "XDG_CONFIG_HOME": "/x"}) == Path("/x/fish/completions/plg.fish")
    assert (own_file("zsh", environ), own_file("powershell", environ)) == (None, None)
