"""Which games run on this machine. Looks at the names of processes, and at arguments and files of the few that may be a game."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, TypeVar

from plg.machine.game_matching import GameMatcher, ProgramSeen

if TYPE_CHECKING:
    import psutil

T = TypeVar("T")

LOOK_EVERY_S: Final = 2.0
"""Implementation. A game's start takes longer than this; a look costs less than 10 ms of processor time at 100 processes."""

MAX_PROCESSES: Final = 32_768
"""Implementation. More than a machine that plays has; the rest is not looked at."""

MAX_ARGUMENTS: Final = 16
MAX_ARGUMENT_CHARS: Final = 4096

STEAM_APP_NAMES: Final = ("SteamAppId", "SteamGameId")
"""Variables that Steam gives a game and what it starts (Steamworks documentation, "SteamAPI initialisation")."""


@dataclass(slots=True)
class _Known:
    """What was found out about a process as long as it keeps its name."""

    process: "psutil.Process"
    started_at_s: float
    name: str
    games: tuple[str, ...]


class GameLook:
    """Looks again and again, remembering what it knows. For one thread.

    `profiles` is game -> names of its programs; `steam_apps` (game -> number) and `installed` (number -> folder) tell games of one
    name apart.
    """

    def __init__(
        self,
        profiles: Mapping[str, Sequence[str]],
        *,
        steam_apps: Mapping[str, int] | None = None,
        installed: Mapping[int, PurePath] | None = None,
    ) -> None:
        self._matcher = GameMatcher(profiles, steam_apps, installed)
        self._tells_apart = bool(steam_apps)
        self._known: dict[int, _Known] = {}

    def running(self) -> dict[str, list[int]]:
        """Game -> its processes' numbers in order; games that do not run are left out."""
        import psutil

        found: dict[str, list[int]] = {}
        seen: dict[int, _Known] = {}
        for pid in psutil.pids()[:MAX_PROCESSES]:
            try:
                known = self._look_at(pid)
                seen[pid] = known
                if known.games and known.process.status() == psutil.STATUS_ZOMBIE:
                    continue  # over: its parent has not asked for its exit code yet
            except (psutil.Error, OSError, ValueError):
                continue  # ended meanwhile, or nothing that we may see
            for game in known.games:
                found.setdefault(game, []).append(pid)
        self._known = seen
        return found

    def started_at_s(self, pid: int) -> float | None:
        """When a process of the last look began (Unix time): with its number, its identity. None when it was not seen."""
        known = self._known.get(pid)
        return known.started_at_s if known is not None else None

    def _look_at(self, pid: int) -> _Known:
        import psutil

        known = self._known.get(pid)
        process = known.process if known is not None else psutil.Process(pid)
        name = process.name()
        suspect = self._matcher.may_be_game(name)
        if known is not None and known.name == name and not suspect:
            return known
        if known is not None and not (known.name == name and process.is_running()):
            process = psutil.Process(pid)  # another program, perhaps another process with the number of one that ended
        started_at_s = process.create_time()
        is_new = known is None or known.started_at_s != started_at_s
        games: tuple[str, ...] = ()
        if suspect or (is_new and sys.platform != "win32"):
            # Where a program may rename itself ("GameThread"), its arguments are read once, whatever it is called.
            games = tuple(self._games_of(process, name, suspect=suspect))
        elif known is not None and not is_new:
            games = known.games  # the same process has renamed itself
        return _Known(process, started_at_s, name, games)

    def _games_of(self, process: "psutil.Process", name: str, *, suspect: bool) -> list[str]:
        arguments: list[str] = _unless_denied(process.cmdline, [])[:MAX_ARGUMENTS]
        seen = ProgramSeen(name, tuple(argument[:MAX_ARGUMENT_CHARS] for argument in arguments))
        if not suspect and not self._matcher.games(seen):
            return []
        seen = ProgramSeen(
            name,
            seen.arguments,
            _unless_denied(process.exe, "") or None,
            self._steam_app(process) if self._tells_apart else None,
        )
        return self._matcher.games(seen)

    @staticmethod
    def _steam_app(process: "psutil.Process") -> int | None:
        environ: dict[str, str] = _unless_denied(process.environ, {})
        for name in STEAM_APP_NAMES:
            value = environ.get(name, "")
            if value.isascii() and value.isdecimal() and len(value) <= 10 and int(value) > 0:
                return int(value)
        return None


def _unless_denied(ask: Callable[[], T], otherwise: T) -> T:
    """What a process says of itself, unless it is somebody else's. Raises psutil.NoSuchProcess when it has ended."""
    import psutil

    try:
        return ask()
    except (psutil.AccessDenied, PermissionError):
        return otherwise


def running_games(profiles: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """One look: game -> its processes' numbers. Who looks again and again keeps a `GameLook`."""
    return GameLook(profiles).running()
