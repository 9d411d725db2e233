"""Games among the real processes of this machine."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from plg.machine.game_processes import GameLook, running_games
from support.requirements import require_linux
from support.stand_in_game import environ_with, renamed, running, sleeper

UNIQUE = f"plgt{os.getpid()}"
"""No other process of a parallel test has it."""


@pytest.fixture(autouse=True)
def _on_linux() -> None:
    require_linux()


def test_a_game_is_found_by_its_program_and_gone_when_it_has_ended(tmp_path: Path) -> None:
    look = GameLook({"game": [f"{UNIQUE}a.exe"], "other": ["no-such-program"]})
    assert look.running() == {}
    with running([str(sleeper(tmp_path / f"{UNIQUE}a")), "600"]) as process:
        assert look.running() == {"game": [process.pid]}
        assert running_games({"game": [f"{UNIQUE}A"]}) == {"game": [process.pid]}
        began_s = look.started_at_s(process.pid)
        assert began_s is not None
        assert abs(began_s - time.time()) < 60
    assert look.running() == {}
    assert look.started_at_s(process.pid) is None


def test_a_long_name_is_found_though_the_system_cuts_it(tmp_path: Path) -> None:
    name = f"{UNIQUE}-a-very-long-name.x86_64"
    with running([str(sleeper(tmp_path / name)), "600"]) as process:
        assert running_games({"game": [name]}) == {"game": [process.pid]}
        assert running_games({"game": [f"{UNIQUE}-a-very-other"]}) == {}


def test_a_windows_game_is_found_by_its_path_whatever_it_calls_itself() -> None:
    path = f"Z:\\games\\My Game\\{UNIQUE}w.exe"
    with renamed("GameThread", path) as process:
        assert running_games({"game": [f"{UNIQUE}w.exe"]}) == {"game": [process.pid]}


def test_a_game_that_runs_under_the_loader_of_wine_is_found() -> None:
    look = GameLook({"game": [f"{UNIQUE}x.exe"]})
    with renamed("wine64-preloader", "/usr/lib/wine/wine64-preloader"):
        assert look.running() == {}
    with renamed("wine64-preloader", "/usr/lib/wine/wine64-preloader", f"Z:\\g\\{UNIQUE}x.exe") as process:
        assert look.running() == {"game": [process.pid]}


def test_a_game_whose_script_becomes_the_program_stays_found(tmp_path: Path) -> None:
    program = sleeper(tmp_path / "bin" / f"{UNIQUE}b")
    script = tmp_path / f"{UNIQUE}b.sh"
    script.write_text(f"#!/bin/sh\nread line\nexec {program} 600\n")
    script.chmod(0o755)
    look = GameLook({"game": [program.name, script.name]})
    process = subprocess.Popen([script], stdin=subprocess.PIPE)
    try:
        assert look.running() == {"game": [process.pid]}
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
        deadline = time.monotonic() + 10
        while Path(f"/proc/{process.pid}/comm").read_text().strip() != program.name[:15]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert look.running() == {"game": [process.pid]}
    finally:
        process.kill()
        process.wait()


def test_a_program_that_becomes_a_game_is_found_though_its_number_was_seen_before(tmp_path: Path) -> None:
    program = sleeper(tmp_path / f"{UNIQUE}c")
    look = GameLook({"game": [program.name]})
    process = subprocess.Popen(["/bin/sh", "-c", f"read line; exec {program} 600"], stdin=subprocess.PIPE)
    try:
        assert look.running() == {}
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
        deadline = time.monotonic() + 10
        while look.running() != {"game": [process.pid]}:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()


def test_a_game_that_ended_but_was_not_asked_for_its_exit_code_does_not_run(tmp_path: Path) -> None:
    program = sleeper(tmp_path / f"{UNIQUE}z")
    process = subprocess.Popen([program, "0"])
    try:
        deadline = time.monotonic() + 10
        while " Z " not in Path(f"/proc/{process.pid}/stat").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert running_games({"game": [program.name]}) == {}
    finally:
        process.wait()


def test_two_games_of_one_name_are_told_apart_by_what_steam_says_and_by_their_folders(tmp_path: Path) -> None:
    program = sleeper(tmp_path / "common" / "Another Folder" / f"{UNIQUE}s")
    profiles = {"first": [program.name], "second": [program.name]}
    apps = {"first": 11, "second": 22}
    with running([str(program), "600"], env=environ_with(SteamAppId="11")) as process:
        assert GameLook(profiles, steam_apps=apps).running() == {"first": [process.pid]}
    with running([str(program), "600"]) as process:
        by_folder = GameLook(profiles, steam_apps=apps, installed={22: program.parent})
        assert by_folder.running() == {"second": [process.pid]}
        assert GameLook(profiles, steam_apps=apps).running() == {"first": [process.pid], "second": [process.pid]}


def test_a_look_is_cheap() -> None:
    look = GameLook({f"game-{n}": [f"game{n}.exe", f"game{n}-linux.x86_64"] for n in range(300)})
    look.running()
    costs_s = []
    processes = 1
    for _ in range(5):
        began_s = time.process_time()
        look.running()
        costs_s.append(time.process_time() - began_s)
        processes = sum(entry.name.isdigit() for entry in Path("/proc").iterdir())
    # Measured: 5 to 6 ms for 100 processes; the room is for a machine whose caches others fill.
    assert min(costs_s) * 1000 < 20 * max(1.0, processes / 100)
