"""Which games Steam has installed, and where. Reads Steam's own files; starts nothing and needs no network."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from plg.machine.calling_person import home_directory
from plg.machine.steam_text import MAX_CHARS, NotSteamText, block_at, read_steam_text, text_at

LINUX_ROOTS: Final = (
    ".local/share/Steam",
    ".steam/steam",
    ".steam/root",
    ".steam/debian-installation",
    ".var/app/com.valvesoftware.Steam/.local/share/Steam",
    ".var/app/com.valvesoftware.Steam/data/Steam",
    "snap/steam/common/.local/share/Steam",
)
"""Below the home directory: Steam's own, Debian's, Flatpak's and snap's; several are links to one."""

MAC_ROOTS: Final = ("Library/Application Support/Steam",)

WINDOWS_KEYS: Final = (
    ("HKEY_CURRENT_USER", r"Software\Valve\Steam", "SteamPath"),
    ("HKEY_LOCAL_MACHINE", r"SOFTWARE\WOW6432Node\Valve\Steam", "InstallPath"),
    ("HKEY_LOCAL_MACHINE", r"SOFTWARE\Valve\Steam", "InstallPath"),
)
"""Where Steam's installer writes its folder."""

MAX_LIBRARIES: Final = 64
MAX_MANIFESTS: Final = 5_000
"""Implementation. Of one library."""

_MANIFEST: Final = re.compile(r"^appmanifest_([0-9]{1,10})\.acf$")

ReadRegistry = Callable[[str, str, str], str | None]
"""Hive, key and name to a text; None where there is none."""


def steam_roots(environ: Mapping[str, str] | None = None, read_registry: ReadRegistry | None = None) -> list[Path]:
    """The folders of Steam on this machine, each once. Under sudo those of the calling person."""
    candidates: Iterable[Path]
    if sys.platform == "win32" or read_registry is not None:
        ask = read_registry or read_windows_registry
        candidates = [Path(found) for key in WINDOWS_KEYS if (found := ask(*key))]
    else:
        try:
            home = home_directory(os.environ if environ is None else environ)
        except RuntimeError:  # an account without a home has no Steam
            return []
        candidates = [home / root for root in (MAC_ROOTS if sys.platform == "darwin" else LINUX_ROOTS)]
    return _existing(candidates)


def installed_apps(
    environ: Mapping[str, str] | None = None, read_registry: ReadRegistry | None = None
) -> dict[int, Path]:
    """Steam's number of each installed app -> its folder. Damaged files are passed over: they say nothing. Raises nothing."""
    apps: dict[int, Path] = {}
    for library in _libraries(steam_roots(environ, read_registry)):
        for number, folder in _apps_of(library):
            apps.setdefault(number, folder)
    return apps


def read_windows_registry(hive: str, key: str, name: str) -> str | None:
    """A text of the registry; None where there is none, or no registry."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(getattr(winreg, hive), key) as opened:
                value, _kind = winreg.QueryValueEx(opened, name)
        except OSError:
            return None
        return value if isinstance(value, str) and value else None
    return None


def _libraries(roots: Iterable[Path]) -> list[Path]:
    """The `steamapps` folders: of each root, and of the libraries that it names on other disks."""
    found: list[Path] = []
    for root in roots:
        found.append(root)
        for place in ("steamapps/libraryfolders.vdf", "config/libraryfolders.vdf"):
            text = _read(root / place)
            if text is not None:
                found += _named_libraries(text)
    return _existing(library / "steamapps" for library in _existing(found)[:MAX_LIBRARIES])


def _named_libraries(text: str) -> Iterator[Path]:
    """Both forms: since 2021 a block with a `path` for each number, before that the path itself."""
    try:
        libraries = block_at(read_steam_text(text), "libraryfolders") or {}
    except NotSteamText:
        return
    for number, value in libraries.items():
        path = text_at(value, "path") if isinstance(value, dict) else value
        if number.isdecimal() and path and "\0" not in path and Path(path).is_absolute():
            yield Path(path)


def _apps_of(library: Path) -> Iterator[tuple[int, Path]]:
    try:
        with os.scandir(library) as entries:
            names = [entry.name for entry in entries if _MANIFEST.match(entry.name)][:MAX_MANIFESTS]
    except OSError:
        return
    for name in sorted(names):
        text = _read(library / name)
        if text is None:
            continue
        try:
            folder = text_at(read_steam_text(text), "AppState", "installdir")
        except NotSteamText:
            continue
        # One name of a folder, nothing that leads elsewhere: the file may come from a library on somebody's disk.
        if not folder or folder in {".", ".."} or re.search(r"[/\\:\0]", folder):
            continue
        place = library / "common" / folder
        found = _MANIFEST.match(name)
        if found is not None and _is_directory(place):
            yield int(found[1]), place


def _existing(folders: Iterable[Path]) -> list[Path]:
    """Those that are there, each once, by the folder that they really are."""
    found: dict[Path, None] = {}
    for folder in folders:
        try:
            real = folder.resolve()
        except (OSError, RuntimeError, ValueError):
            continue
        if _is_directory(real):
            found[real] = None
    return list(found)


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _read(path: Path) -> str | None:
    try:
        if not path.is_file():  # a pipe or a device would be waited for
            return None
        with path.open("rb") as stream:
            content = stream.read(MAX_CHARS + 1)
    except (OSError, ValueError):
        return None
    return content.decode("utf-8", errors="replace") if len(content) <= MAX_CHARS else None
