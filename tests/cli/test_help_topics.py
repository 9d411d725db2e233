"""The texts of `plg help`: what they say is so."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plg.cli.config_keys import SETTINGS, TABLES
from plg.cli.config_reading import check_config
from plg.cli.exit_codes import ExitCode
from plg.cli.help_topics import EXAMPLE_CONFIG, SCRIPTING_LINES, TOPICS, topic_text
from plg.cli.settings import KEYS
from support.command_line import plg_at
from support.source_tree import product_modules, syntax_tree
from support.talking_tunnel import talking_tunnel

LINES = [line for _title, lines in SCRIPTING_LINES for line in lines.splitlines()]
ENDLESS = ("--watch", "plg ping", "plg bench")
"""These go on; they are stopped after a moment."""


def test_every_exit_code_is_in_the_topic() -> None:
    numbers = [int(line.split()[0]) for line in topic_text("exit-codes").splitlines()]
    assert numbers == [code.value for code in ExitCode]


def test_no_command_ends_with_a_number_that_has_no_name() -> None:
    """A literal number could be one that the topic does not list."""
    bare = [
        f"{path}:{node.lineno}"
        for path in product_modules()
        if path.as_posix().startswith("plg/cli/")
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Call) and _gives_number(node)
    ]
    assert bare == []


def test_the_check_for_numbers_sees_each_way_to_give_one() -> None:
    ways = [
        "typer.Exit(3)",
        "sys.exit(1)",
        "SystemExit(2)",
        "CliError('x', exit_code=7)",
        "os._exit(1)",
        "typer.Exit(code=3)",
    ]
    assert all(_gives_number(call) for call in (ast.parse(way, mode="eval").body for way in ways) if isinstance(call, ast.Call))  # fmt: skip
    fine = ast.parse("typer.Exit(ExitCode.BUSY)", mode="eval").body
    assert isinstance(fine, ast.Call)
    assert not _gives_number(fine)


def _gives_number(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = call.args[:1] if name in {"Exit", "exit", "_exit", "SystemExit"} else []
    given += [one.value for one in call.keywords if one.arg == "exit_code" or (given == [] and name == "Exit" and one.arg == "code")]  # fmt: skip
    return any(isinstance(one, ast.Constant) and isinstance(one.value, int) for one in given)


def test_every_setting_is_in_the_topics() -> None:
    for topic in ("environment", "configuration"):
        text = topic_text(topic)
        assert all(key in text and variable in text for key, variable in KEYS.items())
    assert "NO_COLOR" in topic_text("environment")
    words = set(topic_text("environment").replace(",", " ").split())
    assert {"PLG_SERVER_*", "PLG_RELAY_*", "PLG_ENROL_TOKEN", "PLG_RUNTIME_DIR"} <= words
    text = topic_text("configuration")
    assert all(key.flag in text for key in SETTINGS if key.flag)
    assert all(f"[{table.name}]" in text and all(name in text for name in table.entries) for table in TABLES)


def test_the_example_is_a_config_file_and_stands_in_the_topic(tmp_path: Path) -> None:
    found = check_config(tmp_path / "config.toml", EXAMPLE_CONFIG)
    assert {"server", "mode", "launch.cs2", "hooks.on_connect", "hooks.on_disconnect"} == set(found)
    assert all(line.strip() in topic_text("configuration") for line in EXAMPLE_CONFIG.splitlines())


def test_every_topic_fits_a_terminal() -> None:
    assert {topic for topic in TOPICS if max(map(len, topic_text(topic).splitlines())) > 100} == set()


def test_every_line_for_scripts_stands_in_the_topic() -> None:
    assert [line for line in LINES if f"  {line}\n" not in topic_text("scripting")] == []


@pytest.mark.parametrize("line", LINES)
def test_a_line_for_scripts_runs(tmp_path: Path, line: str) -> None:
    """In a real shell, with a tunnel that runs and a server that is out of reach."""
    if line.startswith("set -g "):
        line = line.partition("#(")[2].rpartition(")")[0]  # tmux's own words around ours: tests/cli/test_statusline.py
    (tmp_path / "plg").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m plg "$@"\n')
    (tmp_path / "plg").chmod(0o755)
    environ = dict(plg_at(tmp_path, "http://127.0.0.1:1").environ)
    environ |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PLG_RUNTIME_DIR": str(tmp_path / "run")}
    needs_server = re.search(r"plg (connect|ping|bench)", line) is not None
    limit = ["timeout", "3"] if any(word in line for word in ENDLESS) and not needs_server else []
    with talking_tunnel(tmp_path / "run"):
        done = subprocess.run([*limit, "bash", "-c", line], capture_output=True, text=True, timeout=60, check=False, env=environ, cwd=tmp_path)  # fmt: skip
    assert "usage" not in done.stderr
    if needs_server:
        assert done.returncode in {ExitCode.UNREACHABLE, ExitCode.NOT_LOGGED_IN, ExitCode.BUSY}, done.stderr
    elif limit:
        assert done.returncode == 124
        assert done.stdout or (tmp_path / "plg.txt").read_text()
    elif "-eq 3" in line:
        assert (done.returncode, done.stderr) == (1, "")
    else:
        assert (done.returncode, done.stderr) == (0, "")
