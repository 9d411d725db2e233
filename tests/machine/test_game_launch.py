"""How games are started; Steam cannot run here, what it is asked can be seen."""

import os
import pwd
import time
from pathlib import Path

import pytest

from plg.machine.calling_person import calling_person
from plg.machine.game_launch import CannotLaunch, is_handed_over, launch_command, start_game
from support.requirements import require_root


def has(*names: str) -> object:
    return lambda name: f"/usr/bin/{name}" if name in names else None


@pytest.mark.parametrize(
    ("platform", "programs", "arguments", "argv"),
    [
        ("linux", ("steam", "xdg-open"), [], ["steam", "steam://rungameid/730"]),
        ("linux", ("xdg-open",), [], ["xdg-open", "steam://rungameid/730"]),
        ("linux", ("steam",), ["-novid"], ["steam", "-applaunch", "730", "-novid"]),
        ("darwin", (), [], ["open", "steam://rungameid/730"]),
        ("win32", (), [], ["rundll32.exe", "url.dll,FileProtocolHandler", "steam://rungameid/730"]),
    ],
)
def test_steam_is_asked_by_the_number(
    platform: str, programs: tuple[str, ...], arguments: list[str], argv: list[str]
) -> None:
    found = launch_command(730, None, arguments, which=has(*programs), platform=platform)  # type: ignore[arg-type]  # a lambda
    assert found == argv
    assert is_handed_over(found)


def test_flatpaks_steam_is_asked_where_it_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".var/app/com.valvesoftware.Steam").mkdir(parents=True)
    found = launch_command(730, None, [], which=has("flatpak", "xdg-open"), platform="linux")  # type: ignore[arg-type]  # a lambda
    assert found == ["flatpak", "run", "com.valvesoftware.Steam", "steam://rungameid/730"]


def test_a_saved_command_goes_before_steam_and_takes_arguments(tmp_path: Path) -> None:
    program = tmp_path / "game"
    program.touch()
    assert launch_command(730, [str(program), "-w"], ["+map", "x; y"]) == [str(program), "-w", "+map", "x; y"]
    assert not is_handed_over([str(program)])


@pytest.mark.parametrize(
    ("steam_app", "saved", "why"),
    [
        (None, None, "unknown"),
        (0, None, "unknown"),
        (2**40, None, "unknown"),
        (730, None, "no_steam"),
        (None, ["no-such-program"], "no_program"),
        (None, ["/no/such/program"], "no_program"),
    ],
)
def test_what_cannot_be_started_is_said_before_anything_is_done(
    steam_app: int | None, saved: list[str] | None, why: str
) -> None:
    with pytest.raises(CannotLaunch) as caught:
        launch_command(steam_app, saved, [], which=has(), platform="linux")  # type: ignore[arg-type]  # a lambda
    assert caught.value.why == why


def test_a_game_is_started_in_its_folder_and_apart_from_us(tmp_path: Path) -> None:
    script = tmp_path / "game.sh"
    script.write_text('#!/bin/sh\n{ pwd; echo "$1"; cut -d" " -f6 /proc/$$/stat; echo "[$PLG_TOKEN]"; } > told\n')
    script.chmod(0o755)
    process = start_game([str(script), "$(id)"], {**os.environ, "PLG_TOKEN": "secret"}, None)
    assert process.wait(20) == 0
    assert (tmp_path / "told").read_text().split("\n")[:4] == [str(tmp_path), "$(id)", str(process.pid), "[]"]


def test_under_sudo_a_game_runs_as_the_person_who_called() -> None:
    require_root()
    nobody = pwd.getpwnam("nobody")
    person = calling_person({"SUDO_UID": str(nobody.pw_uid)})
    process = start_game(["/bin/sleep", "600"], {**os.environ, "SUDO_UID": str(nobody.pw_uid)}, person)
    try:
        deadline = time.monotonic() + 10
        while "sleep" not in Path(f"/proc/{process.pid}/comm").read_text():
            assert time.monotonic() < deadline
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        assert set(status["Uid"].split()) == {str(nobody.pw_uid)}
        assert set(status["Gid"].split()) == {str(nobody.pw_gid)}
        assert "0" not in status["Groups"].split()
        assert int(status["CapEff"], 16) == 0
        environ = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
        assert f"HOME={nobody.pw_dir}" in environ
        assert not any(line.startswith("SUDO_") for line in environ)
    finally:
        process.kill()
        process.wait()
