"""Which processes are games, by everything that systems, Wine and shells make of a program's name."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from plg.machine.game_matching import GameMatcher, ProgramSeen, program_key

PROFILES = {
    "cs2": ["cs2.exe", "cs2"],
    "helldivers": ["HelldiversTheLongName.exe"],
    "fortnite": ["FortniteClient-Win64-Shipping.exe"],
    "openarena": ["openarena", "openarena.x86_64", "ioquake3"],
    "quake-3-arena": ["quake3", "ioquake3"],
    "team-fortress-2": ["hl2.exe", "hl2_linux"],
    "garrys-mod": ["hl2.exe", "gmod"],
    "mindustry": ["mindustry", "java"],
    "blade-and-soul": ["client.exe"],
    "tibia": ["client.exe"],
    "xonotic": ["xonotic-linux-sdl.sh"],
}
STEAM = {"cs2": 730, "team-fortress-2": 440, "garrys-mod": 4000}


def games(name: str, *arguments: str, path: str | None = None, steam_app: int | None = None) -> list[str]:
    return GameMatcher(PROFILES, STEAM).games(ProgramSeen(name, arguments, path, steam_app))


@pytest.mark.parametrize(
    ("name", "arguments", "game"),
    [
        ("cs2", ("./cs2", "-novid"), "cs2"),
        ("CS2.EXE", (), "cs2"),
        ("cs2", (), "cs2"),
        ("HelldiversTheLo", ("/games/HelldiversTheLongName.exe",), "helldivers"),
        ("HelldiversTheLo", ("Z:\\games\\HelldiversTheLongName.exe",), "helldivers"),
        ("GameThread", ("C:\\Program Files\\Fortnite\\FortniteClient-Win64-Shipping.exe", "-epic"), "fortnite"),
        ("wine64-preloade", ("/usr/lib/wine/wine64-preloader", "/usr/bin/wine64", "Z:\\g\\cs2.exe"), "cs2"),
        ("wine64-preloader", ("wine64-preloader", "Z:\\My Games\\cs2.exe", "-novid"), "cs2"),
        ("python3", ("python3", "/steam/proton", "waitforexitandrun", "/steam/common/csgo/cs2.exe"), "cs2"),
        ("sh", ("/bin/sh", "/usr/games/openarena"), "openarena"),
        ("openarena", ("/bin/sh", "/usr/games/openarena"), "openarena"),
        ("bash", ("bash", "-l", "/opt/xonotic/xonotic-linux-sdl.sh"), "xonotic"),
        ("env", ("env", "SDL_AUDIODRIVER=alsa", "cs2"), "cs2"),
    ],
)
def test_a_game_is_known_however_it_is_run(name: str, arguments: tuple[str, ...], game: str) -> None:
    assert games(name, *arguments) == [game]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("vim", ("vim", "cs2")),
        ("grep", ("grep", "-r", "cs2.exe")),
        ("sh", ("sh", "-c", "ls /games/cs2")),
        ("python3", ("python3", "-m", "plg", "connect", "cs2")),
        ("python3", ("/usr/bin/python3", "/usr/bin/plg", "connect", "cs2")),
        ("wine64", ("wine64", "C:\\windows\\notepad.exe", "cs2.exe")),
        ("HelldiversTheLo", ("/games/HelldiversTheLongNameServer",)),
        ("cs2server", ()),
        ("", ()),
    ],
)
def test_a_program_that_only_speaks_of_a_game_is_none(name: str, arguments: tuple[str, ...]) -> None:
    assert games(name, *arguments) == []


def test_a_name_cut_by_the_system_counts_when_nothing_more_is_known() -> None:
    long = "abcdefghijklmnop.exe"
    matcher = GameMatcher({"game": [long]})
    assert matcher.may_be_game(long[:15])
    assert not matcher.may_be_game(long[:14])


def test_two_games_of_one_program_are_told_apart_by_the_number_at_steam() -> None:
    assert games("hl2.exe", steam_app=440) == ["team-fortress-2"]
    assert games("hl2.exe", steam_app=4000) == ["garrys-mod"]
    assert games("hl2.exe", steam_app=240) == []
    assert games("hl2.exe") == ["team-fortress-2", "garrys-mod"]


def test_two_games_of_one_program_are_told_apart_by_where_steam_keeps_them() -> None:
    installed = {440: PurePosixPath("/lib/common/Team Fortress 2"), 4000: PurePosixPath("/lib/common/GarrysMod")}
    matcher = GameMatcher(PROFILES, STEAM, installed)
    wine = ProgramSeen("hl2.exe", ("Z:\\lib\\common\\GarrysMod\\hl2.exe",), "/usr/bin/wine64-preloader")
    assert matcher.games(wine) == ["garrys-mod"]
    assert matcher.games(ProgramSeen("hl2_linux", (), "/lib/common/Team Fortress 2/hl2_linux")) == ["team-fortress-2"]
    on_windows = GameMatcher(PROFILES, STEAM, {4000: PureWindowsPath("D:\\Steam\\common\\GarrysMod")})
    assert on_windows.games(ProgramSeen("hl2.exe", (), "D:\\Steam\\Common\\garrysmod\\hl2.exe")) == ["garrys-mod"]


def test_two_games_of_one_program_are_told_apart_by_a_path_that_speaks_of_one() -> None:
    assert games("ioquake3", path="/usr/lib/openarena/ioquake3") == ["openarena"]
    assert games("ioquake3", path="/opt/Quake III Arena/ioquake3") == ["openarena", "quake-3-arena"]
    assert games("ioquake3", path="/opt/Quake 3 Arena/ioquake3") == ["quake-3-arena"]


def test_a_name_that_everything_has_is_a_game_only_where_the_path_says_so() -> None:
    assert games("java", "java", "-jar", "/opt/build.jar") == []
    assert games("java", "java", "-jar", "/opt/mindustry/desktop.jar") == ["mindustry"]
    assert games("client.exe", path="C:\\Games\\Tibia\\bin\\client.exe") == ["tibia"]
    assert games("client.exe", path="C:\\VPN\\client.exe") == []


def test_a_program_key_has_no_folders_no_case_and_no_suffix() -> None:
    assert program_key('"C:\\Games\\CS2.EXE"') == program_key("/games/cs2") == "cs2"
