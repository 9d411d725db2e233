"""The command as a whole: its table, its frame, its start."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plg.cli import root
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import GlobalFlags
from plg.cli.language import Language
from plg.cli.root import COMMANDS, LazyCommand, choose_language, load_command, missing_extra, split_global_flags
from support.command_line import plg_at
from support.inside import Inside, invocation_at
from support.local_server import Script, serving

HEAVY = {
    "aiohttp",
    "textual",
    "tortoise",
    "scapy",
    "pydivert",
    "rich",
    "msgspec",
    "keyring",
    "asyncio",
    "cryptography",
    "uvloop",
}

LOADED = """
import sys
from plg.cli.root import run
code = run(sys.argv[1:], {"LANG": "C"})
assert code == 0, code
print(" ".join(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "line", [["--help"], ["--lang", "ru", "--help"], ["--version"], ["version"], ["help", "exit-codes"], ["games", "--help"], ["login", "--help"]]
)  # fmt: skip
def test_what_needs_no_server_loads_nothing_heavy(line: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *line], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
    assert "plg.contract.cli_output" not in loaded


def test_the_help_page_lists_every_command_and_imports_none(plg: Inside) -> None:
    done = plg("--help")
    assert done.code == 0
    assert all(f"\n  {name} " in done.out for name in COMMANDS)
    assert plg().out == done.out


def test_a_help_page_is_a_document_with_json(plg: Inside) -> None:
    for line, name in ((["--json"], "plg"), (["games", "--help", "--json"], "plg games")):
        done = plg(*line)
        document = json.loads(done.out)
        assert (done.code, document["schema"], document["topics"][0]["topic"]) == (0, "plg.help/1", name)
        assert document["topics"][0]["text"].startswith("Usage: plg")


def test_a_help_page_whose_reader_has_gone_is_no_failure() -> None:
    line = 'set -o pipefail; "$0" -m plg --help | true'
    assert subprocess.run(["bash", "-c", line, sys.executable], timeout=60).returncode == 0


def test_a_command_whose_libraries_are_missing_names_the_extra(plg: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "server", LazyCommand("no_such_library.server", "x", extra="server"))
    done = plg("server", "run")
    assert done.code == 1
    assert "needs the 'server' part" in done.err
    assert "pip install '.[server]'" in done.err
    assert "pip install plg" not in done.err
    assert plg("server", "run", "--json").error()["code"] == "extra_missing"


def test_a_fault_of_ours_is_not_taken_for_a_missing_library() -> None:
    ours = ModuleNotFoundError("x", name="plg_server.nowhere")
    assert missing_extra(ours, ["server"]) is None
    assert missing_extra(ModuleNotFoundError("x", name="tortoise"), ["games"]) is None
    assert missing_extra(ValueError("x"), ["server"]) is None
    assert missing_extra(ModuleNotFoundError("x", name="tortoise"), ["server", "run"]) is not None


def test_the_frozen_program_says_what_is_elsewhere_and_hides_no_fault_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for library in ("plg_server", "tortoise"):
        told = missing_extra(ModuleNotFoundError("x", name=library), ["server", "run"])
        assert told is not None
        assert ("made for players" in told.message, "pip install" in (told.next_step or "")) == (True, False)
    assert missing_extra(ModuleNotFoundError("x", name="textual.widgets._new"), ["dashboard"]) is None
    assert missing_extra(ModuleNotFoundError("x", name="tortoise"), ["games"]) is None


@pytest.mark.parametrize("name", [name for name, entry in COMMANDS.items() if Path(root.__file__).with_name(f"{entry.module.rpartition('.')[2]}.py").exists()])  # fmt: skip
def test_each_command_of_the_table_can_be_loaded(name: str) -> None:
    assert load_command(name, COMMANDS[name]).name == name


@pytest.mark.parametrize(
    ("line", "flags", "rest"),
    [
        (["games", "--json"], GlobalFlags(as_json=True), ["games"]),
        (["--json", "games", "--debug"], GlobalFlags(as_json=True, debug=True), ["games"]),
        (["--lang", "ru", "games"], GlobalFlags(lang="ru"), ["games"]),
        (["games", "--lang=ru", "--no-input"], GlobalFlags(no_input=True, lang="ru"), ["games"]),
        (["games", "--", "--json"], GlobalFlags(), ["games", "--", "--json"]),
        (["games", "--lang"], GlobalFlags(lang=""), ["games"]),
    ],
)
def test_global_options_stand_anywhere(line: list[str], flags: GlobalFlags, rest: list[str]) -> None:
    assert split_global_flags(line) == (flags, rest)


def test_a_language_that_plg_does_not_speak(plg: Inside) -> None:
    assert plg("version", "--lang", "fr").code == ExitCode.USAGE
    assert plg("version", "--lang").code == ExitCode.USAGE
    assert plg("version", PLG_LANG="fr").code == ExitCode.BAD_CONFIGURATION


def test_the_language_follows_flag_variable_file_and_locale(tmp_path: Path, plg: Inside) -> None:
    assert "Использование" in plg("--help", LANG="ru_RU.UTF-8").out
    assert "Usage" in plg("--help", LANG="ru_RU.UTF-8", PLG_LANG="en").out
    plg.home.mkdir()
    (plg.home / "config.toml").write_text('lang = "ru"\n')
    assert "Использование" in plg("--help").out
    assert "Usage" in plg("--help", "--lang", "en").out


def test_help_works_with_a_damaged_configuration(tmp_path: Path, plg: Inside) -> None:
    plg.home.mkdir()
    (plg.home / "config.toml").write_text("lang = \n")
    assert plg("--help").code == 0
    done = plg("games")
    assert done.code == ExitCode.BAD_CONFIGURATION
    assert "config.toml, line 1" in done.err
    assert choose_language(invocation_at(plg.home)) is Language.EN
    with pytest.raises(CliError):
        choose_language(invocation_at(plg.home, PLG_LANG="xx"))


def test_plg_debug_shows_a_traceback(plg: Inside) -> None:
    assert "Traceback" in plg("nowhere", PLG_DEBUG="1").err
    assert "Traceback" not in plg("nowhere").err


def test_it_runs_as_a_module_with_its_exit_code(tmp_path: Path) -> None:
    plg = plg_at(tmp_path)
    assert plg("--version").code == 0
    assert plg("nowhere").code == 2


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "plg", "help", "output"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=plg_at(tmp_path).environ,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.skipif(os.name == "nt", reason="needs Unix signals")
def test_ctrl_c_ends_a_waiting_command_with_its_number(tmp_path: Path) -> None:
    script = Script({})
    with serving(script.slow_app()) as url:
        process = subprocess.Popen(
            [sys.executable, "-m", "plg", "games"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=plg_at(tmp_path, url).environ,
        )
        deadline = time.monotonic() + 30
        while not script.seen and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"\n")
