"""Starts a game: by Steam's number, or by a command that the person has saved. Never through a shell, never with root's rights for a person."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from plg.machine.calling_person import CallingPerson, personal_environ, starting_rights

FLATPAK_STEAM: Final = "com.valvesoftware.Steam"
MAX_STEAM_APP: Final = 2**32

Which = Callable[[str], str | None]
"""Where a program is; None when it is not installed."""


class CannotLaunch(Exception):
    """The game cannot be started from here. `why` is "unknown" (no number, no command), "no_steam" or "no_program"."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why = why
        self.detail = detail


def launch_command(
    steam_app: int | None,
    saved: Sequence[str] | None,
    arguments: Sequence[str],
    *,
    which: Which = shutil.which,
    platform: str = sys.platform,
) -> list[str]:
    """The program and its arguments. A saved command goes before Steam. Raises CannotLaunch."""
    if saved:
        if os.path.basename(saved[0]) == saved[0] and which(saved[0]) is None:  # noqa: PTH119 - a name, not a place
            raise CannotLaunch("no_program", saved[0])
        if os.path.basename(saved[0]) != saved[0] and not Path(saved[0]).is_file():  # noqa: PTH119 - as above
            raise CannotLaunch("no_program", saved[0])
        return [*saved, *arguments]
    if steam_app is None or not 0 < steam_app <= MAX_STEAM_APP:
        raise CannotLaunch("unknown")
    return _steam_command(steam_app, arguments, which, platform)


def _steam_command(number: int, arguments: Sequence[str], which: Which, platform: str) -> list[str]:
    """`steam://rungameid/` asks whichever Steam runs; arguments can only be given to Steam's own program."""
    wish = ["-applaunch", str(number), *arguments] if arguments else [f"steam://rungameid/{number}"]
    if platform == "win32":
        if arguments:
            raise CannotLaunch("no_steam", "arguments")
        return ["rundll32.exe", "url.dll,FileProtocolHandler", *wish]
    if platform == "darwin":
        return ["open", *wish] if not arguments else ["open", "-a", "Steam", "--args", *wish]
    if which("steam") is not None:
        return ["steam", *wish]
    flatpak = which("flatpak")
    if flatpak is not None and Path.home().joinpath(".var/app", FLATPAK_STEAM).is_dir():
        return ["flatpak", "run", FLATPAK_STEAM, *wish]
    if not arguments and which("xdg-open") is not None:
        return ["xdg-open", *wish]
    raise CannotLaunch("no_steam")


def is_handed_over(argv: Sequence[str]) -> bool:
    """Whether the command only asks Steam: then its own end says nothing about the game's."""
    return any(word.startswith("steam://") or word == "-applaunch" for word in argv)


def start_game(
    argv: Sequence[str], environ: Mapping[str, str], person: CallingPerson | None
) -> "subprocess.Popen[bytes]":
    """The game as a process of its own session: Ctrl-C for plg is not for it. Raises OSError or subprocess.SubprocessError.

    `person` is as whom root is to start it (`plg.machine.calling_person.person_for`). A program named by its place is started there.
    """
    place = Path(argv[0])
    home = person.home if person is not None else None
    cwd = place.parent if place.is_absolute() else home if home is not None and home.is_dir() else None
    return subprocess.Popen(  # noqa: S603 - the person's own command, without a shell
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=personal_environ(environ, person),
        cwd=cwd,
        start_new_session=sys.platform != "win32",
        **starting_rights(person),
    )
