"""Steam's folders as Steam lays them out; Steam itself cannot run here, its documented files can be written."""

import os
from pathlib import Path

import pytest

from plg.machine.steam_library import installed_apps, read_windows_registry, steam_roots


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def install(library: Path, number: int, folder: str, *, there: bool = True) -> Path:
    write(
        library / "steamapps" / f"appmanifest_{number}.acf",
        f'"AppState"\n{{\n\t"appid"\t\t"{number}"\n\t"StateFlags"\t"4"\n\t"installdir"\t\t"{folder}"\n}}\n',
    )
    place = library / "steamapps" / "common" / folder
    if there:
        place.mkdir(parents=True)
    return place


def name_libraries(root: Path, *libraries: Path) -> None:
    rows = "".join(f'\t"{n}"\n\t{{\n\t\t"path"\t\t"{library}"\n\t}}\n' for n, library in enumerate(libraries))
    write(root / "steamapps" / "libraryfolders.vdf", f'"libraryfolders"\n{{\n{rows}}}\n')


def at_home(home: Path) -> dict[str, str]:
    return {"HOME": str(home)}


def test_apps_of_every_library_are_found(tmp_path: Path) -> None:
    root = tmp_path / ".local/share/Steam"
    disk = tmp_path / "disk"
    first = install(root, 730, "Counter-Strike Global Offensive")
    second = install(disk, 440, "Team Fortress 2")
    name_libraries(root, root, disk, tmp_path / "gone")
    assert installed_apps(at_home(tmp_path)) == {730: first, 440: second}


def test_libraries_in_the_form_of_older_steam_are_found(tmp_path: Path) -> None:
    root = tmp_path / ".steam/steam"
    place = install(tmp_path / "disk", 10, "Half-Life")
    write(
        root / "steamapps/libraryfolders.vdf",
        f'"LibraryFolders" {{ "TimeNextStatsReport" "1" "1" "{tmp_path / "disk"}" }}',
    )
    assert installed_apps(at_home(tmp_path)) == {10: place}


def test_flatpak_has_its_own_root_and_one_root_under_two_names_counts_once(tmp_path: Path) -> None:
    flatpak = tmp_path / ".var/app/com.valvesoftware.Steam/.local/share/Steam"
    place = install(flatpak, 570, "dota 2 beta")
    (tmp_path / ".steam").mkdir()
    (tmp_path / ".steam/steam").symlink_to(flatpak)
    assert steam_roots(at_home(tmp_path)) == [flatpak.resolve()]
    assert installed_apps(at_home(tmp_path)) == {570: place}


def test_the_registry_of_windows_leads_to_steam(tmp_path: Path) -> None:
    asked: list[tuple[str, str, str]] = []
    place = install(tmp_path, 730, "Counter-Strike Global Offensive")

    def registry(hive: str, key: str, name: str) -> str | None:
        asked.append((hive, key, name))
        return str(tmp_path) if hive == "HKEY_CURRENT_USER" else None

    assert installed_apps({}, registry) == {730: place}
    assert ("HKEY_CURRENT_USER", r"Software\Valve\Steam", "SteamPath") in asked
    assert ("HKEY_LOCAL_MACHINE", r"SOFTWARE\WOW6432Node\Valve\Steam", "InstallPath") in asked


@pytest.mark.skipif(os.name == "nt", reason="has a registry")
def test_a_system_without_a_registry_knows_nothing_from_it() -> None:
    assert read_windows_registry("HKEY_CURRENT_USER", r"Software\Valve\Steam", "SteamPath") is None


@pytest.mark.parametrize("folder", ["..", ".", "../../etc", "/etc", "a\\\\b", "C:", ""])
def test_a_manifest_that_leads_out_of_its_library_is_passed_over(tmp_path: Path, folder: str) -> None:
    root = tmp_path / ".local/share/Steam"
    (root / "steamapps/common").mkdir(parents=True)
    install(root, 1, folder, there=False)
    assert installed_apps(at_home(tmp_path)) == {}


def test_damaged_files_say_nothing_and_hide_nothing(tmp_path: Path) -> None:
    root = tmp_path / ".local/share/Steam"
    place = install(root, 730, "cs2")
    install(root, 731, "removed", there=False)
    write(root / "steamapps/appmanifest_1.acf", '"AppState" {')
    write(root / "steamapps/appmanifest_2.acf", "\x00\x01")
    write(root / "steamapps/appmanifest_3.acf", '"AppState" { "installdir" { "x" "y" } }')
    write(
        root / "steamapps/libraryfolders.vdf", '"libraryfolders" { "0" { "path" "relative" } "1" "" "2" { "path" {} } }'
    )
    os.mkfifo(root / "steamapps/appmanifest_4.acf")
    assert installed_apps(at_home(tmp_path)) == {730: place}


def test_a_home_without_steam_has_no_apps(tmp_path: Path) -> None:
    assert installed_apps(at_home(tmp_path)) == {}
